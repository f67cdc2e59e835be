"""A study counts every trial, loses none, and never takes a failure for a zero."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from augury.core.errors import CorruptArtifact, HoldoutSealed, NotFound, UsageError
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.proof.holdout import Guard, day
from augury.runs.proving.sealed import UNSEALED
from augury.runs.tuning import FAMILIES
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.monitor import watch
from augury.runs.tuning.running import recompute, run, studies_folder
from augury.runs.tuning.study import Study, studies
from augury.runs.tuning.trying import try_once


def spec(**changes):
    return StudySpec(**({"name": "toy", "family": "toy", "data": {}, "epochs": 1} | changes))


def swept(workspace, trials=8, **changes):
    study = Study.create(studies_folder(workspace), spec(**changes))
    run(study, workspace, trials, workers=1)
    return study


def test_the_best_of_a_sweep_is_the_highest_and_both_files_say_so(workspace):
    study = swept(workspace)
    best = study.best()
    assert best.value == max(row.value for row in study.trials())
    assert study.check_outputs()["params"] == best.params
    rows = json.loads((study.folder / "all_trials.json").read_text())
    assert [row["number"] for row in rows] == list(range(8))
    assert [folder.name for folder in studies(studies_folder(workspace))] == ["toy"]


def test_the_best_settings_give_their_value_again(workspace):
    kept, found = recompute(swept(workspace), workspace)
    assert kept == found


def test_a_trial_that_crashes_has_failed_with_null_and_its_message(workspace):
    study = swept(workspace, fixed={"crash": True})
    failed = [row for row in json.loads((study.folder / "all_trials.json").read_text()) if row["state"] == "FAIL"]
    assert failed
    assert all(row["value"] is None and "bad was chosen" in row["message"] for row in failed)
    assert study.best().params["kind"] == "good"


def test_a_trial_that_takes_too_long_has_failed(workspace):
    study = Study.create(studies_folder(workspace), spec(fixed={"sleep": 30}, trial_seconds=0.05))
    assert try_once(study.folder, "", UNSEALED)["state"] == "FAIL"
    (row,) = study.trials()
    assert row.value is None
    assert "longer than 0.05 s" in row.message


def test_without_a_completed_trial_there_is_no_best(workspace):
    study = Study.create(studies_folder(workspace), spec())
    with pytest.raises(NotFound, match="no trial"):
        study.best()


def test_pruning_acts_while_a_trial_runs(workspace):
    study = swept(workspace, trials=20, epochs=8)
    pruned = [row for row in study.trials() if row.state == "PRUNED"]
    assert pruned
    assert all(row.value is not None and row.value < study.best().value for row in pruned)
    steps = [
        line for line in study.last_lines(10_000) if line.get("trial") == pruned[0].number and line["event"] == "step"
    ]
    assert len(steps) < 8


def test_every_trial_enters_the_trial_ledger_once(workspace):
    study = swept(workspace)
    assert workspace.store.trials.count("toy") == 8
    run(study, workspace, 8, workers=1)
    assert workspace.store.trials.count("toy") == 8


def test_what_is_searched_never_changes(workspace):
    swept(workspace, trials=2)
    with pytest.raises(UsageError, match="differs in seed"):
        Study.create(studies_folder(workspace), spec(seed=7))


def test_a_changed_best_file_is_refused(workspace):
    study = swept(workspace, trials=3)
    said = json.loads((study.folder / "best_params.json").read_text())
    (study.folder / "best_params.json").write_text(json.dumps(said | {"value": 9.0}))
    with pytest.raises(CorruptArtifact, match=r"9\.0"):
        study.check_outputs()


CUT_OFF = """
import sys
from augury.core.settings import Settings
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.running import run, studies_folder
from augury.runs.tuning.study import Study
from augury.runs.workspace import Workspace
from pathlib import Path
with Workspace.open(Settings.load({"data_dir": Path(sys.argv[1])})) as workspace:
    spec = StudySpec("toy", "toy", {}, epochs=1, fixed={"die_at": 8})
    run(Study.create(studies_folder(workspace), spec), workspace, 20, workers=1)
"""


def test_a_sweep_killed_at_trial_7_goes_on_there_and_ends_as_if_it_had_not_been(toy, workspace):
    killed = subprocess.run([sys.executable, "-c", CUT_OFF, str(toy / "cut")], env=os.environ.copy(), check=False)
    assert killed.returncode == -9
    with type(workspace).open(workspace.settings.__class__.load({"data_dir": toy / "cut"})) as cut:
        study = Study.open(studies_folder(cut) / "toy")
        assert [row.state for row in study.trials()] == ["COMPLETE"] * 7 + ["RUNNING"]
        run(study, cut, 20, workers=1)
        ended = [(row.params, row.value) for row in study.trials() if row.state == "COMPLETE"]
        assert [row.state for row in study.trials()].count("FAIL") == 1
        assert study.trials()[7].message.startswith("abandoned")
    (toy / "begun").write_text("x" * 100)
    whole = swept(workspace, trials=20, fixed={"die_at": 8})
    assert ended == [(row.params, row.value) for row in whole.trials()]


def test_two_processes_work_on_one_study(workspace):
    study = Study.create(studies_folder(workspace), spec())
    run(study, workspace, 6, workers=2)
    rows = study.trials()
    assert len(rows) == 6
    assert len({row.pid for row in rows}) == 2
    assert os.getpid() not in {row.pid for row in rows}
    assert len({json.dumps(row.params) for row in rows}) == 6


def test_the_monitor_sees_a_trial_of_another_process(workspace):
    study = swept(workspace, trials=4)
    progress = watch(Study.open(study.folder), 10)
    assert (progress.total, progress.completed, progress.running) == (4, 4, 0)
    assert progress.best.number == study.best().number
    assert progress.eta_s is not None
    assert json.dumps(progress.to_json())
    study.ask()
    running = watch(Study.open(study.folder), 10)
    assert [process.pid for process in running.processes] == [os.getpid()]


def test_sealed_rows_are_never_tuned_on(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.write(SyntheticMarket(n_symbols=1, n_bars=900).bars())
    asked = StudySpec("sealed", "logreg", {"symbol": "SYN001", "timeframe": "d1", "horizon": "5d"})
    family = FAMILIES.load("logreg")
    border = day("2012-06-01")
    rows = family.rows(asked, str(tmp_path / "lake"), Guard("d1/SYN001", border))
    assert rows.train.frame["label_end"].max() < border
    with pytest.raises(HoldoutSealed, match="tuning"):
        Guard("d1/SYN001", rows.train.frame["ts"][10]).allow("tuning", rows.train.frame)


@pytest.mark.parametrize("name", ["logreg", "rf", "gb", "lgbm"])
def test_a_family_scores_its_first_choice_on_inner_folds(name, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.write(SyntheticMarket(n_symbols=1, n_bars=700, ic=0.3).bars())
    asked = StudySpec("one", name, {"symbol": "SYN001", "timeframe": "d1", "horizon": "1d"}, folds=2)
    study = Study.create(tmp_path / "studies", asked)
    assert try_once(study.folder, str(tmp_path / "lake"), UNSEALED)["state"] == "COMPLETE"
    metrics = study.best().metrics
    assert metrics.rank_ic > 0.0
    assert metrics.n == len(metrics.series)
    assert None not in (metrics.sharpe_net, metrics.loss, metrics.balanced_accuracy)

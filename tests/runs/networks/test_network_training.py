"""A network trained from a file leaves a model, a line, a trial, and its baselines beside it."""

from __future__ import annotations

import json
import os

import numpy as np
import polars as pl
import pytest

from augury.cli.app import run as verb
from augury.core.errors import Collapsed, DataError, HoldoutSealed, NotFound, UnknownName, UsageError
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.labels.windows import extract_windows
from augury.labels.windows.files import write_windows
from augury.models.deep.panels.forecaster import PanelForecaster
from augury.models.deep.windows.simple_lstm import SimpleLSTM
from augury.proof.holdout import Guard
from augury.records.tracking import experiments
from augury.runs.networks import NetworkRequest, train_network
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.running import run, studies_folder
from augury.runs.tuning.study import Study
from augury.runs.workspace import Workspace


@pytest.fixture(scope="module")
def windows_file(tmp_path_factory):
    found = extract_windows(SyntheticMarket(n_symbols=4, n_bars=1800, seed=3).bars(), stride=35)
    moved = found.prices[:, -1, 3] / found.prices[:, -20, 3] - 1
    label = pl.Series("label", np.where(moved > 0, "up", "down"))
    path = tmp_path_factory.mktemp("files") / "windows.parquet"
    write_windows(type(found)(found.prices, found.frame.with_columns(label), found.timeframe), path)
    return path


@pytest.fixture(scope="module")
def panel_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "panel.parquet"
    SyntheticMarket(n_symbols=24, n_bars=520, ic=0.2).bars().frame.write_parquet(path)
    return path


@pytest.fixture
def workspace(tmp_path):
    with Workspace.open(Settings.load({"data_dir": tmp_path})) as opened:
        yield opened


def asked(path, model="simple_lstm", **changes):
    usual = {"epochs": 2, "network_settings": {"hidden_size": 4}, "training": {"threads": 1}}
    return NetworkRequest(path, model, **(usual | changes))


def ranked(path, **changes):
    usual = {"epochs": 2, "horizons": (1, 5), "lookback": 5, "entry": "close", "network_settings": {"hidden": 8}}
    return NetworkRequest(path, "lstm", **(usual | {"training": {"threads": 1, "learning_rate": 5e-3}} | changes))


def test_a_window_classifier_leaves_a_model_a_line_and_a_trial(windows_file, workspace):
    done = train_network(asked(windows_file), workspace.settings.data_dir, workspace.store.trials)
    (line,) = experiments(workspace.settings.data_dir)
    assert line == done.experiment
    assert {"accuracy", "balanced_accuracy", "gain", "n"} <= set(line.metrics)
    assert line.config["network_settings"] == {"hidden_size": 4}
    loaded = SimpleLSTM.load(done.folder)
    assert loaded.classes_.tolist() == ["down", "up"]
    assert workspace.store.trials.count("windows/windows.parquet") == 1
    assert any("accuracy" in told for told in done.lines)


def test_a_model_that_is_no_network_is_trained_by_the_same_door(windows_file, workspace):
    plain = asked(windows_file, "logreg", network_settings={}, training={})
    done = train_network(plain, workspace.settings.data_dir, workspace.store.trials)
    assert done.experiment.metrics["balanced_accuracy"] > 0.8


def test_a_ranker_stands_beside_ridge_and_lightgbm_on_the_same_days(panel_file, workspace):
    done = train_network(ranked(panel_file), workspace.settings.data_dir, workspace.store.trials)
    figures = done.experiment.metrics
    names = [(name, h) for name in ("lstm", "ridge", "lightgbm") for h in (1, 5)]
    assert {f"{name}_{what}_{h}d" for name, h in names for what in ("rank_ic", "dsr")} == set(figures)
    assert figures["ridge_rank_ic_1d"] > 0.1
    assert len(done.experiment.series) > 50
    assert PanelForecaster.load(done.folder).horizons == (1, 5)
    assert workspace.store.trials.count("panel/panel.parquet") == 2
    assert all(line.count("trials") or "insufficient" in line for line in done.lines)


def test_a_ranker_that_collapses_in_every_fold_is_refused_by_name(panel_file, workspace, monkeypatch):
    def dull(self, *days, **more):
        raise Collapsed("its answers do not move")

    monkeypatch.setattr(PanelForecaster, "fit", dull)
    with pytest.raises(Collapsed, match="every fold of lstm collapsed: its answers do not move"):
        train_network(ranked(panel_file), workspace.settings.data_dir, workspace.store.trials)
    assert not (workspace.settings.data_dir / "networks").exists()


def test_sealed_rows_teach_nothing(windows_file, workspace):
    first = pl.read_parquet(windows_file)["end_ts"].sort()
    sealed = Guard("windows/windows.parquet", first[len(first) // 2])
    with pytest.raises(HoldoutSealed, match="fit asked for"):
        train_network(asked(windows_file), workspace.settings.data_dir, workspace.store.trials, sealed)
    assert not (workspace.settings.data_dir / "networks").exists()


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"model": "simple_lstmm"}, UnknownName, "did you mean 'simple_lstm'"),
        ({"network_settings": {"hiden_size": 4}}, UsageError, "has no setting 'hiden_size'"),
        ({"model": "logreg", "pretrained": "x"}, UsageError, "has no encoder"),
    ],
)
def test_what_is_not_there_is_named(windows_file, workspace, changes, error, match):
    with pytest.raises(error, match=match):
        train_network(asked(windows_file, **changes), workspace.settings.data_dir, workspace.store.trials)


def test_unlabelled_windows_and_missing_files_are_named(windows_file, workspace, tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        train_network(asked(tmp_path / "none.parquet"), tmp_path, workspace.store.trials)
    bare = pl.read_parquet(windows_file).with_columns(label=pl.lit(None, pl.String))
    bare.write_parquet(tmp_path / "bare.parquet")
    with pytest.raises(DataError, match="have no label"):
        train_network(asked(tmp_path / "bare.parquet"), tmp_path, workspace.store.trials)


@pytest.mark.parametrize("family", ["simple_lstm", "lstm"])
def test_a_network_is_tuned_on_inner_rows_and_reported_by_epoch(family, windows_file, panel_file, workspace):
    path = windows_file if family == "simple_lstm" else panel_file
    spec = StudySpec(family, family, {"file": str(path), "horizons": [1]}, epochs=2, folds=2,
                     objective="balanced_accuracy" if family == "simple_lstm" else "rank_ic")  # fmt: skip
    study = Study.create(studies_folder(workspace), spec)
    best = run(study, workspace, 1, workers=1)
    steps = [line["step"] for line in study.last_lines(50) if line["event"] == "step"]
    assert steps == ([0, 1, 2, 3] if family == "simple_lstm" else [0, 1])
    assert best.value is not None


def test_the_verb_trains_and_compares(windows_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OPTIMIZER_TYPE", "adabelief")
    common = ["--data-dir", str(tmp_path)]
    flags = ["--data", str(windows_file), "--n-epochs", "1", "--setting", "hidden_size=4", "--json"]

    def augury(arguments):
        return verb(arguments, dict(os.environ))

    assert augury([*common, "train", *flags]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["config"]["training"] == {"optimizer": "adabelief"}
    assert augury([*common, "train", *flags, "--seed", "7"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert (
        augury([*common, "compare", said["experiment_id"], other["experiment_id"], "--varies", "seed", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["settings"] == {"seed": [1337, 7]}
    assert augury([*common, "train", "--data", str(windows_file), "--setting", "nothing"]) == 2

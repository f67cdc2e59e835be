"""Experiments are told once, whole, and without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from augury.core.errors import CorruptArtifact, MissingExtra, NotFound, UsageError
from augury.records.tracking import RESULTS, Tracker, experiment, experiments
from augury.records.tracking.tracker import SINKS

WRITER = """
import sys
from pathlib import Path
from augury.records.tracking import Tracker
for number in range(40):
    with Tracker.init("train", {"writer": sys.argv[2], "number": number, "long": "x" * 3000}, Path(sys.argv[1])) as run:
        run.finish({"value": number}, series=[0.123456789] * 300)
"""


def test_a_line_has_what_was_promised(tmp_path):
    with Tracker.init("train", {"lr": 0.1}, tmp_path, data_version="d" * 64, seed=1) as run:
        run.log({"loss": 0.5}, step=0)
        run.finish({"accuracy": 0.6, "sharpe": float("nan")})
    (line,) = (tmp_path / RESULTS).read_text().splitlines()
    said = json.loads(line)
    assert {"timestamp", "phase", "experiment_id", "metrics", "config"} <= set(said)
    assert said["metrics"] == {"accuracy": 0.6, "sharpe": None}


def test_writers_beside_each_other_keep_one_object_a_line(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    found = experiments(tmp_path)
    assert len(found) == 120
    assert len({one.experiment_id for one in found}) == 120
    assert {one.config["writer"] for one in found} == set("abc")


def test_a_run_that_broke_off_leaves_no_line(tmp_path):
    with pytest.raises(RuntimeError, match="broken"), Tracker.init("train", {}, tmp_path):
        raise RuntimeError("broken")
    assert not (tmp_path / RESULTS).exists()


def test_a_run_is_told_once(tmp_path):
    run = Tracker.init("train", {}, tmp_path)
    run.finish({"a": 1.0})
    with pytest.raises(UsageError, match="told once"):
        run.finish({"a": 2.0})


def test_a_broken_line_is_named(tmp_path):
    Tracker.init("train", {}, tmp_path).finish({})
    with (tmp_path / RESULTS).open("a") as stream:
        stream.write("{broken\n")
    with pytest.raises(CorruptArtifact, match="line 2"):
        experiments(tmp_path)


def test_an_experiment_is_found_by_how_its_id_begins(tmp_path):
    first = Tracker.init("train", {"a": 1}, tmp_path).finish({})
    Tracker.init("tune", {"a": 2}, tmp_path).finish({})
    assert experiment(tmp_path, "train") == first
    with pytest.raises(NotFound, match="0 experiments"):
        experiment(tmp_path, "nothing")
    with pytest.raises(NotFound):
        experiments(tmp_path / "elsewhere")


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # MLflow's own tables
def test_mlflow_is_told_offline(tmp_path):
    pytest.importorskip("mlflow")
    with Tracker.init("train", {"lr": 0.1}, tmp_path, sinks=["mlflow"]) as run:
        run.log({"loss": 0.5}, step=0)
        run.finish({"accuracy": 0.6})
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (group,) = [one for one in client.search_experiments() if one.name == "train"]
    (told,) = client.search_runs([group.experiment_id])
    assert told.data.metrics == {"loss": 0.5, "accuracy": 0.6}
    assert told.data.params == {"lr": "0.1"}


def test_wandb_is_told_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with Tracker.init("train", {"lr": 0.1}, tmp_path, sinks=["wandb"]) as run:
        run.log({"loss": 0.5}, step=0)
        run.finish({"accuracy": 0.6})
    assert list((tmp_path / "wandb").glob("offline-run-*"))


@pytest.mark.parametrize("name", SINKS.names())
def test_a_missing_package_names_its_extra(name, monkeypatch, tmp_path):
    package = {"mlflow": "mlflow", "wandb": "wandb"}[name]
    for module in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises((MissingExtra, ImportError), match=r"augury\[track\]|import of"):
        Tracker.init("train", {}, Path(tmp_path), sinks=[name])

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.core.settings import Settings
from augury.runs.durable.training_jobs import download_results, get_job_metrics, is_job_complete, submit_training_job
from augury.runs.workspace import Workspace


def submitted(call, *arguments: str) -> str:
    ran = call("jobs", "submit", *arguments)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_a_job_is_submitted_listed_and_shown(call) -> None:
    job = submitted(call, "train", "--set", "symbols=SPY,QQQ", "--set", "forecast=true", "--priority", "3")
    (row,) = json.loads(call("jobs", "list", "--json").out)
    assert (row["id"], row["state"], row["priority"], row["queue"]) == (job, "queued", 3, "heavy")
    shown = json.loads(call("jobs", "show", job[:18], "--json").out)
    assert (shown["settings"]["symbols"], shown["settings"]["forecast"]) == (["SPY", "QQQ"], True)
    assert "submitted by cli" in call("jobs", "logs", job).out
    assert json.loads(call("jobs", "logs", job, "--json").out)["job_id"] == job


def test_the_same_key_prints_the_same_id_and_other_settings_exit_2(call) -> None:
    first = submitted(call, "train", "--set", "symbols=SPY", "--key", "monday")
    assert submitted(call, "train", "--set", "symbols=SPY", "--key", "monday") == first
    ran = call("jobs", "submit", "train", "--set", "symbols=QQQ", "--key", "monday")
    assert ran.code == 2
    assert first in ran.err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["submit", "trian"], 2, "did you mean 'train'"),
        (["submit", "train", "--set", "symbol=SPY"], 2, "did you mean 'symbols'"),
        (["submit", "train", "--set", "symbols"], 2, "is not NAME=VALUE"),
        (["submit", "train", "--queue", "fast"], 2, "unknown queue 'fast'"),
        (["list", "--state", "done"], 2, "unknown state 'done'"),
        (["show", "nothing"], 4, "no job begins with 'nothing'"),
        (["cancel", "nothing"], 4, "augury jobs list"),
        (["pause", "forcast"], 2, "did you mean 'forecast'"),
    ],
)
def test_a_wrong_request_names_the_right_one(call, line: list[str], code: int, words: str) -> None:
    ran = call("jobs", *line)
    assert ran.code == code
    assert words in ran.err
    assert ran.out == ""


def test_cancel_retry_and_watch_follow_the_state(call) -> None:
    job = submitted(call, "forecast")
    assert call("jobs", "cancel", job).out == f"{job} cancelled\n"
    assert call("jobs", "cancel", job).code == 2
    ran = call("jobs", "watch", job)
    assert (ran.code, ran.out) == (1, f"{job} cancelled\n")
    assert "cancelled: by cli" in ran.err
    assert call("jobs", "retry", job).out == f"{job} queued\n"
    assert call("jobs", "retry", job).code == 2


def test_a_kind_is_paused_and_resumed(call, tmp_path: Path) -> None:
    assert "augury jobs resume forecast" in call("jobs", "pause", "forecast").err
    with Workspace.open(Settings(data_dir=tmp_path / "store")) as workspace:
        assert workspace.store.jobs.paused() == {"forecast"}
    assert call("jobs", "resume", "forecast").err == "forecast: resumed\n"


def test_a_dry_run_writes_nothing(call) -> None:
    assert json.loads(call("jobs", "submit", "train", "--dry-run").out)["settings"]["timeframes"] == ["d1"]
    assert json.loads(call("jobs", "list", "--json").out) == []


def test_the_kinds_are_listed_with_their_settings(call) -> None:
    kinds = {row["kind"]: row for row in json.loads(call("jobs", "kinds", "--json").out)}
    assert {"train", "forecast", "evaluate", "retrain", "tune"} <= kinds.keys()
    assert kinds["train"]["settings"]["recipe"] == "default"


def test_submit_poll_and_fetch_give_the_same_by_command_line_and_by_python(call, market: Path, recipe: str) -> None:
    import yaml

    members = yaml.safe_load(Path(recipe).read_text())["members"]
    config = {
        "model_config": {"members": members},
        "data_config": {"symbols": ["SYN001"], "horizons": ["5d"], "data_version": "latest"},
        "training_config": {"max_epochs": 50, "folds": 2},
    }
    job = submit_training_job(config, data_dir=market)
    assert not is_job_complete(job, data_dir=market)
    assert get_job_metrics(job, data_dir=market)["total_epochs"] is None
    ran = call("worker", "--drain", "--queues", "heavy", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert is_job_complete(job, data_dir=market)
    metrics = get_job_metrics(job, data_dir=market)
    assert (metrics["epoch"], metrics["total_epochs"], metrics["state"]) == (1, 1, "succeeded")
    fetched = download_results(job, market / "fetched", data_dir=market)
    assert fetched == json.loads(call("jobs", "show", job, "--json").out)["result"]
    assert fetched["accuracy"] == metrics["accuracy"]
    assert list((market / "fetched").rglob("manifest.json"))
    assert call("jobs", "watch", job).code == 0


def test_a_worker_of_an_unknown_queue_exits_2(call) -> None:
    ran = call("worker", "--queues", "hevy")
    assert ran.code == 2
    assert "did you mean 'heavy'" in ran.err


def test_costs_of_a_month_are_one_json_document_and_a_sentence(call) -> None:
    job = submitted(call, "maintain")
    assert call("jobs", "cancel", job).code == 0
    ran = call("jobs", "costs", "--json")
    (row,) = json.loads(ran.out)
    assert (row["kind"], row["jobs"], row["failed"], row["seconds"], row["within"]) == ("maintain", 1, 1, 0.0, True)
    assert "1 jobs, 0.00 h" in ran.err
    assert call("jobs", "costs", "--month", "2020-01").out.strip() == ""
    assert call("jobs", "costs", "--month", "x").code == 2

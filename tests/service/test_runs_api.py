"""Training runs, tracked experiments and sweeps over the network: what the store and the files hold, page by page."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from augury.records.tracking import Tracker
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.running import studies_folder
from augury.runs.tuning.study import Study
from augury.runs.workspace import Workspace

Keys = dict[str, dict[str, str]]


def test_runs_come_a_page_at_a_time_the_last_first(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    stored = workspace.store.training_runs.keyed(limit=100)
    assert len(stored) == 5
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/runs", params=query, headers=keys["read"]).json()
        found += page["runs"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [run["id"] for run in found] == [key for key, _ in stored]
    for run, (_, one) in zip(found, stored, strict=True):
        assert (run["symbol"], run["version"], run["ensemble_validation_accuracy"], run["weights"]) == (
            one.symbol, one.version, one.ensemble_validation_accuracy, one.weights,
        )  # fmt: skip
    first = found[0]
    assert client.get(f"/v1/runs/{first['id']}", headers=keys["read"]).json() == first


def test_runs_are_filtered_by_symbol_and_timeframe(client: TestClient, keys: Keys) -> None:
    def symbols(**query: str) -> set[str]:
        answer = client.get("/v1/runs", params=query, headers=keys["read"])
        assert answer.status_code == 200, answer.text
        return {run["symbol"] for run in answer.json()["runs"]}

    assert symbols() == {"SYN001", "SYN002"}
    assert symbols(symbol="SYN002", timeframe="1d") == {"SYN002"}
    assert symbols(timeframe="w1") == set()


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("/v1/runs/9999", 404), ("/v1/runs/0", 422), ("/v1/runs/one", 422), ("/v1/runs?cursor=x", 422),
        ("/v1/runs?limit=0", 422), ("/v1/runs?symbol=../etc", 422), ("/v1/runs?timeframe=d9", 422),
        ("/v1/sweeps/none", 404), ("/v1/sweeps/..%2F..%2Fetc", 404), ("/v1/sweeps/none?trials=-1", 422),
        ("/v1/experiments/compare?a=x", 422), ("/v1/experiments?limit=1", 422),
    ],
)  # fmt: skip
def test_what_is_not_there_or_cannot_be_is_refused(client: TestClient, keys: Keys, place: str, status: int) -> None:
    answer = client.get(place, headers=keys["all"])
    assert answer.status_code == status, answer.text


def test_experiments_are_listed_and_compared_for_those_who_run_the_installation(
    client: TestClient, keys: Keys, workspace: Workspace
) -> None:
    ended = []
    for rate, lift in ((0.1, 0.0), (0.2, 0.01)):
        with Tracker.init(
            "train", {"lr": rate}, workspace.settings.data_dir, data_version="d" * 64, split="s", clock=workspace.clock
        ) as run:
            daily = [lift + (day % 7 - 3) / 100 for day in range(60)]
            ended.append(run.finish({"rank_ic": sum(daily) / 60}, series=daily))
    listed = client.get("/v1/experiments", headers=keys["all"]).json()["experiments"]
    assert [(one["experiment_id"], one["metrics"], one["config"]) for one in listed] == [
        (one.experiment_id, one.metrics, one.config) for one in ended
    ]
    query = {"a": ended[0].experiment_id, "b": ended[1].experiment_id, "varies": "lr"}
    said = client.get("/v1/experiments/compare", params=query, headers=keys["all"]).json()
    assert (said["a"], said["b"]) == (ended[0].experiment_id, ended[1].experiment_id)
    assert said["verdict"]
    assert client.get("/v1/experiments", headers=keys["read"]).status_code == 403
    unknown = client.get("/v1/experiments/compare?a=nobody&b=train", headers=keys["all"])
    assert unknown.status_code == 404


def test_a_sweep_is_shown_as_far_as_it_is(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    assert client.get("/v1/sweeps", headers=keys["read"]).json() == {"sweeps": []}
    spec = StudySpec("spring", "gb", {"symbol": "SYN001", "timeframe": "d1", "horizon": "5d"})
    study = Study.create(studies_folder(workspace), spec)
    study.tell(study.ask(), 0.25, TrialMetrics(n=100, rank_ic=0.25, series=(0.2, 0.3, 0.25)))
    study.fail(study.ask(), "too little data")
    (line,) = client.get("/v1/sweeps", headers=keys["read"]).json()["sweeps"]
    assert (line["study"], line["objective"]) == ("spring", "rank_ic")
    assert (line["total"], line["completed"], line["failed"], line["running"]) == (2, 1, 1, 0)
    assert line["best"]["value"] == 0.25
    assert "dsr" in line["best"], "a figure of many trials stands beside what luck reaches"
    whole = client.get("/v1/sweeps/spring?trials=10", headers=keys["read"]).json()
    assert {name: whole[name] for name in line} == line
    assert [trial["state"] for trial in whole["last"]] == ["COMPLETE", "FAIL"]
    assert str(workspace.settings.data_dir) not in str(whole)

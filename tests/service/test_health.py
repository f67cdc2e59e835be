"""Health: alive without the database, ready only with everything it needs."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.records.loop.heartbeats import Heartbeats
from augury.records.store import Store
from augury.runs.workspace import Workspace
from augury.service.answers.health import WORKER_SILENT


def _parts(client: TestClient) -> dict[str, bool]:
    return {part["name"]: part["well"] for part in client.get("/readyz").json()["parts"]}


def test_ready_needs_a_worker_that_was_heard_of_lately(client: TestClient, workspace: Workspace) -> None:
    assert (client.get("/readyz").status_code, _parts(client)["worker"]) == (503, False)
    store, now = workspace.store, workspace.clock.now()
    Heartbeats(store.engine, FixedClock(now - WORKER_SILENT)).beat("idle@1", ["light"])
    assert (client.get("/readyz").status_code, _parts(client)) == (200, {"store": True, "models": True, "worker": True})
    Heartbeats(store.engine, FixedClock(now - WORKER_SILENT - timedelta(seconds=1))).beat("idle@1", ["light"])
    assert client.get("/readyz").status_code == 503
    assert store.controls.list() == []


def test_a_held_database_leaves_the_process_alive_and_not_ready(client: TestClient, workspace: Workspace) -> None:
    holder = sqlite3.connect(workspace.settings.data_dir / "augury.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (
        503, [{"name": "store", "well": False, "detail": "StoreBusy"}],
    )  # fmt: skip
    holder.execute("ROLLBACK")
    assert _parts(client)["store"]


def test_a_worker_beats_while_it_lives_and_says_goodbye(empty_workspace: Workspace) -> None:
    beats = empty_workspace.store.heartbeats
    with beats.beating("w", ["heavy", "light"], every_s=0.01):
        for _ in range(500):
            if beats.list():
                break
        assert [(one.worker, one.queues) for one in beats.list()] == [("w", ("heavy", "light"))]
    assert beats.list() == []


@pytest.mark.parametrize("worker", ["a", "b"])
def test_in_both_databases_a_beat_is_one_row(tmp_path: object, database_url: str, worker: str) -> None:
    from pathlib import Path

    with Store.open(Path(str(tmp_path)), database_url) as store:
        for _ in range(3):
            store.heartbeats.beat(worker, ["heavy"])
        assert len(store.heartbeats.list()) == 1
        store.heartbeats.leave(worker)
        assert not store.heartbeats.list()

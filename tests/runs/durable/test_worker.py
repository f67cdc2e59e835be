from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from augury.core.errors import MissingExtra, UsageError
from augury.core.settings import Settings
from augury.records.loop.jobs import Job
from augury.runs.durable.engine import database_url, is_gone, worker_name
from augury.runs.durable.submission import submit
from augury.runs.durable.worker import Worker
from augury.runs.workspace import Workspace

Crew = Callable[..., Worker]


def until_ended(worker: Worker, *jobs: Job) -> list[Job]:
    read = worker.workspace.store.jobs
    worker.run(until=lambda: all(read.get(job.id).ended for job in jobs))
    return [read.get(job.id) for job in jobs]


def test_a_job_is_planned_made_written_and_ended_once(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    asked = submit(store, "test_notes", {"file": str(file), "lines": 3})
    (job,) = until_ended(crew(), asked)
    assert (job.state, job.progress, job.attempt) == ("succeeded", 1.0, 1)
    assert file.read_text() == "x 0\nx 1\nx 2\n"
    assert job.result is not None
    assert [part["text"] for part in job.result["parts"]] == ["x 0", "x 1", "x 2"]
    said = [event.text for event in store.store.jobs.events(job.id)]
    assert said == ["submitted by python", "started", "line 0: x 0", "line 1: x 1", "line 2: x 2", "succeeded: 3 parts"]


def test_what_runs_first_is_said_by_the_priority(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    asked = [
        submit(store, "test_notes", {"file": str(file), "text": name}, priority=priority)
        for name, priority in (("late", 50), ("first", 1), ("second", 5))
    ]
    until_ended(crew(queues={"light": 1}), *asked)
    assert file.read_text().split() == ["first", "0", "second", "0", "late", "0"]


def test_a_running_job_that_is_cancelled_stops_and_stays_cancelled(
    store: Workspace, crew: Crew, tmp_path: Path
) -> None:
    job = submit(store, "test_nap", {"file": str(tmp_path / "nap")})
    worker = crew()
    worker.run(until=(tmp_path / "nap").exists)
    assert store.store.jobs.end(job.id, "cancelled", "by a test")
    worker.run(until=lambda: not worker._active and not worker._over)
    found = store.store.jobs.get(job.id)
    assert (found.state, found.result) == ("cancelled", None)
    assert worker.engine.states([job.id]) == {job.id: "CANCELLED"}


def test_a_queued_job_that_is_cancelled_is_never_started(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    jobs = [submit(store, "test_notes", {"file": str(tmp_path / "lines"), "text": text}) for text in "ab"]
    store.store.jobs.end(jobs[0].id, "cancelled", "by a test")
    until_ended(crew(), jobs[1])
    assert (tmp_path / "lines").read_text() == "b 0\n"
    assert store.store.jobs.get(jobs[0].id).attempt == 0


def test_a_job_that_is_out_of_time_fails_and_says_so(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    job = submit(store, "test_nap", {"file": str(tmp_path / "nap")}, time_limit_s=0.3)
    (found,) = until_ended(crew(), job)
    assert found.state == "failed"
    assert found.error is not None
    assert found.error["message"] == "not done within 0.3 s"


def test_a_cancelled_job_that_is_retried_goes_on_where_it_was(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    job = submit(store, "test_nap", {"file": str(tmp_path / "nap"), "seconds": 0.4})
    worker = crew()
    worker.run(until=(tmp_path / "nap").exists)
    store.store.jobs.end(job.id, "cancelled", "by a test")
    worker.run(until=lambda: not worker._active and not worker._over)
    store.store.jobs.again(job.id, "a test")
    (found,) = until_ended(worker, job)
    assert found.state == "succeeded"


def test_only_the_parts_that_failed_are_done_again(store: Workspace, crew: Crew, tmp_path: Path) -> None:
    asked = {"folder": str(tmp_path), "parts": ["good", "bad"], "error": "DataError"}
    worker = crew()
    (failed,) = until_ended(worker, submit(store, "test_shaky", asked))
    assert (failed.state, failed.error and failed.error["code"]) == ("failed", "DataError")
    store.store.jobs.again(failed.id, "a test")
    (found,) = until_ended(worker, failed)
    assert found.state == "succeeded"
    assert [(tmp_path / name).read_text() for name in ("good", "bad")] == ["1", "2"]


def test_a_kind_that_is_paused_waits_and_goes_on_when_it_is_resumed(
    store: Workspace, crew: Crew, tmp_path: Path
) -> None:
    store.store.controls.pause("test_notes", by="a test")
    waiting = submit(store, "test_notes", {"file": str(tmp_path / "lines")})
    other = submit(store, "test_shaky", {"folder": str(tmp_path), "parts": ["good"]})
    worker = crew()
    until_ended(worker, other)
    assert store.store.jobs.get(waiting.id).state == "queued"
    store.store.controls.resume("test_notes")
    assert until_ended(worker, waiting)[0].state == "succeeded"


def test_a_worker_that_is_told_to_end_hands_back_what_it_cannot_finish(
    store: Workspace, crew: Crew, tmp_path: Path
) -> None:
    job = submit(store, "test_nap", {"file": str(tmp_path / "nap")})
    worker = crew()
    worker.run(until=(tmp_path / "nap").exists)
    assert worker.close()
    found = store.store.jobs.get(job.id)
    assert (found.state, found.attempt) == ("queued", 0)


def test_sigterm_ends_a_worker_process_with_0_and_another_goes_on(tmp_path: Path, store: Workspace, crew: Crew) -> None:
    job = submit(store, "test_nap", {"file": str(tmp_path / "nap"), "seconds": 1})
    command = [sys.executable, "-m", "augury", "worker", "--grace", "0", "--data-dir", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "nap").exists() and process.poll() is None:
        threading.Event().wait(0.02)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert store.store.jobs.get(job.id).state == "queued"
    (found,) = until_ended(crew(), job)
    assert (found.state, found.attempt) == ("succeeded", 1)


def test_a_job_that_kills_its_workers_is_given_up(tmp_path: Path, store: Workspace) -> None:
    job = submit(store, "test_deadly")
    command = [sys.executable, "-m", "augury", "-q", "worker", "--drain", "--data-dir", str(tmp_path)]
    codes = [subprocess.run(command, timeout=60).returncode for _ in range(3)]
    assert codes == [-9, -9, 0]
    found = store.store.jobs.get(job.id)
    assert found.state == "dead"
    assert found.error is not None
    assert found.error["message"] == "the worker died 2 times at the same step"


def test_the_engine_lies_beside_the_store_and_never_in_its_tables(tmp_path: Path) -> None:
    assert database_url(Settings(data_dir=tmp_path)) == f"sqlite:///{tmp_path}/jobs.sqlite"
    far = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://me:secret@host/name")
    assert database_url(far) == "postgresql://me:secret@host/name"


def test_a_worker_knows_who_of_its_own_host_is_gone() -> None:
    assert is_gone(worker_name()) is False
    host, pid, _ = worker_name().rsplit("@", 2)
    assert is_gone(f"{host}@{pid}@1") is True
    assert is_gone(f"elsewhere@{pid}@1") is None


def test_without_dbos_the_pip_line_is_named(store: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbos", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[jobs\]"'):
        Worker(store)


def test_a_setting_a_kind_does_not_have_is_refused_when_it_is_submitted(store: Workspace) -> None:
    with pytest.raises(UsageError, match="unknown setting 'symbol', did you mean 'symbols'"):
        submit(store, "train", {"symbol": ["SPY"]})

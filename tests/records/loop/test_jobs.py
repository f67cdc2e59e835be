from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import NotFound, UsageError
from augury.records.loop.controls import Controls
from augury.records.loop.jobs import JobRequest, Jobs
from augury.records.store import Store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMITS = {"attempts": 3, "time_limit_s": 60.0, "pause_s": 1.0}


@pytest.fixture
def jobs(tmp_path: Path, database_url: str) -> Iterator[Jobs]:
    with Store.open(tmp_path, database_url, clock=FixedClock(NOW)) as store:
        yield store.jobs


def request(key: str | None = None, **changes: object) -> JobRequest:
    return JobRequest(**{"kind": "train", "settings": {"symbols": ["SPY"]}, "limits": LIMITS, "key": key, **changes})  # type: ignore[arg-type]


def test_the_same_key_is_the_same_job(jobs: Jobs) -> None:
    assert jobs.submit(request("monday")).id == jobs.submit(request("monday")).id
    assert jobs.submit(request()).id != jobs.submit(request()).id


def test_a_key_with_other_settings_is_refused_and_names_the_job(jobs: Jobs) -> None:
    first = jobs.submit(request("monday"))
    with pytest.raises(UsageError, match=first.id):
        jobs.submit(request("monday", settings={"symbols": ["QQQ"]}))
    with pytest.raises(UsageError, match="other settings"):
        jobs.submit(request("monday", kind="forecast"))


def test_many_who_ask_at_once_with_one_key_get_one_job(jobs: Jobs) -> None:
    with ThreadPoolExecutor(4) as crowd:
        asked = list(crowd.map(lambda _: jobs.submit(request("monday")).id, range(8)))
    assert len(set(asked)) == 1
    assert len(jobs.list()) == 1


def test_a_job_ends_exactly_once(jobs: Jobs) -> None:
    job = jobs.submit(request())
    with ThreadPoolExecutor(4) as crowd:
        ended = list(crowd.map(lambda state: jobs.end(job.id, state, ""), ["succeeded", "cancelled", "failed", "dead"]))
    assert sum(ended) == 1
    assert [event.text for event in jobs.events(job.id)][1:] == [jobs.get(job.id).state]


def test_attempts_count_from_the_last_step_that_ended(jobs: Jobs) -> None:
    job = jobs.submit(request())
    for _ in range(2):
        jobs.start(job.id)
    assert jobs.get(job.id).attempt == 2
    jobs.progressed(job.id, 0.5, "half")
    found = jobs.get(job.id)
    assert (found.attempt, found.progress, found.started_at) == (1, 0.5, NOW)


def test_what_runs_first_stands_first_and_a_paused_kind_is_left_out(jobs: Jobs) -> None:
    low, high = jobs.submit(request(priority=50)), jobs.submit(request(priority=1, kind="forecast"))
    assert [job.id for job in jobs.waiting(["light"])] == [high.id, low.id]
    assert jobs.waiting(["heavy"]) == []
    Controls(jobs.engine, jobs.clock).pause("forecast", by="a test")
    assert [job.id for job in jobs.waiting(["light"])] == [low.id]
    assert jobs.start(high.id) is None


def test_a_heartbeat_moves_and_tells_what_was_cancelled(jobs: Jobs) -> None:
    job = jobs.submit(request())
    jobs.start(job.id)
    later = Jobs(jobs.engine, FixedClock(NOW + timedelta(minutes=1)))
    assert later.beat([job.id]) == {job.id: "running"}
    assert jobs.get(job.id).heartbeat_at == NOW + timedelta(minutes=1)
    jobs.end(job.id, "cancelled", "")
    assert later.beat([job.id]) == {job.id: "cancelled"}
    assert later.beat([]) == {}


def test_a_retry_keeps_what_is_left_and_counts_its_round(jobs: Jobs) -> None:
    job = jobs.submit(request())
    jobs.end(job.id, "failed", "", result={"unfinished": [{"name": "b"}]}, error={"code": "DataError"})
    again = jobs.again(job.id, "a test")
    assert (again.state, again.attempt, again.result, again.error) == ("queued", 0, None, None)
    assert again.limits == LIMITS | {"round": 1, "left": [{"name": "b"}]}
    with pytest.raises(UsageError, match="is queued: only one that failed"):
        jobs.again(job.id, "a test")
    jobs.end(job.id, "succeeded", "")
    with pytest.raises(UsageError, match="is succeeded"):
        jobs.again(job.id, "a test")


def test_a_cancelled_job_is_retried_in_the_same_round(jobs: Jobs) -> None:
    job = jobs.submit(request())
    jobs.end(job.id, "cancelled", "")
    assert jobs.again(job.id, "a test").limits == LIMITS


def test_a_job_is_found_by_the_beginning_of_its_id(jobs: Jobs) -> None:
    first = jobs.submit(request())
    assert jobs.get(first.id[:20]).id == first.id
    jobs.submit(request())
    with pytest.raises(NotFound, match="more than one job begins with '2026'"):
        jobs.get("2026")
    with pytest.raises(NotFound, match="no job begins with 'x%'"):
        jobs.get("x%")


def test_a_priority_out_of_range_is_refused(jobs: Jobs) -> None:
    with pytest.raises(UsageError, match=r"priority=0 is outside 1\.\.100"):
        jobs.submit(request(priority=0))


def test_a_job_that_is_handed_back_has_its_attempts_before_it(jobs: Jobs) -> None:
    job = jobs.submit(request())
    jobs.start(job.id)
    jobs.hand_back(job.id, "the worker was told to end")
    assert (jobs.get(job.id).state, jobs.get(job.id).attempt) == ("queued", 0)
    assert jobs.counts()["queued"] == 1

"""Watching jobs: one look at the store for all who watch, from any line on, to the end of the job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from augury.core.errors import NotSignedIn
from augury.records.loop.jobs import Job, JobRequest
from augury.runs.workspace import Workspace
from augury.service import events
from augury.service.events import KEEP_ALIVE, Watch, stream, stream_all


def _submit(workspace: Workspace, tenant_id: str | None = "home") -> Job:
    return workspace.store.jobs.submit(
        JobRequest("forecast", {}, {"attempts": 1, "time_limit_s": 1.0}, tenant_id=tenant_id)
    )


async def _allowed() -> None: ...


async def _rest(told: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in told])


def test_a_line_written_after_joining_is_told_and_the_stream_ends_with_the_job(empty_workspace: Workspace) -> None:
    jobs, watch = empty_workspace.store.jobs, Watch(empty_workspace.store, look_s=0.01)

    async def watched() -> bytes:
        job = await asyncio.to_thread(_submit, empty_workspace)
        told = stream(watch, job.id, 0, _allowed)
        first = await anext(told)
        await asyncio.to_thread(jobs.start, job.id)
        await asyncio.to_thread(jobs.progressed, job.id, 0.25, "a quarter")
        await asyncio.to_thread(jobs.end, job.id, "succeeded", "", result={})
        return first + await asyncio.wait_for(_rest(told), 10)

    said = asyncio.run(watched()).decode()
    assert [line[6:] for line in said.splitlines() if line.startswith("data: ") and '"text"' in line].__len__() == 4
    assert said.count("event: log") == 4
    assert said.rstrip().endswith('"state":"succeeded"}')
    assert watch.watchers == 0


def test_three_hundred_watchers_cost_one_look_and_those_who_left_none(empty_workspace: Workspace) -> None:
    watch = Watch(empty_workspace.store, look_s=0.01)

    async def many() -> tuple[int, int]:
        job = await asyncio.to_thread(_submit, empty_workspace)
        streams = [stream(watch, job.id, 0, _allowed) for _ in range(300)]
        await asyncio.gather(*(anext(one) for one in streams))
        here, looks = watch.watchers, watch.looks
        await asyncio.sleep(0.1)
        assert watch.looks - looks <= 12
        for one in streams:
            await one.aclose()  # what the server does when a peer is gone
        return here, watch.watchers

    assert asyncio.run(many()) == (300, 0)


def test_all_jobs_are_heard_of_by_their_own_tenant_only(empty_workspace: Workspace) -> None:
    watch = Watch(empty_workspace.store, look_s=0.01)
    other = empty_workspace.store.people.add_tenant("other").id

    async def heard() -> list[bool]:
        mine, theirs = (stream_all(watch, seen, _allowed) for seen in (("home", None), (other,)))
        for one in (mine, theirs):
            assert b"changed" in await anext(one)
        waits = [asyncio.create_task(anext(one)) for one in (mine, theirs)]
        await asyncio.to_thread(_submit, empty_workspace, None)  # by the command line
        await asyncio.wait(waits, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
        found = [wait.done() for wait in waits]
        for wait in waits:
            wait.cancel()
        return found

    assert asyncio.run(heard()) == [True, False]


def test_a_silent_stream_is_kept_open_until_its_watcher_may_no_longer_watch(
    empty_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.02)
    watch, asked = Watch(empty_workspace.store, look_s=0.01), []

    async def twice() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise NotSignedIn("revoked")

    job = _submit(empty_workspace)
    said = asyncio.run(asyncio.wait_for(_rest(stream(watch, job.id, 0, twice)), 10))
    assert said.count(KEEP_ALIVE) == 2


def test_a_server_that_stops_ends_every_stream(empty_workspace: Workspace) -> None:
    watch, job = Watch(empty_workspace.store, look_s=0.01), _submit(empty_workspace)

    async def stopped() -> bytes:
        told = stream(watch, job.id, 0, _allowed)
        await anext(told)
        watch.closing = True
        return await asyncio.wait_for(_rest(told), 10)

    assert b'"state":"queued"' in asyncio.run(stopped())

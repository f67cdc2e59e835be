"""The walk of one job: planned, made, written, ended. Knows steps, not the engine that records them."""

from __future__ import annotations

import contextlib
import queue
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from augury.core.atomic import discard_folder
from augury.core.clock import FixedClock, iso
from augury.core.errors import AuguryError, TemporaryError
from augury.core.hashing import sha256_json
from augury.core.protocols import Executor
from augury.core.typing import Json
from augury.records.loop.jobs import Job
from augury.runs.durable import KINDS
from augury.runs.durable.kind import Bench, Stopped, job_folder
from augury.runs.durable.submission import submit
from augury.runs.executors._protocol import crash, error_of, failure
from augury.runs.workspace import Workspace

PAUSE_MAX_S: Final = 60.0
_ENDLESS: Final = 10**9
"""Attempts at the last step: a job whose end cannot be written down has not ended."""
_LOOK_S: Final = 0.2
"""How often a walk that waits for an executor looks whether it shall stop."""


class Steps(Protocol):
    """What records the result of a step and gives it back instead of doing it again."""

    def reserve(self, count: int) -> Sequence[Any]:
        """Return places of steps, the same ones each time the walk is taken."""
        ...

    def recorded(self, places: Sequence[Any]) -> list[bool]:
        """Say which places hold a result already."""
        ...

    def run(self, place: Any, name: str, work: Callable[[], Json]) -> Json:
        """Return what is recorded at a place, or do the work and record it."""
        ...


class Stop:
    """Tells a walk to end; the first reason stands."""

    def __init__(self) -> None:
        self.reason = ""
        self._set = threading.Event()

    def set(self, reason: str) -> None:
        """Ask for the end."""
        self.reason = self.reason or reason
        self._set.set()

    def wait(self, seconds: float) -> None:
        """Wait, and raise as soon as the walk shall end."""
        self._set.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise when the walk shall end.

        Raises
        ------
        Stopped
        """
        if self._set.is_set():
            raise Stopped(self.reason)


@dataclass(frozen=True)
class Flow:
    """One job, walked through its steps.

    Parameters
    ----------
    workspace : Workspace
    job : Job
        As it was started.
    steps : Steps
    executor : callable
        Gives an executor for so many tasks.
    stop : Stop
    """

    workspace: Workspace
    job: Job
    steps: Steps
    executor: Callable[[int], Executor]
    stop: Stop

    def run(self) -> None:
        """Do what is left of the job and end it.

        Raises
        ------
        Stopped
            It was told to; what was recorded stands.
        """
        kind = KINDS.load(self.job.kind)
        places = self.steps.reserve(1)
        plan = self.steps.run(places[0], "plan", partial(self._answer, "plan", self._plan))
        if "error" in plan:
            self._close(self.steps.reserve(1)[0], [], plan)
            return
        moment = datetime.fromisoformat(plan["moment"])
        bench, parts = self._bench(moment), plan["parts"]
        makes, writes = self.steps.reserve(len(parts)), self.steps.reserve(len(parts))
        known = self.steps.recorded(makes if kind.write is None else writes)
        results: list[Json] = [{} for _ in parts]
        for done, (index, made) in enumerate(self._made(bench, parts, makes), start=1):
            results[index] = made
            if kind.write is not None and ("error" not in made or kind.notes_failures):
                work = partial(self._written, bench, parts[index], made)
                results[index] = self.steps.run(writes[index], "write", work)
            if not known[index]:  # a walk taken again says nothing twice, and does not count as progress
                words = f"{_name(parts[index], index)}: {_end_of(results[index])}"
                self._note(partial(self._progress, done, len(parts), words))
        self._close(self.steps.reserve(1)[0], list(zip(parts, results, strict=True)), None, bench)

    def _plan(self) -> Json:
        now = self.workspace.clock.now()
        parts = self.job.limits.get("left") or list(KINDS.load(self.job.kind).plan(self._bench(now)))
        return {"moment": iso(now), "parts": parts}

    def _bench(self, moment: datetime) -> Bench:
        clock = FixedClock(moment)
        store = replace(self.workspace.store, clock=clock)
        workspace = replace(self.workspace, store=store, clock=clock)
        return Bench(workspace, self.job, moment, self._say, self.stop.check, self._follow)

    def _follow(self, kind: str, settings: Json) -> Job:
        job = self.job
        again = f" {job.limits['round']}" if job.limits.get("round") else ""
        return submit(
            self.workspace, kind, settings, key=f"{job.id}{again} {kind}", priority=job.priority, by=f"job {job.id}"
        )

    def _made(self, bench: Bench, parts: Sequence[Json], places: Sequence[Any]) -> Iterator[tuple[int, Json]]:
        """Yield (part, what was made of it): first what is recorded, then as it is made."""
        kind = KINDS.load(self.job.kind)
        known = self.steps.recorded(places)
        tasks: dict[int, tuple[str, Json]] = {}
        for index, part in enumerate(parts):
            self.stop.check()
            if known[index] or "error" in part:
                yield index, self.steps.run(places[index], "make", partial(dict, part))
            elif kind.make is not None:
                work = partial(self._answer, _name(part, index), partial(kind.make, bench, part))
                yield index, self.steps.run(places[index], "make", work)
            elif kind.task is not None:
                try:
                    tasks[index] = kind.task(bench, part)
                except AuguryError as error:
                    yield index, self.steps.run(places[index], "make", partial(failure, error))
        for index, result in self._executed(tasks):
            yield index, self.steps.run(places[index], "make", partial(dict, result))

    def _executed(self, tasks: dict[int, tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Run tasks on an executor; one that met a temporary error (a worker was killed) is run again."""
        attempt, left = 1, tasks
        while left:
            again: dict[int, tuple[str, Json]] = {}
            numbers = list(left)
            for place, result in self._watched(list(left.values())):
                error = error_of(result)
                if isinstance(error, TemporaryError) and attempt < self._attempts:
                    again[numbers[place]] = left[numbers[place]]
                    self._retry(attempt, f"task {numbers[place]}", error)
                else:
                    yield numbers[place], result | ({"dead": True} if isinstance(error, TemporaryError) else {})
            if again:
                self.stop.wait(self._pause(attempt, "tasks"))
            attempt, left = attempt + 1, again

    def _watched(self, tasks: list[tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Read an executor from a thread, so that a stop is obeyed in the middle of a task."""
        executor = self.executor(len(tasks))
        answers: queue.SimpleQueue[tuple[int, Json] | None] = queue.SimpleQueue()

        def read() -> None:
            try:
                for answer in executor.run(tasks):
                    answers.put(answer)
            finally:
                answers.put(None)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while True:
                try:
                    answer = answers.get(timeout=_LOOK_S)
                except queue.Empty:
                    self.stop.check()
                    continue
                if answer is None:
                    return
                yield answer
        finally:
            if reader.is_alive() and (end := getattr(executor, "stop", None)) is not None:
                end()
                reader.join()

    def _written(self, bench: Bench, part: Json, made: Json) -> Json:
        write = KINDS.load(self.job.kind).write
        assert write is not None
        return self._answer(_name(part, 0), partial(write, bench, part, made))

    def _answer(self, name: str, work: Callable[[], Json], attempts: int = 0) -> Json:
        """Do one step; a temporary error is met by trying again, any other becomes the result."""
        attempt, attempts = 1, attempts or self._attempts
        while True:
            self.stop.check()
            try:
                return work()
            except TemporaryError as error:
                if attempt >= attempts:
                    return failure(error) | {"dead": True}
                self._retry(attempt, name, error)
                self.stop.wait(self._pause(attempt, name))
            except AuguryError as error:
                return failure(error)
            except Exception as error:  # noqa: BLE001 - the job runner: a broken step is a failed job, not a dead worker
                return crash(error)
            attempt += 1

    def _close(
        self, place: Any, ended: list[tuple[Json, Json]], plan_error: Json | None, bench: Bench | None = None
    ) -> None:
        """Say how the job ended, once; that its last step broke is an end, too."""
        work = partial(self._answer, "end", partial(self._end, ended, plan_error, bench), _ENDLESS)
        if (error := self.steps.run(place, "end", work).get("error")) is not None:
            self.workspace.store.jobs.end(self.job.id, "failed", error["message"], result={}, error=error)
        discard_folder(job_folder(self.workspace, self.job.id))

    def _end(self, ended: list[tuple[Json, Json]], plan_error: Json | None, bench: Bench | None) -> Json:
        jobs, job_id = self.workspace.store.jobs, self.job.id
        broken = [said for _, said in ended if "error" in said] + ([plan_error] if plan_error else [])
        if bench is None or (ended and len(broken) == len(ended)):
            told: Json = {}
        else:
            told = KINDS.load(self.job.kind).finish(bench, [said for _, said in ended])
        result = told | {"parts": [{"part": _name(part, i), **said} for i, (part, said) in enumerate(ended)]}
        if not broken:
            jobs.end(job_id, "succeeded", f"{len(ended)} parts", result=result)
            return {"state": "succeeded"}
        state = "dead" if any(said.get("dead") for said in broken) else "failed"
        first = broken[0]["error"]
        text = first["message"] if len(ended) < 2 else f"{len(broken)} of {len(ended)} parts: {first['message']}"
        left = [{k: v for k, v in part.items() if k != "error"} for part, said in ended if "error" in said]
        jobs.end(job_id, state, text, result=result | {"unfinished": left}, error=first)
        return {"state": state}

    @property
    def _attempts(self) -> int:
        return int(self.job.limits["attempts"])

    def _pause(self, attempt: int, name: str) -> float:
        """Seconds before the next attempt: doubled each time, and shortened by up to a half by lot."""
        longest = min(PAUSE_MAX_S, float(self.job.limits["pause_s"]) * 2.0 ** (attempt - 1))
        lot = random.Random(sha256_json([self.job.id, name, attempt]))  # jobs that failed together come back apart
        return longest * lot.uniform(0.5, 1.0)

    def _retry(self, attempt: int, name: str, error: AuguryError) -> None:
        text = f"{name}: attempt {attempt} of {self._attempts} met {error.code}: {error.message}"
        self._note(partial(self.workspace.store.jobs.tried, self.job.id, attempt + 1, text))

    def _progress(self, done: int, total: int, text: str) -> None:
        self.workspace.store.jobs.progressed(self.job.id, done / total, text, {"done": done, "total": total})

    def _say(self, text: str) -> None:
        self._note(partial(self.workspace.store.jobs.say, self.job.id, text))

    def _note(self, write: Callable[[], None]) -> None:
        """Write a line for people; that the database is away for a moment does not stop the work."""
        with contextlib.suppress(TemporaryError):
            write()


def _name(part: Json, index: int) -> str:
    return str(part.get("name") or f"part {index + 1}")


def _end_of(said: Json) -> str:
    if (error := said.get("error")) is not None:
        return f"{error['code']}: {error['message']}"
    return str(said.get("text") or "done")

"""The worker: takes up jobs, keeps their rows alive, and leaves nothing half done when it goes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError

from augury.core.errors import TemporaryError
from augury.core.protocols import Executor
from augury.records.loop.jobs import Job
from augury.runs.durable.engine import Engine, is_gone
from augury.runs.durable.flow import Flow, Stop
from augury.runs.durable.kind import QUEUES, Stopped
from augury.runs.executors import EXECUTORS, executor_named
from augury.runs.executors._protocol import crash
from augury.runs.workspace import Workspace

BEAT_S: Final = 0.25
"""Between two looks at the rows: how soon a new job is seen and a cancel is obeyed."""
ORPHANS_S: Final = 2.0
"""Between two looks for jobs of dead workers."""
SILENT_S: Final = 60.0
"""A worker on another host whose jobs were not heard of for so long is taken for dead."""
UNWIND_S: Final = 5.0


class Worker:
    """Carries out the jobs of some queues.

    Parameters
    ----------
    workspace : Workspace
    queues : mapping, optional
        Queue to how many of its jobs at once; default ``QUEUES``.
    executor : str
        Where heavy parts run: ``pool``, ``ray`` …
    say : callable, optional
        Told one line when something happens.

    Raises
    ------
    MissingExtra
        DBOS is not installed.
    """

    def __init__(
        self,
        workspace: Workspace,
        queues: Mapping[str, int] | None = None,
        *,
        executor: str = "pool",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.workspace, self.say = workspace, say
        self.queues = dict(queues or QUEUES)
        self._executor = executor
        EXECUTORS.load(executor)  # an unknown name is refused before any job is taken up
        self._active: dict[str, tuple[Job, Stop]] = {}
        self._over: list[tuple[str, str]] = []
        self._leaving = threading.Event()
        self._looked = float("-inf")
        self.engine = Engine(workspace.settings, self._work, self.queues)

    def leave(self) -> None:
        """Take up nothing more; :meth:`run` then returns. May be called from a signal handler."""
        self._leaving.set()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until told to leave, or until ``until`` says so."""
        self.say(f"worker {self.engine.name}: queues {', '.join(self.queues)}")
        while not self._leaving.is_set():
            with _outage():
                if until():
                    return
                self._beat()
                self._orphans()
                self._take_up()
            self._leaving.wait(BEAT_S)

    def close(self, grace_s: float = 0.0) -> bool:
        """End: what does not finish within ``grace_s`` is handed back to its queue.

        Returns
        -------
        bool
            False when a part would not stop; the process must then be ended from outside.
        """
        self._leaving.set()
        self._wait(grace_s)
        handed_back = dict(self._active)
        for _, stop in handed_back.values():
            stop.set("handed back")
        self._wait(UNWIND_S)
        for job, _ in handed_back.values():
            with _outage():
                self.workspace.store.jobs.hand_back(job.id, "handed back: the worker was told to end")
        stopped = not self._active
        if stopped:
            self.engine.close()
        return stopped

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._active and time.monotonic() < end:
            with _outage():
                self._beat()
            time.sleep(BEAT_S / 5)

    def _work(self, workflow_id: str) -> None:
        """Walk one job; called by the engine in a thread of its own."""
        job_id = workflow_id.partition(".")[0]
        stop = Stop()
        try:
            if self._leaving.is_set():
                raise Stopped("the worker is leaving")
            job = self._started(job_id)
            self._active[workflow_id] = (job, stop)
            self.say(f"{job.id} {job.kind}: attempt {job.attempt}")
            Flow(self.workspace, job, self.engine.steps(workflow_id), self._executor_for, stop).run()
            self.say(f"{job.id} {job.kind}: the walk is done")
        except Stopped as reason:
            self.say(f"{job_id}: {reason}")
            if not self._leaving.is_set():
                self._over.append((workflow_id, ""))
            raise
        except (DBAPIError, TemporaryError) as error:
            # The database went away where nothing is tried again: the job goes back, what it recorded stands.
            self._over.append((workflow_id, f"queued again: {type(error).__name__}"))
            raise Stopped(str(error)) from error
        except Exception as error:  # noqa: BLE001 - the job runner: a fault of ours ends the job, with its words
            said = crash(error)["error"]
            self.workspace.store.jobs.end(job_id, "failed", said["message"], result={}, error=said)
        finally:
            self._active.pop(workflow_id, None)

    def _executor_for(self, tasks: int) -> Executor:
        settings = self.workspace.settings
        return executor_named(self._executor, max(1, min(settings.workers, tasks)), settings)

    def _started(self, job_id: str) -> Job:
        """Count the attempt; give the job up when it has killed as many workers as it may."""
        jobs = self.workspace.store.jobs
        while True:
            try:
                job = jobs.start(job_id)
                break
            except TemporaryError:
                self._leaving.wait(BEAT_S)
        if job is None:
            raise Stopped("it has ended, or its kind is paused")
        if job.attempt > job.limits["attempts"]:
            text = f"the worker died {job.attempt - 1} times at the same step"
            jobs.end(job_id, "dead", text, error={"code": "TemporaryError", "message": text, "fix": "", "facts": {}})
            raise Stopped(text)
        return job

    def _beat(self) -> None:
        """Say which jobs are alive, and tell those to stop that were cancelled or are out of time."""
        active = dict(self._active)
        states = self.workspace.store.jobs.beat(job.id for job, _ in active.values())
        now = self.workspace.clock.now()
        for job, stop in active.values():
            assert job.started_at is not None
            limit = float(job.limits["time_limit_s"])
            if states.get(job.id) == "running" and now - job.started_at > timedelta(seconds=limit):
                text = f"not done within {limit:g} s"
                error = {"code": "TemporaryError", "message": text, "fix": f"augury jobs retry {job.id}", "facts": {}}
                self.workspace.store.jobs.end(job.id, "failed", text, error=error)
                stop.set(text)
            elif states.get(job.id) not in ("running", "queued"):
                stop.set(f"it is {states.get(job.id)}")
        while self._over:
            workflow_id, back = self._over[0]
            self.engine.cancel(workflow_id)
            if back:
                self.workspace.store.jobs.hand_back(workflow_id.partition(".")[0], back)
            self._over.pop(0)

    def _orphans(self) -> None:
        """Take over what dead workers had begun, and rows the engine has lost."""
        if time.monotonic() - self._looked < ORPHANS_S:
            return
        self._looked = time.monotonic()
        running = {workflow_of(job): job for job in self.workspace.store.jobs.list(states=["running"], limit=1000)}
        owned = self.engine.owners()
        gone = [worker for worker, held in owned.items() if self._is_dead(worker, [running.get(id) for id in held])]
        if gone:
            self.say(f"taking over from {', '.join(gone)}")
            self.engine.take_over(gone)
        known = self.engine.states(list(running))
        for workflow_id, job in running.items():
            if workflow_id not in known and workflow_id not in self._active:
                self.workspace.store.jobs.hand_back(job.id, "queued again: the engine does not know it")

    def _is_dead(self, worker: str, held: list[Job | None]) -> bool:
        if worker == self.engine.name:
            return False
        gone = is_gone(worker)
        if gone is not None:
            return gone
        beats = [job.heartbeat_at for job in held if job is not None and job.heartbeat_at is not None]
        return bool(beats) and self.workspace.clock.now() - max(beats) > timedelta(seconds=SILENT_S)

    def _take_up(self) -> None:
        """Hand queued rows to the engine, those that run first at the front."""
        waiting = {workflow_of(job): job for job in self.workspace.store.jobs.waiting(self.queues)}
        known = self.engine.states(list(waiting))
        for workflow_id, job in waiting.items():
            if workflow_id not in known:
                self.engine.enqueue(workflow_id, job.queue, job.priority)
            elif known[workflow_id] == "CANCELLED" and workflow_id not in self._active:
                self.engine.resume(workflow_id, job.queue)


def workflow_of(job: Job) -> str:
    """Name the workflow of a job: its id, and behind a dot how often it was begun anew."""
    again = job.limits.get("round", 0)
    return f"{job.id}.{again}" if again else job.id


@contextlib.contextmanager
def _outage() -> Iterator[None]:
    """Outlive a database that is away for a while: the next look finds what this one missed."""
    try:
        yield
    except (TemporaryError, DBAPIError):
        return

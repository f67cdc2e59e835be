"""The engine: DBOS, which records steps and hands jobs to workers, opened beside the store.

SQLite has a file of its own (``jobs.sqlite``, so that recording a step never waits for the ledger);
PostgreSQL has a schema of its own in the same database. Values are recorded as JSON, never pickled;
nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import make_url

from augury.core.extras import require
from augury.core.settings import Settings
from augury.core.typing import Json
from augury.records.registry.staging import host_name, process_start

FILE: Final = "jobs.sqlite"
SCHEMA: Final = "augury_jobs"
APPLICATION: Final = "augury"
APPLICATION_VERSION: Final = "1"
"""Of the order of steps in ``flow``, not of Augury: a job begun by an older release is gone on with
as long as its steps come in the same order. Raised when they no longer do."""
WORKFLOW: Final = "job"


def database_url(settings: Settings) -> str:
    """Where the engine keeps its tables.

    Examples
    --------
    >>> from pathlib import Path
    >>> database_url(Settings(data_dir=Path("/data")))
    'sqlite:////data/jobs.sqlite'
    """
    if not settings.database_url:
        return f"sqlite:///{(settings.data_dir / FILE).resolve()}"
    url = make_url(settings.database_url)
    if url.drivername == "sqlite":
        return url.set(database=f"{url.database}.jobs").render_as_string(hide_password=False)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def worker_name() -> str:
    """Name this process so that a later one can tell whether it is still alive."""
    return f"{host_name()}@{os.getpid()}@{process_start(os.getpid())}"


def is_gone(worker: str) -> bool | None:
    """Say whether a worker has ended; None when it was on another host, where only its heartbeat tells."""
    host, pid, started = worker.rsplit("@", 2)
    if host != host_name():
        return None
    return process_start(int(pid)) != started


class RecordedSteps:
    """Steps of the workflow this thread is in, recorded by DBOS."""

    def __init__(self, dbos: Any, workflow_id: str) -> None:
        self._dbos, self._workflow_id = dbos, workflow_id

    def reserve(self, count: int) -> Sequence[Any]:
        """Draw places, the same ones on every walk."""
        return [self._dbos.reserve_step() for _ in range(count)]

    def recorded(self, places: Sequence[Any]) -> list[bool]:
        """Look up which places hold a result."""
        # From a thread outside the workflow: asked inside it, the question would be a step itself.
        with ThreadPoolExecutor(1) as outside:
            found = outside.submit(self._dbos.list_workflow_steps, self._workflow_id, load_output=False).result()
        known = {step["function_id"] for step in found}
        return [place.step_id in known for place in places]

    def run(self, place: Any, name: str, work: Callable[[], Json]) -> Json:
        """Return the recorded result or do the work and record it."""
        said: Json = place.run({"name": name}, work)
        return said


class Engine:
    """DBOS of one process.

    Parameters
    ----------
    settings : Settings
    run : callable
        Given the id of a workflow, does it; it is called again after every death until it returns.
    queues : mapping
        Queue to how many of its jobs this process runs at once.

    Raises
    ------
    MissingExtra
        DBOS is not installed.
    """

    def __init__(self, settings: Settings, run: Callable[[str], None], queues: Mapping[str, int]) -> None:
        dbos = require("dbos", extra="jobs")
        self.name = worker_name()
        self._dbos = dbos.DBOS
        url = database_url(settings)
        config = {
            "name": APPLICATION,
            "system_database_url": url,
            "dbos_system_schema": SCHEMA,
            "application_version": APPLICATION_VERSION,
            "executor_id": self.name,
            "serializer": dbos.DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "enable_otlp": False,
            # Polling: a listening connection would not come back by itself when the server restarts.
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.5,
            "sys_db_pool_size": 8,
        }
        with _without_cloud():
            self._dbos(config=config)
        # No limit here: a job that dies again and again is ended by its own limit, with a reason.
        self._dbos.workflow(name=WORKFLOW, max_recovery_attempts=None)(_named(run))
        self._dbos.listen_queues(list(queues))
        self._dbos.launch()
        for queue, concurrency in queues.items():
            self._dbos.register_queue(
                queue, worker_concurrency=concurrency, polling_interval_sec=0.2, on_conflict="always_update"
            )

    def steps(self, workflow_id: str) -> RecordedSteps:
        """Return the steps of the workflow the calling thread is in."""
        return RecordedSteps(self._dbos, workflow_id)

    def states(self, workflow_ids: Sequence[str]) -> dict[str, str]:
        """Return the engine's word for each workflow it knows."""
        if not workflow_ids:
            return {}
        found = self._dbos.list_workflows(workflow_ids=list(workflow_ids), load_input=False, load_output=False)
        return {status.workflow_id: status.status for status in found}

    def enqueue(self, workflow_id: str, queue: str, priority: int) -> None:
        """Let a worker of a queue take up a workflow; known ones are left as they are."""
        options = {"workflow_name": WORKFLOW, "queue_name": queue, "workflow_id": workflow_id, "priority": priority}
        self._dbos.enqueue_workflow_with_options(options | {"app_version": APPLICATION_VERSION}, workflow_id)

    def resume(self, workflow_id: str, queue: str) -> None:
        """Queue a cancelled workflow again; what it has recorded stands."""
        self._dbos.resume_workflow(workflow_id, queue_name=queue)

    def cancel(self, workflow_id: str) -> None:
        """Take a workflow out of its queue, and let it record nothing more."""
        self._dbos.cancel_workflow(workflow_id)

    def owners(self) -> dict[str, list[str]]:
        """Return worker to the workflows it has taken up and not ended."""
        found = self._dbos.list_workflows(status="PENDING", name=WORKFLOW, load_input=False, load_output=False)
        owned: dict[str, list[str]] = {}
        for status in found:
            owned.setdefault(status.executor_id, []).append(status.workflow_id)
        return owned

    def take_over(self, workers: Iterable[str]) -> None:
        """Put what dead workers had taken up back into the queues."""
        self._dbos._recover_pending_workflows(list(workers))

    def close(self) -> None:
        """Stop taking up work and close the database."""
        self._dbos.destroy(destroy_registry=True)


def _named(run: Callable[[str], None]) -> Callable[[str], None]:
    def job(workflow_id: str) -> None:
        run(workflow_id)

    return job


@contextlib.contextmanager
def _without_cloud() -> Iterator[None]:
    """Hide settings of the vendor's cloud: they would override the pinned version and the worker's name."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("DBOS__")}
    try:
        yield
    finally:
        os.environ.update(hidden)

"""Run tasks on Ray: this machine, or a cluster named by ``settings.ray_address`` or ``RAY_ADDRESS``.

What crosses to a worker and back is one text of JSON, as with the pool; results are the same to the
bit. A task whose worker is lost is given to another one. On a cluster the data folder and the lake
must lie at the same place on every machine (a shared disk, or a lake on a URL).

Without an address a cluster of this machine alone is started on the loopback interface, without
dashboard and without reports of usage, and is gone when the run ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from augury.core.extras import require
from augury.core.settings import Settings
from augury.core.threads import single_threaded
from augury.core.typing import Json
from augury.runs.executors._protocol import answer, died

ADDRESS: Final = "RAY_ADDRESS"
"""Environment variable of Ray's own that names a cluster."""
LOSSES_MAX: Final = 3
"""Workers a task may lose before it is reported as lost."""
_LOOK_S: Final = 0.2
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray's word for: stay on 127.0.0.1
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_METRICS_EXPORT_INTERVAL_MS": "0",
    "RAY_worker_niceness": "0",  # Ray's own 15 lets everything else on a busy machine go first
}


def ask(task: str) -> str:
    """Do one task, named and answered in JSON; runs in a worker of Ray."""
    asked = json.loads(task)
    return json.dumps(answer(asked["task"], asked["arguments"]))


class Ray:
    """Executor of a Ray cluster.

    Parameters
    ----------
    workers : int
        Processes of a cluster of this machine, >= 1; a named cluster has its own.
    address : str, optional
        ``ray://host:port`` or ``host:port``; default ``RAY_ADDRESS``, else this machine.

    Raises
    ------
    MissingExtra
        Ray is not installed.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        with _environment(_QUIET):  # one of them is read when the package is imported, and only then
            self._ray = require("ray", extra="scale")
        self.workers = max(1, workers)
        self.address = os.environ.get(ADDRESS, "") if address is None else address
        self._stopped = threading.Event()

    @classmethod
    def of(cls, workers: int, settings: Settings) -> Self:
        """Make the executor of the cluster that the settings name."""
        return cls(workers, settings.ray_address or None)

    def stop(self) -> None:
        """End a run that another thread is reading; its iterator ends early."""
        self._stopped.set()

    def run(self, tasks: Sequence[tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Yield (index, result) as each task ends; closing the generator cancels the rest."""
        with self.joined():
            remote = self._ray.remote(num_cpus=1, max_retries=LOSSES_MAX, retry_exceptions=False)(ask)
            asked = [json.dumps({"task": name, "arguments": arguments}) for name, arguments in tasks]
            pending = {remote.remote(text): index for index, text in enumerate(asked)}
            try:
                while pending and not self._stopped.is_set():
                    done, _ = self._ray.wait(list(pending), num_returns=1, timeout=_LOOK_S)
                    for ref in done:
                        yield pending.pop(ref), self._result(ref)
            finally:
                for ref in pending:
                    self._ray.cancel(ref, force=True)

    def _result(self, ref: Any) -> Json:
        try:
            result: Json = json.loads(self._ray.get(ref))
        except self._ray.exceptions.RayError:
            return died(None)
        return result

    @contextlib.contextmanager
    def joined(self) -> Iterator[None]:
        """Join the cluster, or the one that this process has joined already, for any number of runs.

        A run by itself starts a cluster of this machine and ends it, which takes some seconds.
        """
        if self._ray.is_initialized():
            yield
            return
        with _environment(_QUIET | ({} if self.address else single_threaded())):
            self._ray.init(**(self._far() if self.address else self._near()))
        try:
            yield
        finally:
            self._ray.shutdown()

    def _near(self) -> dict[str, Any]:
        return {
            "address": "local",
            "num_cpus": self.workers,
            "include_dashboard": False,
            "log_to_driver": False,
            "logging_level": "error",
            "_node_ip_address": "127.0.0.1",
            "object_store_memory": 100 * 1024 * 1024,
        }

    def _far(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "log_to_driver": False,
            "logging_level": "error",
            "runtime_env": {"env_vars": single_threaded()},
        }


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables that Ray's processes inherit, and put back what was there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


EXECUTOR = Ray

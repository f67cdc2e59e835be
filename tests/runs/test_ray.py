from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from augury.core.clock import FixedClock
from augury.core.errors import MissingExtra, TemporaryError
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import plan_cells
from augury.runs.executors import EXECUTORS, executor_named
from augury.runs.executors._protocol import error_of
from augury.runs.executors.ray import Ray
from augury.runs.training import train
from augury.runs.workspace import Workspace

pytestmark = pytest.mark.slow

DIES = '''
"""Kills its own process as long as its file holds fewer lines than asked for."""
import os, signal
from pathlib import Path

def JOB(arguments):
    with Path(arguments["file"]).open("a") as stream:
        stream.write("tried\\n")
    if len(Path(arguments["file"]).read_text().splitlines()) <= arguments["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"ok": True}
'''


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cluster of two workers for all tests of this file; it knows a job that dies."""
    plugins = tmp_path_factory.mktemp("plugins")
    (plugins / "jobs").mkdir()
    (plugins / "jobs" / "test_dies.py").write_text(DIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUGURY_PLUGINS", str(plugins))
        with Ray(2, "").joined():
            yield


def contents(folder: Path, executor: str, tiny: Recipe) -> dict[str, tuple[str, dict[str, str]]]:
    settings = Settings.load({"data_dir": folder, "workers": 2}, environ={}, start=folder)
    market = SyntheticMarket(n_symbols=2, n_bars=500, ic=0.1).bars()
    with Workspace.open(settings, clock=FixedClock(market.frame["ts"].max())) as workspace:  # type: ignore[arg-type]
        workspace.lake.write(market)
        cells = plan_cells(["SYN001", "SYN002"], ["d1"], ["5d"])
        ended = list(train(workspace, cells, tiny, executor=EXECUTORS.load(executor)(2)))
    assert [outcome.error for outcome in ended] == [None, None]
    return {str(one.cell): (one.manifest.content_hash, one.manifest.files) for one in ended if one.manifest}


def test_ray_and_the_pool_give_the_same_bytes(cluster: None, tmp_path: Path, tiny: Recipe) -> None:
    for name in ("pool", "ray"):
        (tmp_path / name).mkdir()
    assert contents(tmp_path / "pool", "pool", tiny) == contents(tmp_path / "ray", "ray", tiny)


def test_a_lost_worker_loses_nothing(cluster: None, tmp_path: Path) -> None:
    tasks = [("test_dies", {"file": str(tmp_path / name), "deaths": deaths}) for name, deaths in (("a", 0), ("b", 2))]
    assert dict(Ray(2).run(tasks)) == {0: {"ok": True}, 1: {"ok": True}}
    assert (tmp_path / "b").read_text().count("tried") == 3


def test_a_task_that_loses_every_worker_is_a_named_error(cluster: None, tmp_path: Path) -> None:
    ((_, result),) = Ray(2).run([("test_dies", {"file": str(tmp_path / "c"), "deaths": 99})])
    assert isinstance(error_of(result), TemporaryError)


def test_a_run_that_is_stopped_ends_early(cluster: None) -> None:
    executor = Ray(2)
    executor.stop()
    assert list(executor.run([("no_such_job", {})])) == []


def test_a_cluster_of_this_machine_listens_on_the_loopback_interface_only(cluster: None) -> None:
    listening = set()
    for process in psutil.Process().children(recursive=True):
        try:
            found = process.net_connections("inet")
        except psutil.Error:
            continue
        listening |= {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN}
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


def test_the_settings_name_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://other:10001")
    environ = {"AUGURY__RAY_ADDRESS": "ray://here:10001"}
    for given, expected in ((environ, "ray://here:10001"), ({}, "ray://other:10001")):
        found = executor_named("ray", 2, Settings.load(environ=given))
        assert isinstance(found, Ray)
        assert (found.address, found.workers) == (expected, 2)


def test_without_ray_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[scale\]"'):
        Ray(2)


def test_workers_of_ray_are_as_nice_as_those_of_the_pool(cluster: None) -> None:
    """On a busy machine Ray's own niceness of 15 would let everything else go first."""
    ray = Ray(2)._ray
    assert ray.get(ray.remote(num_cpus=1)(lambda: os.nice(0)).remote()) == os.nice(0)

"""``augury up``: a family of processes that lives and ends together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from augury.cli.serve import listen
from augury.core.errors import UsageError

PARENT = """
import sys
from augury.cli import up
up.PAUSES_S = (0.05,)
children = [up.Child(name, [name]) for name in ("first", "second")]
sys.exit(up.Family(children, [sys.executable, "-c", sys.argv[1], sys.argv[2]]).run())
"""
CHILD = """
import os, sys, time
folder, name = sys.argv[1:]
open(os.path.join(folder, f"{name}.{os.getpid()}"), "w").close()
print("Augury answers" if name == "first" else "hello", flush=True)
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PARENT, CHILD, str(tmp_path)]
    parent = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    yield parent
    if parent.poll() is None:
        parent.kill()
    parent.communicate()


def _until(ready: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)


def _children(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"first": [], "second": []}
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        name, _, pid = path.name.rpartition(".")
        found[name].append(int(pid))
    return found


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_one_that_dies_is_started_again_and_all_end_together(family: subprocess.Popen[str], tmp_path: Path) -> None:
    _until(lambda: all(_children(tmp_path).values()))
    os.kill(_children(tmp_path)["second"][0], signal.SIGKILL)
    _until(lambda: len(_children(tmp_path)["second"]) == 2)
    family.send_signal(signal.SIGTERM)
    _, said = family.communicate(timeout=30)
    assert family.returncode == 0
    assert "first    | Augury answers" in said
    assert "second   | ended with -9: started again in" in said
    assert not any(_alive(pid) for pids in _children(tmp_path).values() for pid in pids)


def test_ctrl_c_ends_them_with_its_own_exit_code(family: subprocess.Popen[str], tmp_path: Path) -> None:
    _until(lambda: all(_children(tmp_path).values()))
    family.send_signal(signal.SIGINT)
    assert family.wait(30) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends children with their parent")
def test_none_outlives_a_parent_that_was_killed(family: subprocess.Popen[str], tmp_path: Path) -> None:
    _until(lambda: all(_children(tmp_path).values()))
    family.kill()
    _until(lambda: not any(_alive(pids[0]) for pids in _children(tmp_path).values()))


def test_a_port_that_is_taken_is_told_with_another_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
            listen("127.0.0.1", port)

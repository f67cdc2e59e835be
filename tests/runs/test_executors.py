from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from augury.core.errors import NotFound, UnknownName
from augury.runs.executors import EXECUTORS
from augury.runs.executors._protocol import crash, error_of, failure
from augury.runs.executors.pool import Pool


def test_a_named_error_survives_the_way_between_processes() -> None:
    error = error_of(json.loads(json.dumps(failure(NotFound("no bars", fix="augury data list", symbol="A")))))
    assert isinstance(error, NotFound)
    assert (str(error), error.exit_code, error.facts) == ("no bars -> run: augury data list", 4, {"symbol": "A"})


def test_an_unexpected_error_keeps_its_type_in_words() -> None:
    assert str(error_of(crash(ZeroDivisionError("by zero")))) == "ZeroDivisionError: by zero"


def test_a_success_is_no_error() -> None:
    assert error_of({"manifest": {}}) is None


@pytest.mark.parametrize("name", EXECUTORS.names())
def test_an_unknown_job_is_a_named_result_and_not_a_crash(name: str) -> None:
    ((index, result),) = EXECUTORS.load(name)(1).run([("no_such_job", {})])
    assert index == 0
    assert isinstance(error_of(result), UnknownName)


def test_a_worker_that_is_killed_costs_one_task_and_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    suicide = (
        "import json,os,signal,sys\n"
        "for line in sys.stdin:\n"
        "    task = json.loads(line)\n"
        "    if task['task'] == 'die': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    print(json.dumps({'index': task['index'], 'result': {'ok': task['index']}}), flush=True)\n"
    )
    monkeypatch.setattr("augury.runs.executors.pool._COMMAND", (sys.executable, "-c", suicide))
    results = dict(Pool(1).run([("live", {}), ("die", {}), ("live", {})]))
    assert results[0] == {"ok": 0}
    assert results[2] == {"ok": 2}
    assert "a worker process ended without an answer" in str(error_of(results[1]))


def test_a_worker_ends_when_its_parent_is_gone() -> None:
    command = [sys.executable, "-m", "augury.runs.executors._worker"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(timeout=60) == 0
    assert worker.stdout is not None
    worker.stdout.close()


def test_closing_a_run_early_ends_its_workers() -> None:
    run = Pool(2).run([("no_such_job", {}), ("no_such_job", {}), ("no_such_job", {})])
    next(run)
    run.close()
    started = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in started if Path(f"/proc/{pid}").exists()]
    assert not any("executors._worker" in command for command in commands)

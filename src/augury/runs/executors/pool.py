"""Run tasks in worker processes, one thread each: the default on one machine.

Workers speak JSON lines rather than pickles, so nothing that crosses a process can execute, and a
worker can be killed at any time without taking the run with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import IO

from augury.core.threads import single_threaded
from augury.core.typing import Json
from augury.runs.executors._protocol import died

_COMMAND = (sys.executable, "-m", "augury.runs.executors._worker")


class Pool:
    """Executor of ``workers`` processes.

    Parameters
    ----------
    workers : int
        Processes, >= 1; more than cores only adds waiting.
    """

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)
        self._lanes: list[_Lane] = []
        self._answers: queue.SimpleQueue[tuple[int, Json] | None] = queue.SimpleQueue()

    def stop(self) -> None:
        """End a run that another thread is reading: its workers end, its iterator ends early."""
        for lane in self._lanes:
            lane.end()
        self._answers.put(None)

    def run(self, tasks: Sequence[tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Yield (index, result) as each task ends; closing the generator ends the workers."""
        waiting: queue.SimpleQueue[Json] = queue.SimpleQueue()
        for index, (name, arguments) in enumerate(tasks):
            waiting.put({"index": index, "task": name, "arguments": arguments})
        answers = self._answers = queue.SimpleQueue()
        lanes = self._lanes = [_Lane(waiting, answers) for _ in range(min(self.workers, len(tasks)))]
        try:
            for _ in tasks:
                if (answer := answers.get()) is None:
                    return
                yield answer
        finally:
            for lane in lanes:
                lane.end()


class _Lane:
    """One worker process and the thread that feeds it; a process that dies is replaced."""

    def __init__(self, waiting: queue.SimpleQueue[Json], answers: queue.SimpleQueue[tuple[int, Json] | None]) -> None:
        self._closed = False
        self._process = _start()
        self._thread = threading.Thread(target=self._work, args=(waiting, answers), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Close the worker's input, on which it exits at once; nothing happens the second time."""
        if self._closed:
            return
        self._closed = True
        _finish(self._process)
        self._thread.join()
        _close(self._process)

    def _work(self, waiting: queue.SimpleQueue[Json], answers: queue.SimpleQueue[tuple[int, Json] | None]) -> None:
        with contextlib.suppress(queue.Empty):
            while not self._closed:
                task = waiting.get_nowait()
                answers.put((task["index"], self._ask(task)))

    def _ask(self, task: Json) -> Json:
        into, out = _pipes(self._process)
        line = ""
        with contextlib.suppress(BrokenPipeError, ValueError):
            into.write(json.dumps(task) + "\n")
            into.flush()
            line = out.readline()
        if line:
            answer: Json = json.loads(line)["result"]
            return answer
        exit_code = self._process.wait()
        if not self._closed:
            _close(self._process)
            self._process = _start()
        return died(exit_code)


def _start() -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C reaches the parent only, which then ends its workers in order.
    return subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | single_threaded(),
        start_new_session=True,
    )


def _finish(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(BrokenPipeError):
        _pipes(process)[0].close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in _pipes(process):
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


EXECUTOR = Pool

"""A worker process: reads tasks from standard input, answers on the descriptor it was given.

Started as ``python -m augury.runs.executors._worker``. Ends when its input closes, even in the
middle of a task: an orphan must not go on writing after its parent was killed.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading

from augury.core.typing import Json
from augury.runs.executors._protocol import answer


def _read(tasks: queue.SimpleQueue[Json]) -> None:
    for line in sys.stdin:
        tasks.put(json.loads(line))
    os._exit(0)


def main() -> None:
    """Serve tasks until the input closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not break the protocol
    tasks: queue.SimpleQueue[Json] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    while True:
        task = tasks.get()
        answers.write(json.dumps({"index": task["index"], "result": answer(task["task"], task["arguments"])}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

"""Executors: where tasks run. One file, one way; arguments and results are JSON objects, never pickles."""

from __future__ import annotations

from collections.abc import Callable

from augury.core.catalog import Catalog
from augury.core.protocols import Executor

EXECUTORS: Catalog[Callable[[int], Executor]] = Catalog("executor", ("augury.runs.executors",), "EXECUTOR")

"""A/B tests between two versions: where each stands, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from augury.records.registry.ab import AbTest
from augury.runs.cells import plan_cells
from augury.runs.registry import ab as running
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.strict import Answer


class ArmAnswer(Answer):
    """One arm: the share of the keys it answers, a fraction, and its version of each cell."""

    share: float
    versions: dict[str, str]


class AbTestAnswer(Answer):
    """One test. ``required_n`` is how many matured forecasts each arm needs, as it was said before it began."""

    name: str
    state: str
    arms: dict[str, ArmAnswer]
    cells: list[list[str]]
    metrics: list[str]
    effect: float
    required_n: int
    created_by: str
    created_at: datetime
    ended_at: datetime | None
    verdict: str | None


class AbTestList(Answer):
    """Every test, the oldest first."""

    tests: list[AbTestAnswer]


class MeasuredAnswer(Answer):
    """One metric: means of the arms, larger is better, the e-value for B, and p-values that allow daily looks."""

    metric: str
    a: float | None
    b: float | None
    state: str
    evidence: float
    p: float
    p_holm: float


class StatusAnswer(Answer):
    """Where a test stands. ``bounds`` are the rows of B within 99 % of what the draw should give."""

    test: AbTestAnswer
    n: dict[str, int]
    required_n: int
    shares_ok: bool
    bounds: tuple[int, int]
    metrics: list[MeasuredAnswer]
    days: int
    verdict: str


def tests(backend: Backend) -> AbTestList:
    """Return every test."""
    return AbTestList(tests=[_test(one) for one in backend.workspace.store.ab.list()])


def status(backend: Backend, name: str) -> StatusAnswer:
    """Look at a test; looking changes nothing. Raises NotFound."""
    return _status(running.status(backend.workspace, name))


def start(
    backend: Backend, caller: Caller, name: str, symbols: Sequence[str], timeframe: str, horizon: str, *, a: str,
    b: str, share: float, metrics: Sequence[str], effect: float,
) -> AbTestAnswer:  # fmt: skip
    """Begin a test over the cells of some symbols; raises as :func:`augury.runs.registry.ab.start`."""
    cells = plan_cells(symbols, [timeframe], [horizon])
    made = running.start(
        backend.workspace, name, cells, a=a, b=b, share=share, metrics=metrics, effect=effect, by=caller.name
    )
    _written(backend, caller, "ab.start", name, {"cells": [str(cell) for cell in cells], "share": share})
    return _test(made)


def conclude(backend: Backend, caller: Caller, name: str, *, promote: bool) -> StatusAnswer:
    """End a test and write its verdict; with ``promote`` B serves, or GateRefused says that it did not win."""
    found = running.conclude(backend.workspace, name, by=caller.name, promoting=promote)
    _written(backend, caller, "ab.conclude", name, {"verdict": found.verdict, "promoted": promote})
    return _status(found)


def _written(backend: Backend, caller: Caller, action: str, name: str, data: dict[str, Any]) -> None:
    backend.workspace.store.audit_trail.add(caller.tenant_id, caller.actor, action, f"A/B test {name}", data=data)


def _status(found: running.Status) -> StatusAnswer:
    same = {name: getattr(found, name) for name in ("n", "required_n", "shares_ok", "bounds", "days", "verdict")}
    metrics = [MeasuredAnswer(**asdict(one)) for one in found.metrics]
    return StatusAnswer(**same, test=_test(found.test), metrics=metrics)


def _test(test: AbTest) -> AbTestAnswer:
    same = {name: getattr(test, name) for name in ("name", "state", "created_by", "created_at", "ended_at")}
    said = {name: test.settings[name] for name in ("cells", "metrics", "effect", "required_n")}
    verdict = test.verdict["verdict"] if test.verdict else None
    return AbTestAnswer(**same, **said, arms={arm: ArmAnswer(**one) for arm, one in test.arms.items()}, verdict=verdict)

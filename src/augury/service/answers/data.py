"""Data: which series are stored, whether they are up to date and whole, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from augury.core.bars import check_symbol
from augury.core.timeframe import Timeframe
from augury.data.lake.files import LakeEntry
from augury.data.lake.health import SeriesHealth, health
from augury.runs.intake import bars_of, check
from augury.service.backend import Backend
from augury.service.strict import Answer


class SeriesAnswer(Answer):
    """One stored series and how it is. ``verdict`` is stale, stuck, gaps or ok, the first that holds.

    ``last`` is the open of the newest bar; ``last_close`` its close; ``change`` the simple return from the bar
    before, a fraction. ``missing`` counts bars that the calendar expects among the newest thousand.
    """

    symbol: str
    timeframe: str
    rows: int
    first: datetime
    last: datetime
    last_close: float
    change: float | None
    provider: str
    calendar: str
    adjustment: str
    synthetic: bool
    close_only: bool
    data_version: str
    sessions_behind: int
    missing: int
    equal_closes: int
    verdict: str
    alarming: bool


class DataHealth(Answer):
    """Every stored series as of ``judged_at``."""

    judged_at: datetime
    alarming: int
    series: list[SeriesAnswer]


class FindingAnswer(Answer):
    """One rule that bars break: the code of the rule, how many bars, the first of them."""

    code: str
    severity: str
    rows: int
    first_ts: datetime | None
    message: str
    fix: str


class ChecksAnswer(Answer):
    """Every check on a series; ``score`` reaches from 0 to 100."""

    symbol: str
    timeframe: str
    data_version: str
    rows: int
    valid: bool
    score: float
    findings: list[FindingAnswer]


class LineageStep(Answer):
    """One step back towards the files that data came from."""

    depth: int
    kind: str
    hash: str
    parents: list[str]
    rows: int | None
    dataset: str | None
    version: str | None
    change: str | None
    made_at: datetime | None
    software: str
    parameters: dict[str, Any]


class LineageAnswer(Answer):
    """How data were made, step by step."""

    hash: str
    steps: list[LineageStep]


def data(backend: Backend) -> DataHealth:
    """Judge every stored series now; kept for a minute as long as no bar is added."""
    lake, now = backend.workspace.lake, backend.workspace.clock.now()
    entries = lake.entries()
    known = (now.replace(second=0, microsecond=0), tuple(entry.data_version for entry in entries))
    kept: Mapping[Any, DataHealth] = backend.parts.get("data health", {})
    if known not in kept:
        judged = {(row.symbol, row.timeframe): row for row in health(lake, now)}
        rows = [_series(backend, entry, judged[entry.symbol, str(entry.timeframe)]) for entry in entries]
        found = DataHealth(judged_at=now, alarming=sum(row.alarming for row in rows), series=rows)
        backend.parts["data health"] = kept = {known: found}
    return kept[known]


def checks(backend: Backend, symbol: str, timeframe: str) -> ChecksAnswer:
    """Run every check on a series; kept until its bars change.

    Raises
    ------
    NotFound
        There is no such series.
    """
    bars = bars_of(backend.workspace.lake, check_symbol(symbol), Timeframe.parse(timeframe))
    kept: dict[str, ChecksAnswer] = backend.parts.setdefault("data checks", {})
    if bars.data_version not in kept:
        found = check(bars)
        kept[bars.data_version] = ChecksAnswer(
            symbol=symbol, timeframe=str(bars.timeframe), data_version=bars.data_version, rows=bars.frame.height,
            valid=found.is_valid, score=found.score,
            findings=[
                FindingAnswer(**{name: getattr(one, name) for name in FindingAnswer.model_fields})
                for one in found.findings
            ],
        )  # fmt: skip
    return kept[bars.data_version]


def lineage(backend: Backend, prefix: str) -> LineageAnswer:
    """Return how data were made, back to their files; ``prefix`` is a data version or its first characters."""
    found = backend.workspace.store.lineage.ancestors(prefix)
    same = ("kind", "rows", "dataset", "version", "change", "made_at", "software", "parameters")
    steps = [
        LineageStep(
            depth=step.depth, hash=step.derivation.child_hash, parents=list(step.derivation.parents),
            **{name: getattr(step.derivation, name) for name in same},
        )
        for step in found
    ]  # fmt: skip
    return LineageAnswer(hash=steps[0].hash, steps=steps)


def _series(backend: Backend, entry: LakeEntry, judged: SeriesHealth) -> SeriesAnswer:
    closes = backend.workspace.lake.read([entry.symbol], entry.timeframe, last=2).frame["close"].to_list()
    same = ("symbol", "rows", "first", "last", "provider", "calendar", "adjustment", "synthetic", "close_only")
    return SeriesAnswer(
        **{name: getattr(entry, name) for name in same}, timeframe=str(entry.timeframe),
        data_version=entry.data_version, last_close=closes[-1],
        change=closes[-1] / closes[-2] - 1 if len(closes) > 1 else None,
        sessions_behind=judged.sessions_behind, missing=judged.missing, equal_closes=judged.equal_closes,
        verdict=judged.verdict, alarming=judged.alarming,
    )  # fmt: skip

"""Bars: stored prices, a page at a time, or a long stretch merged into few."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import Bars, check_symbol
from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.lake.window import between, merged
from augury.runs.intake import bars_of
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer

LIMIT_MAX: Final = 5000
"""Bars of an answer: five thousand are about 0.6 MiB of JSON."""


class BarAnswer(Answer):
    """One bar. ``time`` is its open; prices in the symbol's currency; null where a source gives closes only."""

    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None


class BarPage(Answer):
    """Bars in order of time, the newest ``limit`` of what was asked for.

    ``next`` is the cursor of the page of older ones. ``merged`` is how many stored bars one here stands for, 1 unless
    ``points`` was given: first open, highest high, lowest low, last close, sum of volumes.
    """

    symbol: str
    timeframe: str
    synthetic: bool
    adjustment: str
    provider: str
    data_version: str
    total: int
    merged: int
    bars: list[BarAnswer]
    next: str | None


def bars(
    backend: Backend, symbol: str, timeframe: str, since: datetime | None = None, until: datetime | None = None,
    limit: int = 1000, points: int | None = None, cursor: str | None = None,
) -> BarPage:  # fmt: skip
    """Return stored bars; raises NotFound where there are none of the symbol.

    Parameters
    ----------
    backend : Backend
    symbol, timeframe : str
    since, until : datetime, optional
        Opens with ``since <= time <= until``, in UTC.
    limit : int
        Bars of a page, at most ``LIMIT_MAX``.
    points : int, optional
        Merge the whole stretch into at most so many.
    cursor : str, optional
        ``next`` of the page before.
    """
    frame = str(Timeframe.parse(timeframe))
    question = {"of": "bars", "symbol": symbol, "timeframe": frame, "since": _text(since), "until": _text(until)}
    after = read_cursor(cursor, question, str)
    if points is not None and after:
        raise UsageError("points merges the whole stretch into one page: a cursor does not go with it")
    stored = bars_of(backend.workspace.lake, check_symbol(symbol), Timeframe.parse(frame))
    found = between(stored.frame, since, until)
    total = found.height
    if points is not None:
        each = max(1, -(-total // points))
        return _page(stored, merged(found, each), total, each, None)
    if after:
        found = found.filter(pl.col("ts") < datetime.fromisoformat(after[0]))
    shown = found.tail(limit)
    more = write_cursor(question, [iso(shown["ts"][0])]) if found.height > limit else None
    return _page(stored, shown, total, 1, more)


def _page(stored: Bars, shown: pl.DataFrame, total: int, each: int, more: str | None) -> BarPage:
    rows = shown.select(pl.col("ts").alias("time"), *BarAnswer.model_fields.keys() - {"time"}).to_dicts()
    return BarPage(
        symbol=stored.symbols[0], timeframe=str(stored.timeframe), synthetic=stored.synthetic,
        adjustment=stored.adjustment, provider=stored.provider, data_version=stored.data_version, total=total,
        merged=each, bars=[BarAnswer(**row) for row in rows], next=more,
    )  # fmt: skip


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)

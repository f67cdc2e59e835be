"""Macro series: a number about a month is known weeks later, and corrected for years.

Series travel in a long frame ``series, observed, available_at, value``: ``observed`` is the period
the number is about, ``available_at`` the moment it was public. With vintages one observation has a
row for each release; without them the lag of each series is declared (:class:`ReleaseLag`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import DataError, UnknownName, UsageError
from augury.core.suggestion import did_you_mean
from augury.data.knowledge.asof import AVAILABLE_AT, KNOWN_AT, asof_join, known_at, need_columns
from augury.data.knowledge.publication import lagged

MACRO_SCHEMA: Final[dict[str, pl.DataType]] = {
    "series": pl.String(),
    "observed": pl.Date(),
    "available_at": TIMESTAMP,
    "value": pl.Float64(),
}
PREFIX: Final = "macro_"
MAX_AGE: Final = timedelta(days=130)
"""A quarterly series is published at most about a quarter apart; one silent for longer has ended."""


@dataclass(frozen=True, slots=True)
class ReleaseLag:
    """When a series without vintages is public.

    Parameters
    ----------
    series : str
        Its name.
    sessions : int
        Sessions after the last day of the period; 0 means at that day's close.
    period : str
        What one observation covers, and is dated at the first day of: day, week, month, quarter, year.
    """

    series: str
    sessions: int
    period: str = "day"


def with_lag(frame: pl.DataFrame, *, sessions: int, calendar: str, period: str = "day") -> pl.DataFrame:
    """Return a macro frame whose observations are public a number of sessions after their period.

    Parameters
    ----------
    frame : pl.DataFrame
        ``series, observed, value``; of latest revisions, so that the lag is a lower bound of honesty.
    sessions : int
        0 or more; larger is later. Moving it by n delays the first effect by n sessions.
    calendar : str
        Name of the market's calendar.
    period : str
        See :class:`ReleaseLag`.

    Examples
    --------
    >>> from datetime import date
    >>> rates = pl.DataFrame({"series": ["DFF"], "observed": [date(2018, 12, 3)], "value": [2.2]})
    >>> with_lag(rates, sessions=1, calendar="XNYS")["available_at"].item().isoformat()
    '2018-12-04T14:30:00+00:00'
    """
    need_columns(frame, ["series", "observed", "value"], "the macro frame")
    at = lagged(frame["observed"], sessions, calendar, period)
    dated = frame.select("series", "observed", at.alias(AVAILABLE_AT), "value")
    return dated.cast(MACRO_SCHEMA)  # type: ignore[arg-type]


def released(frame: pl.DataFrame, lags: Sequence[ReleaseLag], calendar: str) -> pl.DataFrame:
    """Return a macro frame with the lag declared for each of its series.

    Parameters
    ----------
    frame : pl.DataFrame
        ``series, observed, value``.
    lags : sequence of ReleaseLag
        One for each series in the frame; others are passed over.
    calendar : str
        Name of the market's calendar.

    Raises
    ------
    DataError
        A series has no declared lag: without one nobody can say when it was known.
    """
    declared = {lag.series: lag for lag in lags}
    parts = []
    for part in frame.partition_by("series", maintain_order=True):
        name = str(part["series"][0])
        if name not in declared:
            raise DataError(f"macro series {name} has neither vintages nor a declared lag", series=name)
        lag = declared[name]
        parts.append(with_lag(part, sessions=lag.sessions, calendar=calendar, period=lag.period))
    return pl.concat(parts) if parts else pl.DataFrame(schema=MACRO_SCHEMA)


def macro_columns(
    bars: Bars, macro: pl.DataFrame, series: Sequence[str] | None = None, *, max_age: timedelta = MAX_AGE
) -> pl.DataFrame:
    """Return what each bar could know of macro series: the newest period, as last corrected then.

    Parameters
    ----------
    bars : Bars
        Of any timeframe.
    macro : pl.DataFrame
        Of ``MACRO_SCHEMA``.
    series : sequence of str, optional
        Which, in this order; default all, sorted.
    max_age : timedelta
        A value that has been public for longer is not believed to hold any more: null. Default 130 days.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts`` of the bars, row by row, then ``macro_<series>`` (Float64).

    Raises
    ------
    UnknownName
        A series is not in the frame.
    UsageError
        The frame is not of ``MACRO_SCHEMA``.
    """
    if dict(zip(macro.columns, macro.dtypes, strict=True)) != MACRO_SCHEMA:
        raise UsageError(f"not a macro frame: found {macro.schema}, needed {MACRO_SCHEMA}")
    present = macro["series"].unique().sort().to_list()
    if unknown := [name for name in series or () if name not in present]:
        raise UnknownName(f"no macro series '{unknown[0]}'{did_you_mean(unknown[0], present)}", name=unknown[0])
    keys = bars.frame.select("symbol", "ts").with_columns(known_at(bars))
    moments = keys.select(KNOWN_AT).unique().sort(KNOWN_AT)
    for name in series or present:
        facts = macro.filter(pl.col("series") == name).select("observed", AVAILABLE_AT, "value")
        seen = asof_join(moments.select(KNOWN_AT), facts, observed="observed", by=(), max_age=max_age)
        moments = moments.with_columns(seen["value"].alias(f"{PREFIX}{name}"))
    return keys.join(moments, on=KNOWN_AT, how="left", maintain_order="left").drop(KNOWN_AT)

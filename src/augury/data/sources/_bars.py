"""What every source does alike: which bars were asked for, and a canonical frame of what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import polars as pl

from augury.core.bars import BAR_SCHEMA, TIMESTAMP, Bars, check_symbol
from augury.core.clock import iso
from augury.core.errors import DataError, NotFound, UsageError
from augury.core.protocols import Source
from augury.core.timeframe import Timeframe


def offered(source: Source, timeframe: Timeframe) -> Timeframe:
    """Return the timeframe when the source has bars of it.

    Raises
    ------
    UsageError
        It has none; says which it has.
    """
    if timeframe not in source.timeframes:
        has = " ".join(source.timeframes) or "no bars at all"
        raise UsageError(f"source {source.name} has no {timeframe} bars (it has: {has})")
    return timeframe


def named(source: Source, symbols: Sequence[str] | None) -> list[str]:
    """Return the symbols asked of a vendor, sorted and unique.

    Raises
    ------
    UsageError
        None were named: a vendor's whole market is not loaded by accident.
    UnknownName
        One is not well formed.
    """
    if not symbols:
        raise UsageError(
            f"source {source.name}: name the symbols to load, it can not list them",
            fix=f"augury data import --provider {source.name} --symbols SYMBOL",
        )
    return sorted({check_symbol(symbol) for symbol in symbols})


def between(bars: Bars, start: datetime | None, end: datetime | None) -> Bars:
    """Keep the bars with ``start <= ts <= end``.

    Raises
    ------
    NotFound
        There is none.
    """
    frame = bars.frame
    if start is not None:
        frame = frame.filter(pl.col("ts") >= in_utc(start))
    if end is not None:
        frame = frame.filter(pl.col("ts") <= in_utc(end))
    if frame.is_empty():
        span = f"{iso(in_utc(start)) if start else 'the beginning'} to {iso(in_utc(end)) if end else 'now'}"
        raise NotFound(f"source {bars.provider} has no {bars.timeframe} bars from {span}")
    return bars.with_frame(frame)


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    Raises
    ------
    UsageError
        It has no time zone.
    """
    if moment.tzinfo is None:
        raise UsageError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def canonical(symbol: str, columns: Mapping[str, Sequence[Any] | pl.Series]) -> pl.DataFrame:
    """Put a symbol's columns into the canonical frame, sorted; identical rows, as pages overlap, once.

    Parameters
    ----------
    symbol : str
    columns : mapping
        ``ts`` (UTC), ``open``, ``high``, ``low``, ``close``, ``volume`` and perhaps ``adj_close``,
        equally long; a missing value is None.

    Raises
    ------
    DataError
        Two different bars have one time (CONFLICT).
    """
    schema = {name: dtype for name, dtype in (*BAR_SCHEMA.items(), ("adj_close", pl.Float64())) if name in columns}
    frame = pl.DataFrame(columns, schema=schema).unique().sort("ts")
    twice = frame.filter(pl.col("ts").is_duplicated())
    if not twice.is_empty():
        raise DataError(
            f"{symbol}: two different bars at {iso(twice['ts'][0])} (CONFLICT)", code="CONFLICT", symbol=symbol
        )
    return frame.select(pl.lit(symbol).alias("symbol"), pl.all())


def moments(counts: Sequence[Any], *, per_second: int) -> pl.Series:
    """Read moments counted since 1970 in whole seconds (1) or milliseconds (1000).

    Examples
    --------
    >>> moments([1718236800], per_second=1).item().isoformat()
    '2024-06-13T00:00:00+00:00'
    """
    return (pl.Series("ts", counts, pl.Int64()) * (1_000_000 // per_second)).cast(TIMESTAMP)


def session_dates(opens: pl.Series, zone: str) -> pl.Series:
    """Turn moments into the dates they have at an exchange, each at 00:00 UTC.

    Examples
    --------
    >>> session_dates(moments([1718236800], per_second=1), "America/New_York").item().isoformat()
    '2024-06-12T00:00:00+00:00'
    """
    dates = opens.to_frame("ts").select(pl.col("ts").dt.convert_time_zone(zone).dt.date())
    return dates.select(pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))["ts"]


@contextmanager
def shaped(source: str, what: str) -> Iterator[None]:
    """Turn what goes wrong while an answer is taken apart into one named error.

    Raises
    ------
    DataError
        The answer lacks a field, or holds another type than the vendor documents.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        detail = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        raise DataError(
            f"source {source}: the answer for {what} has another shape than documented ({detail})"
        ) from error

"""Times as vendors write them: text in many orders, epochs in many units, zones named or not.

A time is kept twice until the timeframe is known: ``wall``, what the clock on the wall showed, and
``utc``, the moment, null when no zone was given. A daily bar is named by its wall date; an intraday
bar needs its moment.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.layouts import LINE, Table

_ISO: Final = r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})"
_CLOCK: Final = r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$"
_NUMBERED: Final = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
_EPOCHS: Final = ((1e8, 1e10, "s", 1_000_000), (1e11, 1e13, "ms", 1_000), (1e14, 1e16, "us", 1))
_SPACINGS: Final = {15: Timeframe.M15, 60: Timeframe.H1, 240: Timeframe.H4, 10080: Timeframe.W1}
_DAY, _LONG_WEEKEND = 1440, 4 * 1440
_NEAR_MODE: Final = 0.8
_NOON: Final = 12


def read_times(frame: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Replace the raw ``ts`` by ``wall`` and ``utc``.

    Parameters
    ----------
    frame : pl.DataFrame
        With a raw ``ts``: text, a number since 1970, a date, or a time with or without zone.
    table : Table
        Gives messages the name of the file and the place of a row.

    Returns
    -------
    (pl.DataFrame, tuple of str)
        ``wall`` is what was written, ``utc`` is null where no zone was given; then what was understood.

    Raises
    ------
    ValidationError
        A time that is not understood, dates whose day and month cannot be told apart, or times
        with and without zone in one column (MIXED_TZ).
    """
    raw = frame["ts"]
    mapped: tuple[str, ...] = ()
    if raw.dtype == pl.String:
        times, mapped = _from_text(frame, table)
    elif raw.dtype.is_integer() or raw.dtype.is_float():
        times, mapped = _from_number(frame, table)
    elif isinstance(raw.dtype, pl.Datetime) and raw.dtype.time_zone is not None:
        times = frame.select(
            pl.col("ts").dt.replace_time_zone(None).cast(pl.Datetime("us")).alias("wall"),
            pl.col("ts").dt.convert_time_zone("UTC").cast(TIMESTAMP).alias("utc"),
        )
        mapped = (f"time zone {raw.dtype.time_zone}",) if raw.dtype.time_zone != "UTC" else ()
    elif raw.dtype in (pl.Date, pl.Datetime):
        wall = pl.col("ts").cast(pl.Datetime("us"))
        times = frame.select(wall.alias("wall"), pl.lit(None, TIMESTAMP).alias("utc"))
    else:
        raise ValidationError(f"{table.origin}: ts is {raw.dtype}, needed dates or times (SCHEMA)", code="SCHEMA")
    _all_read(frame.with_columns(times), table)
    return frame.drop("ts").with_columns(times), mapped


def infer_timeframe(frame: pl.DataFrame) -> Timeframe | None:
    """Return the timeframe whose length is the usual spacing of the bars; None when there is none.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``symbol`` and ``wall`` (or canonical ``ts``).

    Examples
    --------
    >>> from datetime import datetime
    >>> hours = [datetime(2024, 1, 2, hour) for hour in (10, 11, 12)]
    >>> str(infer_timeframe(pl.DataFrame({"symbol": ["A"] * 3, "ts": hours})))
    'h1'
    """
    name = "wall" if "wall" in frame.columns else "ts"
    steps = (
        frame.lazy()
        .select("symbol", name)
        .unique()
        .sort("symbol", name)
        .select(pl.col(name).diff().over("symbol").dt.total_minutes().alias("minutes"))
        .drop_nulls()
        .group_by("minutes")
        .len()
        .collect()
    )
    if steps.is_empty():
        midnight = frame.height > 0 and bool((frame[name].dt.hour() == 0).all())
        return Timeframe.D1 if midnight else None
    # A session of two bars has as many nights as steps: of the usual spacings the shortest counts.
    usual = steps.filter(pl.col("len") >= _NEAR_MODE * pl.col("len").max())["minutes"].min()
    minutes = int(usual) if isinstance(usual, int) else 0
    return Timeframe.D1 if _DAY <= minutes <= _LONG_WEEKEND else _SPACINGS.get(minutes)


def place_times(frame: pl.DataFrame, timeframe: Timeframe | None, tz: str | None, table: Table) -> pl.DataFrame:
    """Replace ``wall`` and ``utc`` by the canonical ``ts``; without a timeframe, midnights are dates.

    Parameters
    ----------
    frame : pl.DataFrame
        What :func:`read_times` returned.
    timeframe : Timeframe or None
        None where the spacing did not tell.
    tz : str or None
        Zone of times that were written without one, e.g. ``America/New_York``.
    table : Table
        Gives messages the name of the file and the place of a row.

    Raises
    ------
    ValidationError
        An intraday time without zone (NAIVE_TZ), or one that the zone's clock never showed or
        showed twice.
    UsageError
        No such zone.
    """
    _known_zone(tz)
    midnights = frame["wall"].equals(frame["wall"].dt.truncate("1d"))
    if timeframe in (Timeframe.D1, Timeframe.W1) or (timeframe is None and midnights):
        return frame.with_columns(_session_dates(frame, tz, table).alias("ts")).drop("wall", "utc")
    if frame["utc"].null_count() == 0:
        return frame.rename({"utc": "ts"}).drop("wall")
    if tz is None:
        raise ValidationError(
            f"{table.origin}: {timeframe or 'intraday'} times such as {frame['wall'][0]} have no time zone (NAIVE_TZ)",
            fix="augury data import FILE --tz America/New_York",
            code="NAIVE_TZ",
        )
    try:
        utc = frame["wall"].dt.replace_time_zone(tz).dt.convert_time_zone("UTC")
    except pl.exceptions.ComputeError as error:
        raise ValidationError(
            f"{table.origin}: a time cannot be placed in {tz}: {str(error).splitlines()[0]} (NAIVE_TZ)",
            fix="augury data import FILE --tz UTC",
            code="NAIVE_TZ",
        ) from error
    return frame.with_columns(utc.alias("ts")).drop("wall", "utc")


def _known_zone(tz: str | None) -> None:
    try:
        pl.Series([None], dtype=TIMESTAMP).dt.convert_time_zone(tz or "UTC")
    except pl.exceptions.ComputeError as error:
        raise UsageError(
            f"unknown time zone '{tz}', e.g. America/New_York", fix="augury data import FILE --tz UTC"
        ) from error


def _session_dates(frame: pl.DataFrame, tz: str | None, table: Table) -> pl.Series:
    wall, utc = frame["wall"], frame["utc"]
    if utc.null_count() == 0 and frame.height:
        if tz is not None:
            wall = utc.dt.convert_time_zone(tz).dt.replace_time_zone(None)
        elif bool((utc.dt.replace_time_zone(None) == wall).all()) and int(wall.dt.hour().max() or 0) >= _NOON:  # type: ignore[arg-type]
            raise ValidationError(
                f"{table.origin}: daily times such as {wall[0]} UTC may belong to either of two dates (NAIVE_TZ)",
                fix="augury data import FILE --tz Asia/Tokyo",
                code="NAIVE_TZ",
            )
    return wall.dt.truncate("1d").dt.replace_time_zone("UTC").cast(TIMESTAMP)


def _from_number(frame: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, tuple[str, ...]]:
    values = frame["ts"].cast(pl.Int64, strict=False)
    low, high = values.min(), values.max()
    if isinstance(low, int) and isinstance(high, int) and low >= 19_000_101 and high <= 21_001_231:
        text = frame.with_columns(values.cast(pl.String).alias("ts"))
        return _from_text(text, table)
    for least, most, unit, factor in _EPOCHS:
        if isinstance(low, int) and isinstance(high, int) and least <= low and high < most:
            utc = (values * factor).cast(TIMESTAMP)
            wall = utc.dt.replace_time_zone(None)
            return pl.DataFrame({"wall": wall, "utc": utc}), (f"ts: epoch {unit}->UTC",)
    raise ValidationError(
        f"{table.origin}: ts {low!r}..{high!r} is no epoch in s, ms or us of one unit; "
        "write the times as 2026-11-20T14:30:00Z (OUT_OF_RANGE_TS)",
        fix="augury data check FILE",
        code="OUT_OF_RANGE_TS",
    )


def _from_text(frame: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, tuple[str, ...]]:
    text = frame["ts"].str.strip_chars()
    if text.str.contains(_ISO).all():
        return _parse(text, _ISO + _CLOCK, (1, 2, 3)), ()
    parts = text.str.extract_groups(_NUMBERED + _CLOCK).struct
    first, second = (parts.field(name).cast(pl.Int64, strict=False) for name in ("1", "2"))
    if first.null_count():
        bad = frame.filter(first.is_null() & ~text.str.contains(_ISO) | text.is_null())
        where = f" {table.place} {bad[LINE][0]}" if bad.height else ""
        value = bad["ts"][0] if bad.height else "dates of two forms"
        raise ValidationError(
            f"{table.origin}{where}: '{value}' is not a time that is understood; "
            "write the times as 2026-11-20 or 2026-11-20T14:30:00Z (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    day_first, month_first = bool((first > 12).any()), bool((second > 12).any())
    if day_first == month_first:
        found = "both orders are there" if day_first else "day and month cannot be told apart"
        raise ValidationError(
            f"{table.origin}: dates such as '{text[0]}' are ambiguous: {found}; write the dates as 2026-11-20 (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    order = (3, 2, 1) if day_first else (3, 1, 2)
    return _parse(text, _NUMBERED + _CLOCK, order), (f"dates {'day/month' if day_first else 'month/day'}/year",)


def _parse(text: pl.Series, pattern: str, order: tuple[int, int, int]) -> pl.DataFrame:
    part = {name: pl.col("t").str.extract(pattern, at) for name, at in zip("ymd", order, strict=True)}
    part |= {name: pl.col("t").str.extract(pattern, at).fill_null("0") for name, at in (("H", 4), ("M", 5), ("S", 6))}
    padded = [part["y"], *(part[name].str.zfill(2) for name in "mdHMS")]
    fraction = pl.col("t").str.extract(pattern, 7).fill_null(".0")
    iso = pl.format("{}-{}-{}T{}:{}:{}{}", *padded, fraction)
    zone = pl.col("t").str.extract(pattern, 8).str.replace("Z|UTC", "+00:00").str.replace(":", "")
    minutes = zone.str.slice(1, 2).cast(pl.Int64) * 60 + zone.str.slice(3, 2).cast(pl.Int64)
    ahead = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    frame = (
        text.alias("t")
        .to_frame()
        .select(
            iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).alias("wall"),
            ahead.alias("ahead"),
        )
    )
    utc = (pl.col("wall") - pl.duration(minutes="ahead")).dt.replace_time_zone("UTC").alias("utc")
    return frame.select("wall", utc)


def _all_read(frame: pl.DataFrame, table: Table) -> None:
    bad = frame.filter(pl.col("wall").is_null())
    if bad.height:
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: '{bad['ts'][0]}' is not a time that is understood; "
            "write the times as 2026-11-20 or 2026-11-20T14:30:00Z (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    if 0 < frame["utc"].null_count() < frame.height:
        bad = frame.filter(pl.col("utc").is_null())
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: '{bad['ts'][0]}' has no time zone, others have; "
            "write every time with its zone, or none (MIXED_TZ)",
            fix="augury data check FILE",
            code="MIXED_TZ",
        )

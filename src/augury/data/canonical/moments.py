"""Times as vendors write them: text in many orders, epochs in many units, zones named or not.

A time is kept twice until the timeframe is known: ``wall``, what the clock on the wall showed, and
``utc``, the moment, null when no zone was given. A daily bar is named by its wall date; an intraday
bar needs its moment.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import ValidationError
from augury.core.timeframe import Timeframe
from augury.data.canonical.spacing import infer_timeframe
from augury.data.canonical.time_text import from_text
from augury.data.canonical.zones import known_zone, zone_of
from augury.data.layouts import LINE, Table

__all__ = ["infer_timeframe", "place_times", "read_times"]

_EPOCHS: Final = ((1e8, 1e10, "s", 1_000_000), (1e11, 1e13, "ms", 1_000), (1e14, 1e16, "us", 1), (1e17, 1e19, "ns", 0))
_DATE_NUMBERS: Final = (
    (19_000_101, 21_001_231),
    (190_001_010_000, 210_012_312_359),
    (19_000_101_000_000, 21_001_231_235_959),
)
_EPOCH_TEXT: Final = r"^\d{9,11}$|^\d{13}$|^\d{16}$|^\d{19}$|^\d{9,10}\.\d+$"
_NOON: Final = 12


def read_times(frame: pl.DataFrame, table: Table, tz: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Replace the raw ``ts`` by ``wall`` and ``utc``.

    Parameters
    ----------
    frame : pl.DataFrame
        With a raw ``ts``: text, a number since 1970, a date, or a time with or without zone.
    table : Table
        Gives messages the name of the file and the place of a row.
    tz : str, optional
        Zone the user declared; without it, offsets of several zones in one column are an error.

    Returns
    -------
    (pl.DataFrame, tuple of str)
        ``wall`` is what was written, ``utc`` is null where no zone was given; then what was understood.

    Raises
    ------
    ValidationError
        A time that is not understood, dates whose day and month cannot be told apart, or times
        with and without zone, or of several zones, in one column (MIXED_TZ).
    """
    raw = frame["ts"]
    mapped: tuple[str, ...] = ()
    if raw.dtype == pl.String and len(raw) and raw.str.contains(_EPOCH_TEXT).all():
        raw = raw.cast(pl.Float64).cast(pl.Int64) if raw.str.contains(".", literal=True).any() else raw.cast(pl.Int64)
        frame = frame.with_columns(raw.alias("ts"))
    if raw.dtype == pl.String:
        times, mapped = from_text(frame, table, declared_zone=tz is not None)
    elif raw.dtype.is_integer() or raw.dtype.is_float():
        times, mapped = _from_number(frame, table, tz)
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
    _all_read(frame, times, table)
    return frame.drop("ts").with_columns(times), mapped


def place_times(
    frame: pl.DataFrame, timeframe: Timeframe | None, tz: str | None, table: Table, calendar: str | None = None
) -> tuple[pl.DataFrame, tuple[str, ...], str | None]:
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
    calendar : str, optional
        The market: its zone is taken where none was written and none declared.

    Returns
    -------
    (pl.DataFrame, tuple of str, str or None)
        The frame, what was done, and the zone when it was taken from the calendar.

    Raises
    ------
    ValidationError
        An intraday time without zone (NAIVE_TZ), or one that the zone's clock never showed or
        showed twice.
    UsageError
        No such zone.
    """
    zone = known_zone(tz) if tz is not None else None
    midnights = frame["wall"].equals(frame["wall"].dt.truncate("1d"))
    if timeframe in (Timeframe.D1, Timeframe.W1) or (timeframe is None and midnights):
        days, notes = _session_dates(frame, zone, calendar, table)
        return frame.with_columns(days.alias("ts")).drop("wall", "utc"), notes, None
    if frame["utc"].null_count() == 0:
        return frame.rename({"utc": "ts"}).drop("wall"), (), None
    assumed = zone_of(calendar) if zone is None and calendar is not None else None
    zone = zone or assumed
    if zone is None:
        raise ValidationError(
            f"{table.origin}: {timeframe or 'intraday'} times such as {frame['wall'][0]} have no time zone (NAIVE_TZ)",
            fix="augury data import FILE --tz America/New_York",
            code="NAIVE_TZ",
        )
    note = f"tz {zone} from calendar {calendar}" if assumed is not None else f"tz {zone}->UTC"
    return frame.with_columns(_moments(frame["wall"], zone, table).alias("ts")).drop("wall", "utc"), (note,), assumed


def _moments(wall: pl.Series, zone: str, table: Table) -> pl.Series:
    try:
        return wall.dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
    except pl.exceptions.ComputeError as error:
        raise ValidationError(
            f"{table.origin}: a time cannot be placed in {zone}: {str(error).splitlines()[0]} (NAIVE_TZ)",
            fix="augury data import FILE --tz UTC",
            code="NAIVE_TZ",
        ) from error


def _session_dates(
    frame: pl.DataFrame, tz: str | None, calendar: str | None, table: Table
) -> tuple[pl.Series, tuple[str, ...]]:
    wall, utc = frame["wall"], frame["utc"]
    notes: tuple[str, ...] = ()
    if utc.null_count() == 0 and frame.height and tz is not None:
        wall = utc.dt.convert_time_zone(tz).dt.replace_time_zone(None)
        notes = (f"session dates in tz {tz}",)
    elif utc.null_count() == 0 and frame.height and _are_utc_moments(frame):
        zone = zone_of(calendar) if calendar is not None else None
        if zone is None and int(wall.dt.hour().max() or 0) < _NOON:  # type: ignore[arg-type]
            zone = "UTC"
        if zone is None:
            raise ValidationError(
                f"{table.origin}: daily times such as {wall[0]} UTC may belong to either of two dates (NAIVE_TZ)",
                fix="augury data import FILE --tz Asia/Tokyo",
                code="NAIVE_TZ",
            )
        wall = utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        notes = (f"session dates in tz {zone} from calendar {calendar}",) if calendar is not None else ()
    return wall.dt.truncate("1d").dt.replace_time_zone("UTC").cast(TIMESTAMP), notes


def _are_utc_moments(frame: pl.DataFrame) -> bool:
    """Written in UTC, but not as dates at 00:00: then they are moments of a session elsewhere."""
    wall = frame["wall"]
    in_utc = bool((frame["utc"].dt.replace_time_zone(None) == wall).all())
    return in_utc and not wall.equals(wall.dt.truncate("1d"))


def _from_number(frame: pl.DataFrame, table: Table, tz: str | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    values = frame["ts"].cast(pl.Int64, strict=False)
    low, high = values.min(), values.max()
    if isinstance(low, int) and isinstance(high, int):
        if any(least <= low and high <= most for least, most in _DATE_NUMBERS):
            return from_text(
                frame.with_columns(values.cast(pl.String).alias("ts")), table, declared_zone=tz is not None
            )
        for least, most, unit, factor in _EPOCHS:
            if least <= low and high < most:
                utc = (values * factor if factor else values // 1_000).cast(TIMESTAMP)
                wall = utc.dt.replace_time_zone(None)
                return pl.DataFrame({"wall": wall, "utc": utc}), (f"ts: epoch {unit}->UTC",)
    raise ValidationError(
        f"{table.origin}: ts {low!r}..{high!r} is no epoch in s, ms, us or ns of one unit; "
        "write the times as 2026-11-20T14:30:00Z (OUT_OF_RANGE_TS)",
        fix="augury data check FILE",
        code="OUT_OF_RANGE_TS",
    )


def _all_read(frame: pl.DataFrame, times: pl.DataFrame, table: Table) -> None:
    if times["wall"].null_count():
        bad = frame.filter(times["wall"].is_null())
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: '{bad['ts'][0]}' is not a time that is understood; "
            "write the times as 2026-11-20 or 2026-11-20T14:30:00Z (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
            rows=bad.height,
        )
    if 0 < times["utc"].null_count() < frame.height:
        bad = frame.filter(times["utc"].is_null())
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: '{bad['ts'][0]}' has no time zone, others have; "
            "write every time with its zone, or none (MIXED_TZ)",
            fix="augury data check FILE",
            code="MIXED_TZ",
        )

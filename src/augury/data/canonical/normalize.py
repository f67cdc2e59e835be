"""From any known layout to canonical bars, with a report of what was mapped.

Nothing is filled, merged or guessed: what cannot be decided is a named error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from augury.core.bars import BAR_SCHEMA, TIMESTAMP, Bars
from augury.core.clock import iso
from augury.core.errors import UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.canonical.moments import infer_timeframe, place_times, read_times
from augury.data.canonical.naming import name_rows
from augury.data.canonical.numbers import read_numbers
from augury.data.layouts import LINE, UNDECLARED, Dialect, Table, recognise, table_of

_HOME: Final = "XNYS"
_ABSENT_WHEN_CLOSE_ONLY: Final = ("open", "high", "low", "volume")


@dataclass(frozen=True)
class Normalized:
    """Canonical bars and what was done to get them.

    Parameters
    ----------
    bars : Bars
        Sorted and unique on (symbol, ts).
    mapped : tuple of str
        Each renaming, conversion and dropped row or column, in the order it happened.
    kept : pl.DataFrame or None
        ``symbol, ts`` and the columns named in ``keep``.
    """

    bars: Bars
    mapped: tuple[str, ...]
    kept: pl.DataFrame | None = None


@dataclass(frozen=True)
class Intake:
    """Rows in canonical columns, but neither sorted nor unique yet; ``_line`` says where each came from.

    Parameters
    ----------
    frame : pl.DataFrame
        ``_line``, the columns of a bar, and what was asked to be kept.
    timeframe : Timeframe or None
        None where the spacing did not tell.
    table : Table
        What was read.
    mapped : tuple of str
        Each renaming and conversion, in the order it happened.
    refused : tuple of (str, int, str)
        Symbols that are not well formed, their rows, and why: left out of ``frame``, never renamed.
    assumed_tz : str or None
        Zone that was neither written nor declared, but taken from the calendar.
    """

    frame: pl.DataFrame
    timeframe: Timeframe | None
    table: Table
    mapped: tuple[str, ...]
    refused: tuple[tuple[str, int, str], ...] = ()
    assumed_tz: str | None = None


def normalize(
    x: pl.DataFrame | str | Path | Any,
    *,
    timeframe: Timeframe | str | None = None,
    tz: str | None = None,
    symbol: str | None = None,
    adjustment: str | None = None,
    calendar: str | None = None,
    provider: str = "file",
    keep: Sequence[str] = (),
    dialect: Dialect = UNDECLARED,
) -> Normalized:
    """Bring bars of any known layout into the canonical frame.

    Parameters
    ----------
    x : polars or pandas frame or series, or path
        yfinance (one or several symbols), freqtrade, Nixtla, (date, asset) index, wide closes, LEAN,
        canonical; CSV of any dialect, Parquet, Arrow, feather, and archives of them.
    timeframe : Timeframe or str, optional
        Taken from the usual spacing of the bars when not given.
    tz : str, optional
        Zone of times that carry none; ignored for plain dates. Without it intraday bars take the zone
        of ``calendar``, when that is given, and say so.
    symbol : str, optional
        Needed when the layout names none.
    adjustment : str, optional
        One of ``core.bars.ADJUSTMENTS``; ``unknown`` when not given.
    calendar, provider : str
        Travel with the bars; bars without a calendar are those of ``XNYS``.
    keep : sequence of str
        Other columns to carry beside the bars; all others are left out, and named in ``mapped``.
    dialect : Dialect
        Separator, decimal sign and order of day and month of a text file; found out when not declared.

    Returns
    -------
    Normalized
        Sorted bars; identical duplicates dropped, and said so.

    Raises
    ------
    ValidationError
        Columns, times or numbers that cannot be understood, two bars with one key (CONFLICT), or no
        symbol that is well formed.
    UsageError
        The symbol or the timeframe has to be given.
    NotFound
        No such file.

    Examples
    --------
    >>> day = pl.DataFrame({"Date": ["2018-12-28", "2018-12-31"], "Close": [2485.7, 2506.9]})
    >>> found = normalize(day, symbol="^GSPC")
    >>> found.bars.close_only, found.mapped[:3]
    (True, ('layout yfinance', 'Date->ts', 'Close->close'))
    """
    wanted = Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    intake = take_in(x, timeframe=wanted, tz=tz, symbol=symbol, calendar=calendar, keep=keep, dialect=dialect)
    if intake.timeframe is None:
        raise UsageError(
            f"{intake.table.origin}: the spacing of the bars is of no known timeframe ({', '.join(Timeframe)})",
            fix="augury data import FILE --timeframe d1",
        )
    frame, notes = arrange(intake)
    close_only = is_close_only(frame)
    mapped = (*intake.mapped, *notes)
    if close_only:
        mapped += (f"only closes are there: {', '.join(_ABSENT_WHEN_CLOSE_ONLY)} stay null",)
    columns = [name for name in (*BAR_SCHEMA, "adj_close") if name in frame.columns]
    bars = Bars(
        frame.select(columns),
        intake.timeframe,
        calendar=calendar or _HOME,
        provider=provider,
        adjustment=adjustment or "unknown",
        close_only=close_only,
    )
    kept = frame.select("symbol", "ts", *keep) if keep else None
    return Normalized(bars, mapped, kept)


def take_in(
    x: pl.DataFrame | str | Path | Any,
    *,
    timeframe: Timeframe | None = None,
    tz: str | None = None,
    symbol: str | None = None,
    calendar: str | None = None,
    keep: Sequence[str] = (),
    dialect: Dialect = UNDECLARED,
) -> Intake:
    """Read rows into canonical columns without judging them: the order and duplicates are as given.

    Parameters
    ----------
    x : frame, series or path
        Of polars, of pandas, or a file, in any known layout.
    timeframe : Timeframe, optional
        Default: from the spacing of the bars.
    tz : str, optional
        Zone of times that were written without one.
    symbol : str, optional
        Name of the bars where the layout names none.
    calendar : str, optional
        The market: with which session a weekly bar begins, and which zone times are in that carry none.
        Intraday times without zone are refused when neither ``tz`` nor a calendar is given.
    keep : sequence of str
        Other columns to carry along.
    dialect : Dialect
        What is known about the text of a file.

    Raises
    ------
    ValidationError
        No layout fits, or a time or a number can not be read.
    UsageError
        A column to keep is not there.
    """
    table = table_of(x, dialect)
    layout = recognise(table)
    reading = layout.read(table)
    frame = _kept(reading.frame, table, reading.rest, keep)
    dropped = [name for name in reading.rest if name not in keep]
    left_out = (f"left out: {', '.join(dropped)}",) if dropped else ()
    mapped = (*table.notes, f"layout {layout.name}", *reading.mapped, *left_out)
    frame, refused = name_rows(frame, symbol, table)
    frame, times = read_times(frame, table, tz)
    inferred = timeframe or infer_timeframe(frame)
    if timeframe is None and inferred is not None:
        times = (*times, f"timeframe {inferred} from the spacing of the bars")
    frame, placed, assumed = place_times(frame, inferred, tz or reading.tz, table, calendar)
    if inferred is Timeframe.W1:
        frame, placed = _first_sessions(frame, calendar or _HOME, placed)
    frame, numbers = read_numbers(frame, table)
    unnamed = tuple(f"left out: {rows} rows of {name}: {reason}" for name, rows, reason in refused)
    mapped = (*mapped, *unnamed, *times, *placed, *numbers)
    return Intake(frame.select(LINE, *_columns(frame), *keep), inferred, table, mapped, refused, assumed)


def arrange(intake: Intake) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Sort the rows and drop identical duplicates; two different bars of one key are an error.

    Raises
    ------
    ValidationError
        CONFLICT, with the symbol, the time and both places.
    """
    frame, notes = intake.frame, []
    if _rises(frame):
        return frame.drop(LINE), ()
    ordered = frame.sort("symbol", "ts", maintain_order=True)
    if not ordered[LINE].equals(frame[LINE]):
        notes.append(f"{frame.height} rows sorted by symbol and ts (UNSORTED)")
    values = [name for name in ordered.columns if name != LINE]
    unique = ordered.unique(values, keep="first", maintain_order=True)
    if unique.height < ordered.height:
        notes.append(f"{ordered.height - unique.height} identical duplicate rows dropped (DUPLICATE)")
    clash = unique.filter(pl.struct("symbol", "ts").is_duplicated())
    if clash.height:
        first, second = clash.row(0, named=True), clash.row(1, named=True)
        place = intake.table.place
        closes = f"{place} {first[LINE]}: close {first['close']}, {place} {second[LINE]}: close {second['close']}"
        raise ValidationError(
            f"{intake.table.origin}: {first['symbol']} {iso(first['ts'])} is there twice with different "
            f"values ({closes}) (CONFLICT)",
            fix=f"augury data check {intake.table.origin if place == 'line' else 'FILE'}",
            code="CONFLICT",
            symbol=first["symbol"],
            first_ts=iso(first["ts"]),
            rows=clash.height,
        )
    return unique.drop(LINE), tuple(notes)


def is_close_only(frame: pl.DataFrame) -> bool:
    """Say whether only closes are real: open, high, low and volume are null throughout.

    Examples
    --------
    >>> row = {"open": [None], "high": [None], "low": [None], "close": [1.5], "volume": [None]}
    >>> is_close_only(pl.DataFrame(row)), is_close_only(pl.DataFrame(row | {"open": [1.5]}))
    (True, False)
    """
    return frame.height > 0 and all(frame[name].null_count() == frame.height for name in _ABSENT_WHEN_CLOSE_ONLY)


def _rises(frame: pl.DataFrame) -> bool:
    """Sorted and unique on (symbol, ts) already, as most files are."""
    name, ts = pl.col("symbol"), pl.col("ts")
    rises = (name > name.shift(1)) | ((name == name.shift(1)) & (ts > ts.shift(1)))
    return bool(frame.select(rises.slice(1).all()).item())


def _columns(frame: pl.DataFrame) -> list[str]:
    return [*BAR_SCHEMA, *(("adj_close",) if "adj_close" in frame.columns else ())]


def _kept(frame: pl.DataFrame, table: Table, rest: Sequence[str], keep: Sequence[str]) -> pl.DataFrame:
    unknown = [name for name in keep if name not in rest]
    if unknown:
        raise UsageError(f"{table.origin}: no columns {', '.join(unknown)} to keep (there are: {', '.join(rest)})")
    return frame.join(table.frame.select(LINE, *keep), on=LINE, how="left", maintain_order="left") if keep else frame


def _first_sessions(frame: pl.DataFrame, calendar: str, notes: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Name each weekly bar by the first session of its week, whichever day the vendor named it by."""
    week = pl.col("ts").dt.truncate("1w")
    first, last = frame.select(week.min()).item(), frame.select(week.dt.offset_by("6d").max()).item()
    sessions = market_calendar(calendar).sessions(first, last).rename("ts").to_frame()
    firsts = sessions.group_by(week.alias("week")).agg(pl.col("ts").min().alias("first"))
    joined = frame.with_columns(week.alias("week")).join(firsts, on="week", how="left", maintain_order="left")
    moved = joined.filter(pl.col("first") != pl.col("ts")).height
    frame = joined.with_columns(pl.coalesce("first", "ts").cast(TIMESTAMP).alias("ts")).drop("week", "first")
    note = (f"{moved} weekly bars named by the first session of their week",) if moved else ()
    return frame, (*notes, *note)

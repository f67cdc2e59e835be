"""Bars against the calendar: the session of each bar, and how many bars are missing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Ints
from augury.data.calendar import FIRST_KNOWN, LAST_KNOWN, MarketCalendar
from augury.data.checks._view import DAY_US, BarsView

MISSING_SCHEMA: Final = {
    "symbol": pl.String(),
    "expected": pl.Int64(),
    "missing": pl.Int64(),
    "holes": pl.Int64(),
    "after": pl.Datetime("us", "UTC"),
}
_EPOCH: Final = date(1970, 1, 1)
_MINUTE_US: Final = 60_000_000
_PAUSE_US: Final = 30 * _MINUTE_US
"""Shortest lunch break."""


def known_years(view: BarsView) -> Bools:
    """Which rows lie in years whose sessions can be asked about."""
    first, last = ((year - _EPOCH).days for year in (date(FIRST_KNOWN.year + 1, 1, 1), date(LAST_KNOWN.year, 1, 1)))
    return np.asarray((view.days >= first) & (view.days < last), dtype=np.bool_)


def schedule_of(view: BarsView, calendar: MarketCalendar) -> pl.DataFrame:
    """The calendar's sessions over the known years of the bars."""
    days = view.days[known_years(view)]
    return _schedule(calendar, int(days.min()), int(days.max())) if len(days) else pl.DataFrame()


def session_days(view: BarsView, calendar: MarketCalendar, timeframe: Timeframe) -> Ints:
    """Day number of the session each bar belongs to; -1 on a closed day.

    A daily bar is named by its session. An intraday bar on a day without session of its own may
    still lie in one: foreign exchange opens its Monday on Sunday evening.
    """
    name = f"{__name__} {calendar.name} {timeframe}"
    if name not in view.kept:
        view.kept[name] = _session_days(view, calendar, timeframe)
    found = view.kept[name]
    assert isinstance(found, np.ndarray)
    return found


def _session_days(view: BarsView, calendar: MarketCalendar, timeframe: Timeframe) -> Ints:
    found, asked = np.full(view.frame.height, -1, dtype=np.int64), known_years(view)
    if not asked.any():
        return found
    days = view.days[asked]
    schedule = _schedule(calendar, int(days.min()), int(days.max()))
    sessions = schedule["session"].to_physical().to_numpy() // DAY_US
    if timeframe.minutes is not None:
        at, table = calendar.places(view.micros[asked], timeframe.minutes)
        inside = np.where(at >= 0, table.days[at], -1)
        # Hours before the open and after the close belong to the day they lie on.
        found[asked] = np.where(inside >= 0, inside, np.where(np.isin(days, sessions), days, -1))
    elif timeframe is Timeframe.W1:
        weeks = np.unique(_monday(sessions))
        found[asked] = np.where(np.isin(_monday(days), weeks), days, -1)
    else:
        found[asked] = np.where(np.isin(days, sessions), days, -1)
    return found


def missing_bars(view: BarsView, calendar: MarketCalendar, timeframe: Timeframe) -> pl.DataFrame:
    """Return ``symbol, expected, missing, holes, after`` between each symbol's first and last bar.

    ``after`` is the last bar before the first hole. Bars on no session are not counted. Of the first
    and the last session an intraday symbol trades, only what is there is expected.
    """
    name = f"{__name__} missing {calendar.name} {timeframe}"
    if name not in view.kept:
        view.kept[name] = _missing_bars(view, calendar, timeframe)
    found = view.kept[name]
    assert isinstance(found, pl.DataFrame)
    return found


def _missing_bars(view: BarsView, calendar: MarketCalendar, timeframe: Timeframe) -> pl.DataFrame:
    session = session_days(view, calendar, timeframe)
    inside = np.flatnonzero(session >= 0)
    if not len(inside):
        return pl.DataFrame(schema=MISSING_SCHEMA)
    slots, due = _due(calendar, timeframe, int(session[inside].min()), int(session[inside].max()))
    slot = np.searchsorted(slots, _monday(session[inside]) if timeframe is Timeframe.W1 else session[inside])
    series = view.series[inside]
    # One element for each stretch of bars of one symbol in one session.
    new = np.ones(len(inside), dtype=np.bool_)
    new[1:] = (slot[1:] != slot[:-1]) | (series[1:] != series[:-1])
    start = np.flatnonzero(new)
    last = np.append(start[1:], len(inside)) - 1
    there, at, owner = last - start + 1, slot[start], series[start]
    before = np.cumsum(due) - due
    same = np.zeros(len(start), dtype=np.bool_)
    same[1:] = owner[1:] == owner[:-1]
    skipped = np.zeros(len(start), dtype=np.int64)
    skipped[1:] = np.where(same[1:], before[at[1:]] - before[at[:-1]] - due[at[:-1]], 0)
    edge = ~same | ~np.append(same[1:], False)
    short = np.where(edge, _within(view, inside, start, last, timeframe) - there, due[at] - there).clip(0)
    after = np.where(skipped > 0, inside[np.maximum(start - 1, 0)], _before_hole(view, inside, start, last, timeframe))
    table = pl.DataFrame(
        {
            "series": owner,
            "expected": np.minimum(there, due[at]) + skipped + short,
            "missing": skipped + short,
            "holes": (skipped > 0) + np.where(short > 0, np.maximum(_steps(view, inside, start, timeframe), 1), 0),
            "after": np.where(skipped + short > 0, view.micros[after], 0),
        }
    )
    counted = table.group_by("series", maintain_order=True).agg(
        pl.col("expected").sum(),
        pl.col("missing").sum(),
        pl.col("holes").sum(),
        pl.col("after").filter(pl.col("missing") > 0).first(),
    )
    names = view.frame["symbol"].gather(view.starts[counted["series"].to_numpy()])
    return counted.select(names.alias("symbol"), "expected", "missing", "holes", "after").cast(MISSING_SCHEMA)  # type: ignore[arg-type]


def _steps(view: BarsView, inside: Ints, start: Ints, timeframe: Timeframe) -> Ints:
    """Steps inside each stretch that are longer than a bar."""
    long = np.append(False, np.diff(view.micros[inside]) > (timeframe.minutes or 0) * _MINUTE_US)
    long[start] = False
    return np.asarray(np.add.reduceat(long.astype(np.int64), start))


def _within(view: BarsView, inside: Ints, start: Ints, last: Ints, timeframe: Timeframe) -> Ints:
    """Bars due from the first to the last bar of each stretch; 0 where a pause lies between, which may be lunch."""
    if timeframe.minutes is None:
        return np.zeros(len(start), dtype=np.int64)
    micros, length = view.micros[inside], timeframe.minutes * _MINUTE_US
    steps = np.append(0, np.diff(micros))
    steps[start] = 0
    longest = np.maximum.reduceat(steps, start)
    due = (micros[last] - micros[start]) // length + 1
    return np.asarray(np.where(longest > max(_PAUSE_US, 3 * length), 0, due), dtype=np.int64)


def _before_hole(view: BarsView, inside: Ints, start: Ints, last: Ints, timeframe: Timeframe) -> Ints:
    """Row of the bar before the first step inside each stretch that is longer than a bar, else its last bar."""
    rows = inside[last]
    if timeframe.minutes is None:
        return rows
    long = np.zeros(len(inside), dtype=np.bool_)
    long[:-1] = np.diff(view.micros[inside]) > timeframe.minutes * _MINUTE_US
    long[last] = False
    holes = np.flatnonzero(long)
    owner = np.searchsorted(start, holes, side="right") - 1
    first = np.unique(owner, return_index=True)
    rows = rows.copy()
    rows[first[0]] = inside[holes[first[1]]]
    return rows


def _due(calendar: MarketCalendar, timeframe: Timeframe, first: int, last: int) -> tuple[Ints, Ints]:
    """Sessions (Mondays for w1) by day number, and how many bars each of them holds."""
    schedule = _schedule(calendar, first, last)
    days = schedule["session"].to_physical().to_numpy() // DAY_US
    if timeframe is Timeframe.W1:
        weeks = np.unique(_monday(days))
        return weeks, np.ones(len(weeks), dtype=np.int64)
    if timeframe.minutes is None:
        return days, np.ones(len(days), dtype=np.int64)
    step = timeframe.minutes * _MINUTE_US
    opens, pauses, resumes, closes = (
        schedule[name].fill_null(schedule["closes_at"]).to_physical().to_numpy()
        for name in ("opens_at", "break_starts_at", "break_ends_at", "closes_at")
    )
    # No bar spans a lunch break: the stretches before and after it are counted apart.
    return days, -((opens - pauses) // step) - ((resumes - closes) // step)


def _schedule(calendar: MarketCalendar, first: int, last: int) -> pl.DataFrame:
    return calendar.schedule(_EPOCH + timedelta(days=first), _EPOCH + timedelta(days=last))


def _monday(days: Ints) -> Ints:
    return days - (days + 3) % 7

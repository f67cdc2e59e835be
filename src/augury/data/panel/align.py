"""Markets with different hours in one panel, without looking ahead.

    clock = DecisionClock("XNYS")                       # decide at the close of New York
    panel = align([stocks, tokyo, fx, crypto], clock)

At each decision a symbol stands with its last bar that had closed by then, and with its age. Tokyo
has closed fourteen hours before; the UTC day of a coin is still forming, so yesterday's counts.
A price is carried only while its own market has made no further bar: on a holiday it stays, in a
suspension the row is there and its values are null. Nothing is ever carried back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens
from augury.data.knowledge.asset_class import sessions_a_year
from augury.data.panel.freshness import closing_of, missed_bars
from augury.data.panel.roles import VALID, Roles

MISSED_BARS_MAX: Final = 5
"""Bars a symbol may be silent before it leaves the panel until it trades again."""
_AROUND: Final = timedelta(days=8)
_PRICES: Final = ("open", "high", "low", "close", "adj_close")
_KEYS: Final = ("symbol", "ts", "decided_at", "bar_ts", "known_at", "age_minutes", "missed_bars")


@dataclass(frozen=True, slots=True)
class DecisionClock:
    """When decisions are taken.

    Parameters
    ----------
    calendar : str
        Whose sessions count; ``24/7`` for every day.
    timeframe : Timeframe
        d1 for once a session, h1 for each hour of it …
    at : time, optional
        A UTC time of each session's day instead of the close; d1 only.

    Examples
    --------
    >>> from datetime import UTC
    >>> clock = DecisionClock("XNYS")
    >>> days = clock.moments(datetime(2018, 12, 24, tzinfo=UTC), datetime(2018, 12, 27, tzinfo=UTC))
    >>> [moment.hour for moment in days["decided_at"]]
    [18, 21]
    """

    calendar: str = "XNYS"
    timeframe: Timeframe = Timeframe.D1
    at: time | None = None

    def __post_init__(self) -> None:
        if self.at is not None and (self.timeframe is not Timeframe.D1 or self.at.tzinfo is not None):
            raise UsageError("a decision at a time of day is daily, and the time is UTC without a zone")

    def moments(self, first: datetime, last: datetime) -> pl.DataFrame:
        """Return ``ts`` (the decision's own bar) and ``decided_at``, for decisions from ``first`` to ``last``."""
        # A week that ends inside the span began before it, and a session may begin on the day before its date.
        ts = bar_opens(self.timeframe, self.calendar, first - _AROUND, last + _AROUND)["ts"]
        decided = known_at(ts, self.timeframe, self.calendar).alias("decided_at")
        if self.at is not None:
            decided = ts.dt.combine(self.at).cast(TIMESTAMP).alias("decided_at")
        return pl.DataFrame([ts.alias("ts"), decided]).filter(pl.col("decided_at").is_between(first, last))


@dataclass(frozen=True)
class Panel:
    """Symbols of several markets at common moments.

    Parameters
    ----------
    frame : pl.DataFrame
        Sorted and unique on (symbol, ts): ``symbol, ts`` (the decision's bar on the clock's grid),
        ``decided_at, bar_ts, known_at, age_minutes, missed_bars, calendar``, the bar's prices and
        volume, ``valid_price`` and ``valid_volume``. Values are null where the flag is False.
    clock : DecisionClock
    periods_per_year : dict
        Bars a year of each symbol's own market: what its Sharpe ratio is annualised by.
    data_version : str
        Hash of the bars, the clock and the limits.
    """

    frame: pl.DataFrame
    clock: DecisionClock
    periods_per_year: dict[str, float] = field(default_factory=dict)
    data_version: str = ""

    @property
    def roles(self) -> Roles:
        """Roles of the columns: prices by name, flags declared, the rest meta."""
        return Roles.of_columns((), self.frame.columns)


def align(
    parts: Sequence[Bars],
    clock: DecisionClock,
    *,
    until: datetime | None = None,
    delisted: Mapping[str, datetime] | None = None,
    missed_bars_max: int = MISSED_BARS_MAX,
    leave_out_strays: bool = False,
) -> Panel:
    """Put bars of several markets at common decision times, each by what was known then.

    Looks ahead 0 bars: a bar that has not closed at a decision changes nothing in its row, not
    even whether the row is there.

    Parameters
    ----------
    parts : sequence of Bars
        One calendar and timeframe each; sorted on (symbol, ts); no symbol twice. A market that has
        no closed bar yet may be empty.
    clock : DecisionClock
        When decisions are taken.
    until : datetime, optional
        The last moment a decision may lie at, UTC; default the last close of any part.
    delisted : mapping of str to datetime, optional
        Last session of symbols that are gone: they have no row behind it.
    missed_bars_max : int
        Bars of its own market a symbol may be silent before it has no row until it trades again.
        Default 5; 0 gives rows with values only. A symbol that is gone and not in ``delisted`` has
        so many empty rows, because on that day nobody could know.

    Raises
    ------
    UsageError
        No bars, or a symbol in two parts.
    DataError
        A daily or weekly bar lies on no session of its calendar, and strays are not to be left out.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> stocks = SyntheticMarket(n_symbols=1, n_bars=10).bars()
    >>> coins = SyntheticMarket(n_symbols=1, n_bars=14, calendar="24/7").bars()
    >>> coins = coins.with_frame(coins.frame.with_columns(symbol=pl.lit("COIN")))
    >>> panel = align([stocks, coins], DecisionClock("XNYS"))
    >>> panel.frame.group_by("symbol").agg(pl.col("age_minutes").first()).sort("symbol").rows()
    [('COIN', 1260), ('SYN001', 0)]
    """
    _check(parts, missed_bars_max)
    parts = [_on_sessions(part) if leave_out_strays else part for part in parts]
    parts = [part for part in parts if not part.frame.is_empty()]
    known = [closing_of(part.frame, part.timeframe, part.calendar).alias("known_at") for part in parts]
    first, last = min(k.min() for k in known), until or max(k.max() for k in known)  # type: ignore[type-var]
    moments = clock.moments(first, last)  # type: ignore[arg-type]
    rows = [_rows(part, k, moments, missed_bars_max) for part, k in zip(parts, known, strict=True)]
    frame = pl.concat(rows, how="diagonal").sort("symbol", "ts")
    if delisted:
        frame = _alive(frame, delisted)
    factors = {name: _periods_per_year(part) for part in parts for name in part.symbols}
    facts = [[part.data_version for part in parts], clock.calendar, str(clock.timeframe), str(clock.at), last]
    gone = sorted((name, end) for name, end in (delisted or {}).items())
    return Panel(frame, clock, factors, sha256_json([*facts, gone, missed_bars_max]))


def _on_sessions(part: Bars) -> Bars:
    """The same bars without those of days on which their market was closed."""
    if part.timeframe is not Timeframe.D1 or part.frame.is_empty():
        return part
    calendar = market_calendar(part.calendar)
    sessions = calendar.sessions(part.frame["ts"].min(), part.frame["ts"].max())  # type: ignore[arg-type]
    return part.with_frame(part.frame.filter(pl.col("ts").is_in(sessions.implode())))


def flag_groups(frame: pl.DataFrame, groups: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Add ``valid_<group>``: True where every column of the group is known. Nulls stay null.

    Parameters
    ----------
    frame : pl.DataFrame
    groups : mapping of str to sequence of str
        Group name to its columns, e.g. ``{"flows": ["foreign_net_5", "foreign_net_20"]}``.

    Examples
    --------
    >>> flag_groups(pl.DataFrame({"a": [1.0, None], "b": [2.0, 3.0]}), {"ab": ["a", "b"]})["valid_ab"].to_list()
    [True, False]
    """
    flags = [
        pl.all_horizontal(pl.col(name).is_not_null() for name in names).alias(f"{VALID}{group}")
        for group, names in groups.items()
    ]
    return frame.with_columns(flags)


def _check(parts: Sequence[Bars], missed_bars_max: int) -> None:
    if missed_bars_max < 0:
        raise UsageError(f"missed_bars_max={missed_bars_max} must be at least 0")
    if all(part.frame.is_empty() for part in parts):
        raise UsageError("a panel needs the bars of at least one market", fix="augury data list")
    owner: dict[str, str] = {}
    for part in parts:
        for name in part.symbols:
            if name in owner:
                raise UsageError(f"'{name}' has bars of {owner[name]} and of {part.calendar}: one market each")
            owner[name] = part.calendar


def _periods_per_year(part: Bars) -> float:
    return sessions_a_year(part.calendar) * part.timeframe.bars_per_session(market_calendar(part.calendar))


def _rows(part: Bars, known: pl.Series, moments: pl.DataFrame, missed_max: int) -> pl.DataFrame:
    bars = part.frame.rename({"ts": "bar_ts"}).with_columns(known)
    grid = pl.DataFrame({"symbol": part.symbols}).join(moments, how="cross")
    # A bar is used by its close alone; before its first bar a symbol has no row.
    rows = grid.join_asof(
        bars, left_on="decided_at", right_on="known_at", by="symbol", coalesce=False, check_sortedness=False
    ).filter(pl.col("known_at").is_not_null())
    missed = missed_bars(rows["known_at"], rows["decided_at"], part.timeframe, part.calendar)
    rows = rows.with_columns(
        pl.Series("missed_bars", missed, dtype=pl.Int32),
        ((pl.col("decided_at") - pl.col("known_at")).dt.total_minutes().cast(pl.Int32)).alias("age_minutes"),
        pl.lit(part.calendar).alias("calendar"),
    ).filter(pl.col("missed_bars") <= missed_max)
    prices = [name for name in _PRICES if name in part.frame.columns]
    fresh = pl.when(pl.col("missed_bars") == 0)
    values = rows.with_columns(fresh.then(pl.col(name)).alias(name) for name in (*prices, "volume"))
    flagged = flag_groups(values, {"price": ["close"], "volume": ["volume"]})
    return flagged.select(*_KEYS, "calendar", *prices, "volume", f"{VALID}price", f"{VALID}volume")


def _alive(frame: pl.DataFrame, delisted: Mapping[str, datetime]) -> pl.DataFrame:
    ends = pl.DataFrame(
        {"symbol": list(delisted), "·end": list(delisted.values())}, schema_overrides={"·end": TIMESTAMP}
    )
    joined = frame.join(ends, on="symbol", how="left", maintain_order="left")
    return joined.filter(pl.col("·end").is_null() | (pl.col("ts") <= pl.col("·end"))).drop("·end")

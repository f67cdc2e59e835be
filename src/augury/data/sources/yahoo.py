"""Yahoo Finance: daily and intraday bars, dividends and splits of most of the world's exchanges.

Asked at the chart address (version 8) that the ``yfinance`` package reads too. The package itself is
not used: without a network it answers an empty frame instead of an error, and its answers cannot be
bounded in time and size.

Prices are adjusted for splits; ``adj_close`` of daily bars for dividends as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import prod
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import Clock, SystemClock
from augury.core.errors import DataError, NotFound
from augury.core.timeframe import Timeframe
from augury.data.feeds.fetch import Fetcher
from augury.data.knowledge.actions import ACTION_SCHEMA, DIVIDEND, SPLIT
from augury.data.lake.stitching import together
from augury.data.sources._bars import between, canonical, in_utc, moments, named, offered, session_dates, shaped

_INTERVALS: Final = {
    Timeframe.M1: "1m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.H1: "1h",
    Timeframe.D1: "1d",
}
_REACH_DAYS: Final = {Timeframe.M1: 7, Timeframe.M5: 59, Timeframe.M15: 59, Timeframe.H1: 729}
"""How far back intraday bars go; an earlier start is moved here, because Yahoo refuses it."""
_BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)
_KINDS: Final = {"CRYPTOCURRENCY": "24/7", "CURRENCY": "24/5"}
_ZONES: Final = {
    "America/New_York": "XNYS",
    "America/Toronto": "XTSE",
    "Asia/Calcutta": "XBOM",
    "Asia/Hong_Kong": "XHKG",
    "Asia/Kolkata": "XBOM",
    "Asia/Tokyo": "XTKS",
    "Australia/Sydney": "XASX",
    "Europe/Amsterdam": "XAMS",
    "Europe/Berlin": "XFRA",
    "Europe/London": "XLON",
    "Europe/Paris": "XPAR",
    "Europe/Zurich": "XSWX",
}
"""The calendar of an exchange, by the zone that Yahoo names."""


@dataclass(frozen=True)
class Yahoo:
    """Bars of any symbol Yahoo knows, written as there: ``AAPL``, ``7203.T``, ``BTC-USD``, ``^GSPC``.

    Parameters
    ----------
    base : str
        Address of the server.
    fetcher : Fetcher
    clock : Clock
        Says how far back intraday bars reach.

    Examples
    --------
    >>> SOURCE.symbols(), SOURCE.adjustment, SOURCE.historical
    ([], 'split+adj', False)
    """

    base: str = "https://query1.finance.yahoo.com"
    fetcher: Fetcher = field(default_factory=Fetcher)
    clock: Clock = field(default_factory=SystemClock)
    name: str = "yahoo"
    title: str = "Yahoo Finance: stocks, indices, funds, currencies, crypto (network)"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "split+adj"
    timeframes: tuple[Timeframe, ...] = tuple(_INTERVALS)

    def symbols(self) -> list[str]:
        """None can be listed; any may be asked for."""
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Fetch bars, one request a symbol; the forming bar may be among them.

        Intraday bars are of the regular session, adjusted for splits only (``split``).

        Raises
        ------
        TemporaryError
            No usable answer in time.
        NotFound
            Yahoo has no such symbol, or no bar of it in the span.
        UsageError
            No symbol was named, or the timeframe is not offered.
        DataError
            The answer is about another symbol or of another shape.
        """
        offered(self, timeframe)
        wanted = named(self, symbols)
        return between(together([self._bars(symbol, timeframe, start, end) for symbol in wanted]), start, end)

    def actions(
        self, symbols: Sequence[str], *, start: datetime | None = None, end: datetime | None = None
    ) -> pl.DataFrame:
        """Fetch dividends and splits with an ex-date from ``start`` to ``end``.

        Yahoo divides a dividend by the splits after it; here it is told as it was paid.

        Returns
        -------
        pl.DataFrame
            Of ``augury.data.knowledge.actions.ACTION_SCHEMA``, sorted.

        Raises
        ------
        TemporaryError, NotFound, DataError
            As :meth:`load`.
        """
        parts = [pl.DataFrame(schema=ACTION_SCHEMA)]
        for symbol in named(self, symbols):
            # Asked up to now, whatever the end: the splits after it are needed to undo their division.
            chart = self._chart(symbol, Timeframe.D1, start, None)
            with shaped(self.name, symbol):
                parts.append(_actions(symbol, chart))
        found = pl.concat(parts).sort("symbol", "ex_date", "kind")
        if start is not None:
            found = found.filter(pl.col("ex_date") >= in_utc(start).date())
        return found if end is None else found.filter(pl.col("ex_date") <= in_utc(end).date())

    def _bars(self, symbol: str, timeframe: Timeframe, start: datetime | None, end: datetime | None) -> Bars:
        chart = self._chart(symbol, timeframe, start, end)
        with shaped(self.name, symbol):
            frame = _frame(symbol, chart, timeframe)
            calendar = _calendar(chart["meta"])
        if frame.is_empty():
            raise NotFound(f"source {self.name} has no {timeframe} bars for {symbol} in this span", symbol=symbol)
        adjustment = self.adjustment if timeframe is Timeframe.D1 else "split"
        return Bars(frame, timeframe, calendar=calendar, provider=self.name, adjustment=adjustment)

    def _chart(self, symbol: str, timeframe: Timeframe, start: datetime | None, end: datetime | None) -> Any:
        now = self.clock.now()
        last = min(in_utc(end), now) if end else now
        reach = _REACH_DAYS.get(timeframe)
        earliest = _BEGINNING if reach is None else now - timedelta(days=reach)
        first = max(in_utc(start), earliest) if start else earliest
        answer = self.fetcher.json(
            f"{self.base}/v8/finance/chart/{quote(symbol, safe='')}",
            {
                # A daily bar is dated 00:00 here and at the open there: a day more on both sides.
                "period1": int((first - timedelta(days=1 if reach is None else 0)).timestamp()),
                "period2": int((last + timedelta(days=1)).timestamp()),
                "interval": _INTERVALS[timeframe],
                "events": "div,split",
                "includePrePost": "false",
            },
        )
        with shaped(self.name, symbol):
            chart = answer["chart"]["result"][0]
            found, length = chart["meta"]["symbol"], chart["meta"]["dataGranularity"]
        if (found.upper(), length) != (symbol.upper(), _INTERVALS[timeframe]):
            raise DataError(
                f"source {self.name}: asked for {symbol} {_INTERVALS[timeframe]}, the answer is about {found} {length}",
                symbol=symbol,
            )
        return chart


def _calendar(meta: dict[str, Any]) -> str:
    zone = meta["exchangeTimezoneName"]
    found = _KINDS.get(meta.get("instrumentType", "")) or _ZONES.get(zone)
    if found is None:
        raise DataError(f"{meta['symbol']}: no calendar is known for the exchange zone {zone}")
    return found


def _frame(symbol: str, chart: dict[str, Any], timeframe: Timeframe) -> pl.DataFrame:
    quote_ = chart["indicators"]["quote"][0]
    opens = chart.get("timestamp", [])
    columns: dict[str, Any] = {"ts": moments(opens, per_second=1)}
    if timeframe is Timeframe.D1:
        columns["ts"] = session_dates(columns["ts"], chart["meta"]["exchangeTimezoneName"])
        columns["adj_close"] = chart["indicators"]["adjclose"][0].get("adjclose", [])
    columns |= {name: quote_.get(name, []) for name in ("open", "high", "low", "close", "volume")}
    live = 1 if _ends_live(columns["ts"], timeframe) else 0
    frame = canonical(symbol, {name: values[: len(opens) - live] for name, values in columns.items()})
    # A moment without any trade is answered as a row of nulls: there is no bar.
    return frame.filter(~pl.all_horizontal(pl.col("open", "high", "low", "close").is_null()))


def _ends_live(opens: pl.Series, timeframe: Timeframe) -> bool:
    """Say whether the last row is the state of this moment, told a second time behind the forming bar."""
    if opens.len() < 2:
        return False
    step = timedelta(minutes=timeframe.minutes or 1)
    return bool(opens[-1] - opens[-2] < step)


def _actions(symbol: str, chart: dict[str, Any]) -> pl.DataFrame:
    events, zone = chart.get("events", {}), ZoneInfo(chart["meta"]["exchangeTimezoneName"])
    splits = [
        (_day(row["date"], zone), row["numerator"] / row["denominator"]) for row in events.get("splits", {}).values()
    ]
    rows = [(symbol, day, SPLIT, float(ratio)) for day, ratio in splits]
    for row in events.get("dividends", {}).values():
        day = _day(row["date"], zone)
        later = prod(ratio for split_day, ratio in splits if split_day > day)
        rows.append((symbol, day, DIVIDEND, float(row["amount"] * later)))
    return pl.DataFrame(rows, schema=ACTION_SCHEMA, orient="row")


def _day(seconds: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(seconds, zone).date()


SOURCE = Yahoo()

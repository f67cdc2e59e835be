"""Alpaca: US stock bars with a free key (market data API, version 2).

Bars of the regular session only: hours before the open and after the close are left out, because
their bars would straddle the open. Longer intraday bars are made from ``m15`` for the same reason.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.clock import iso
from augury.core.errors import DataError, NotFound, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.feeds.fetch import Fetcher
from augury.data.sources._bars import between, canonical, in_utc, named, offered, session_dates, shaped

_LENGTHS: Final = {Timeframe.M1: "1Min", Timeframe.M5: "5Min", Timeframe.M15: "15Min", Timeframe.D1: "1Day"}
_ADJUSTMENTS: Final = {"raw": "raw", "split": "split", "full": "all"}
_BEGINNING: Final = datetime(2016, 1, 1, tzinfo=UTC)
"""Alpaca's history starts here; without a start it would answer the present day only."""
_ROWS_PER_PAGE: Final = 10_000
_PAGES_MAX: Final = 2_000
_FIELDS: Final = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}


@dataclass(frozen=True)
class Alpaca:
    """US stocks and funds.

    Parameters
    ----------
    base : str
        Address of the server.
    key, secret : str, optional
        Taken from ``ALPACA_API_KEY`` and ``ALPACA_SECRET_KEY`` when not given.
    feed : str
        ``iex`` (free, one exchange: its volume is a small part of the market's) or ``sip``.
    adjustment : str
        ``split`` (default), ``raw`` or ``full``.
    fetcher : Fetcher

    Examples
    --------
    >>> SOURCE.adjustment, SOURCE.timeframes[-1].value
    ('split', 'd1')
    """

    base: str = "https://data.alpaca.markets"
    key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    feed: str = "iex"
    adjustment: str = "split"
    fetcher: Fetcher = field(default_factory=Fetcher)
    name: str = "alpaca"
    title: str = "Alpaca: US stocks and funds since 2016 (network, free key)"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    timeframes: tuple[Timeframe, ...] = tuple(_LENGTHS)

    def __post_init__(self) -> None:
        if self.adjustment not in _ADJUSTMENTS:
            raise UsageError(f"source alpaca: adjustment '{self.adjustment}' is none of {', '.join(_ADJUSTMENTS)}")

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
        """Fetch bars of all symbols together, page after page; the forming bar may be among them.

        Raises
        ------
        TemporaryError
            No usable answer in time.
        UsageError
            No key, a refused key, no symbol named, or the timeframe is not offered.
        NotFound
            Alpaca has no bar of a symbol in the span.
        DataError
            The answer is of another shape.
        """
        length = _LENGTHS[offered(self, timeframe)]
        wanted = named(self, symbols)
        rows = self._pages(wanted, length, start, end)
        absent = [symbol for symbol in wanted if not rows.get(symbol)]
        if absent:
            raise NotFound(
                f"source alpaca has no {timeframe} bars for {', '.join(absent)} in this span", symbols=absent
            )
        with shaped(self.name, ", ".join(wanted)):
            frame = pl.concat([_frame(symbol, rows[symbol], timeframe) for symbol in wanted])
        if timeframe is not Timeframe.D1:
            frame = _regular(frame, self.calendar)
        bars = Bars(frame, timeframe, calendar=self.calendar, provider=self.name, adjustment=self.adjustment)
        return between(bars, start, end)

    def _pages(
        self, symbols: Sequence[str], length: str, start: datetime | None, end: datetime | None
    ) -> dict[str, list[Any]]:
        key, secret = _pair(self.key, self.secret)
        params: dict[str, str | int] = {
            "symbols": ",".join(symbols),
            "timeframe": length,
            "start": iso(in_utc(start or _BEGINNING)),
            "adjustment": _ADJUSTMENTS[self.adjustment],
            "feed": self.feed,
            "limit": _ROWS_PER_PAGE,
        }
        if end is not None:
            # A daily bar is dated 00:00 UTC here and 00:00 New York there: a few hours later.
            params["end"] = iso(in_utc(end) + timedelta(hours=6 if length == "1Day" else 0))
        rows: dict[str, list[Any]] = {}
        for _ in range(_PAGES_MAX):
            page = self.fetcher.json(
                f"{self.base}/v2/stocks/bars",
                params,
                headers={"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret},
                secrets=(key, secret),
            )
            with shaped(self.name, ", ".join(symbols)):
                for symbol, bars in (page["bars"] or {}).items():
                    rows.setdefault(symbol, []).extend(bars)
                token = page["next_page_token"]
            if not token:
                return rows
            params["page_token"] = token
        raise DataError(f"source alpaca: still no last page after {_PAGES_MAX:,}; ask for a shorter span")


def _pair(key: str | None, secret: str | None) -> tuple[str, str]:
    found = key or os.environ.get("ALPACA_API_KEY", ""), secret or os.environ.get("ALPACA_SECRET_KEY", "")
    if not all(found):
        raise UsageError(
            "source alpaca needs a key and its secret: ALPACA_API_KEY and ALPACA_SECRET_KEY are not both set",
            fix="export ALPACA_API_KEY=... ALPACA_SECRET_KEY=...",
        )
    return found


def _frame(symbol: str, rows: Sequence[dict[str, Any]], timeframe: Timeframe) -> pl.DataFrame:
    opens = pl.Series("ts", [row["t"] for row in rows], pl.String()).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%#z", time_unit="us", time_zone="UTC"
    )
    if timeframe is Timeframe.D1:
        # Stamped midnight in New York: 04:00 or 05:00 UTC.
        opens = session_dates(opens, "America/New_York")
    values = {name: [row[short] for row in rows] for name, short in _FIELDS.items()}
    return canonical(symbol, {"ts": opens.cast(TIMESTAMP), **values})


def _regular(frame: pl.DataFrame, calendar: str) -> pl.DataFrame:
    """Keep the bars that open within a session."""
    opens = frame["ts"]
    hours = market_calendar(calendar).schedule(opens.min(), opens.max())  # type: ignore[arg-type]
    hours = hours.select(pl.col("session").dt.date().alias("day"), "opens_at", "closes_at")
    placed = frame.with_columns(pl.col("ts").dt.date().alias("day")).join(hours, on="day", how="inner")
    inside = placed.filter((pl.col("ts") >= pl.col("opens_at")) & (pl.col("ts") < pl.col("closes_at")))
    return inside.select(frame.columns).sort("symbol", "ts")


SOURCE = Alpaca()

"""Crypto exchanges through the ``ccxt`` package: one grammar for more than a hundred of them.

The package is asked for on use, in an extra of its own (``crypto``): it pins many others exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import Clock, SystemClock
from augury.core.errors import DataError, NotFound, TemporaryError, UnknownName
from augury.core.extras import require
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Timeframe
from augury.data.feeds.fetch import Fetcher, Passing
from augury.data.sources._bars import between, canonical, in_utc, moments, named, offered, shaped

_NAMES: Final = {
    Timeframe.M1: "1m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.H1: "1h",
    Timeframe.H4: "4h",
    Timeframe.D1: "1d",
    Timeframe.W1: "1w",
}
_FIELDS: Final = ("open", "high", "low", "close", "volume")
_ROWS_PER_PAGE: Final = 1_000
_PAGES_MAX: Final = 10_000


@dataclass(frozen=True)
class CryptoExchange:
    """Bars of the pairs of one exchange, written ``BTC/USDT``.

    Parameters
    ----------
    exchange : str
        As ``ccxt`` names it, e.g. ``binance``, ``coinbase``, ``kraken`` (which answers its newest
        720 bars only).
    settings : dict
        Handed to the exchange of ``ccxt``, e.g. ``{"urls": …}`` or ``{"proxies": …}``.
    fetcher : Fetcher
        Says how patiently a page is asked for.
    clock : Clock
        Says where the bars end.

    Examples
    --------
    >>> SOURCE.calendar, SOURCE.timeframes[-1].value
    ('24/7', 'w1')
    """

    exchange: str = "binance"
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    fetcher: Fetcher = field(default_factory=Fetcher)
    clock: Clock = field(default_factory=SystemClock)
    name: str = "ccxt"
    title: str = "Crypto exchanges (network, package ccxt)"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "24/7"
    adjustment: str = "raw"
    timeframes: tuple[Timeframe, ...] = tuple(_NAMES)

    def symbols(self) -> list[str]:
        """None are listed without a network; any pair of the exchange may be asked for."""
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Fetch bars page after page, oldest first; the forming bar may be among them.

        Raises
        ------
        MissingExtra
            ``ccxt`` is not installed.
        UnknownName
            It knows no such exchange.
        NotFound
            The exchange has no such pair, or no bar of it in the span.
        TemporaryError
            No usable answer in time.
        UsageError
            No symbol was named.
        """
        offered(self, timeframe)
        wanted = named(self, symbols)
        ccxt = require("ccxt", extra="crypto")
        market = self._market(ccxt)
        parts = [self._bars(ccxt, market, symbol, timeframe, start, end) for symbol in wanted]
        bars = Bars(pl.concat(parts), timeframe, calendar=self.calendar, provider=self.name, adjustment=self.adjustment)
        return between(bars, start, end)

    def _market(self, ccxt: ModuleType) -> Any:
        if self.exchange not in ccxt.exchanges:
            hint = did_you_mean(self.exchange, ccxt.exchanges)
            raise UnknownName(f"ccxt knows no exchange '{self.exchange}'{hint}", name=self.exchange)
        timeout_ms = int(self.fetcher.limits.read_s * 1000)
        return getattr(ccxt, self.exchange)({"enableRateLimit": True, "timeout": timeout_ms, **self.settings})

    def _bars(
        self,
        ccxt: ModuleType,
        market: Any,
        symbol: str,
        timeframe: Timeframe,
        start: datetime | None,
        end: datetime | None,
    ) -> pl.DataFrame:
        until = min(in_utc(end), self.clock.now()) if end else self.clock.now()
        first_ms = int(in_utc(start).timestamp() * 1000) if start else 0

        def page(since_ms: int) -> list[list[Any]]:
            def ask(_: float) -> list[list[Any]]:
                return _asked(ccxt, lambda: market.fetch_ohlcv(symbol, _NAMES[timeframe], since_ms, _ROWS_PER_PAGE))

            return self.fetcher.patiently(f"{self.exchange} {symbol}", ask)

        with shaped(self.name, symbol):
            rows = [row for rows in _pages(page, first_ms, int(until.timestamp() * 1000)) for row in rows]
            values = {name: [row[at] for row in rows] for at, name in enumerate(_FIELDS, start=1)}
            frame = canonical(symbol, {"ts": moments([row[0] for row in rows], per_second=1000), **values})
        if frame.is_empty():
            raise NotFound(f"source ccxt: {self.exchange} has no {timeframe} bars for {symbol} in this span")
        return frame


def _pages(page: Callable[[int], list[list[Any]]], first_ms: int, last_ms: int) -> Iterator[list[list[Any]]]:
    """Ask on from behind the newest bar until a page is empty or reaches the end."""
    since_ms = first_ms
    for _ in range(_PAGES_MAX):
        rows = page(since_ms)
        if not rows or rows[-1][0] < since_ms:
            return
        yield rows
        since_ms = rows[-1][0] + 1
        if since_ms > last_ms:
            return
    raise DataError(
        f"source ccxt: still no last page after {_PAGES_MAX:,}, at {datetime.fromtimestamp(since_ms / 1000, UTC)}"
    )


def _asked(ccxt: ModuleType, call: Callable[[], list[list[Any]]]) -> list[list[Any]]:
    """Call the exchange, its errors told as ours; its words may hold an address, so only their kind is kept."""
    try:
        return call()
    except ccxt.BadSymbol as error:
        raise NotFound("the exchange has no such pair") from error
    except ccxt.NetworkError as error:
        raise Passing(f"not answered ({type(error).__name__})") from error
    except ccxt.BaseError as error:
        raise TemporaryError(f"refused ({type(error).__name__})") from error


SOURCE = CryptoExchange()

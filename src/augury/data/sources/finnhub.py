"""Finnhub: company news with the second each was published."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

import polars as pl

from augury.core.bars import TIMESTAMP, check_symbol
from augury.core.clock import Clock, SystemClock
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.feeds.fetch import Fetcher
from augury.data.sources._bars import in_utc, moments, shaped

SCHEMA: Final = {
    "symbol": pl.String(),
    "published_at": TIMESTAMP,
    "headline": pl.String(),
    "summary": pl.String(),
    "url": pl.String(),
}
_TEXTS: Final = ("headline", "summary", "url")
_REACH_DAYS: Final = 365
"""How far back the free plan goes; also the span asked for without a start."""
_DAYS_PER_REQUEST: Final = 30
"""A longer span would be cut by Finnhub without a word."""


@dataclass(frozen=True)
class Finnhub:
    """Headlines and summaries of North American companies.

    Parameters
    ----------
    base : str
        Address of the server.
    key : str, optional
        Taken from ``FINNHUB_API_KEY`` when not given; everything else works without one.
    fetcher : Fetcher
    clock : Clock
        Says where the span ends when none was asked for.

    Examples
    --------
    >>> SOURCE.timeframes, list(SCHEMA)[:2]
    ((), ['symbol', 'published_at'])
    """

    base: str = "https://finnhub.io"
    key: str | None = field(default=None, repr=False)
    fetcher: Fetcher = field(default_factory=Fetcher)
    clock: Clock = field(default_factory=SystemClock)
    name: str = "finnhub"
    title: str = "Finnhub: company news (network, free key)"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "unknown"
    timeframes: tuple[Timeframe, ...] = ()

    def symbols(self) -> list[str]:
        """None can be listed; news of any company may be asked for."""
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> NoReturn:
        """Refuse: there are no bars here, :meth:`read` gives the news.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError("source finnhub gives news, not bars: read it with augury.data.sources.finnhub")

    def read(self, names: Sequence[str], *, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """Fetch the news of companies; no news is an empty frame, a failure never is.

        Parameters
        ----------
        names : sequence of str
            Symbols.
        start, end : datetime, optional
            First and last moment of publication; the past year when not given.

        Returns
        -------
        pl.DataFrame
            ``symbol, published_at`` (UTC, to the second), ``headline, summary, url``; sorted, each
            story once. A story without a moment of publication was never known: it is left out.

        Raises
        ------
        UsageError
            No symbol was named, no key is set, or Finnhub refuses it.
        TemporaryError
            No usable answer in time.
        DataError
            The answer is of another shape.
        """
        if not names:
            raise UsageError("source finnhub: name the symbols to read news of, e.g. AAPL")
        key = self.key or os.environ.get("FINNHUB_API_KEY", "")
        if not key:
            raise UsageError("source finnhub needs a key: FINNHUB_API_KEY is not set", fix="export FINNHUB_API_KEY=...")
        last = in_utc(end) if end else self.clock.now()
        first = in_utc(start) if start else last - timedelta(days=_REACH_DAYS)
        parts = [self._news(check_symbol(name), key, first, last) for name in sorted(set(names))]
        return pl.concat(parts).unique().sort("symbol", "published_at", "headline", "url")

    def _news(self, symbol: str, key: str, first: datetime, last: datetime) -> pl.DataFrame:
        rows: list[dict[str, Any]] = []
        since = first.date()
        while since <= last.date():
            until = min(since + timedelta(days=_DAYS_PER_REQUEST), last.date())
            found = self.fetcher.json(
                f"{self.base}/api/v1/company-news",
                {"symbol": symbol, "from": since.isoformat(), "to": until.isoformat()},
                headers={"X-Finnhub-Token": key},
                secrets=(key,),
            )
            with shaped(self.name, symbol):
                rows += [{name: row[name] for name in ("datetime", *_TEXTS)} for row in found]
            since = until + timedelta(days=1)
        with shaped(self.name, symbol):
            return _frame(symbol, rows).filter(pl.col("published_at").is_between(first, last))


def _frame(symbol: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    # A story without a time comes as 0: its moment is unknown, not 1970 and not now.
    placed = [row for row in rows if row["datetime"]]
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(placed),
            "published_at": moments([row["datetime"] for row in placed], per_second=1),
            **{name: [row[name] for row in placed] for name in _TEXTS},
        },
        schema=SCHEMA,
    )


SOURCE = Finnhub()

"""FRED: macro series of the Federal Reserve Bank of St. Louis, every value as first published and as revised.

A value counts as known from the end of the day on which FRED first showed it: the hour is not told,
and an early guess would be a look into the future.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NoReturn

import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.feeds.fetch import Fetcher
from augury.data.sources._bars import in_utc, shaped

SCHEMA: Final = {"series": pl.String(), "observed": TIMESTAMP, "available_at": TIMESTAMP, "value": pl.Float64()}
_ROWS_PER_PAGE: Final = 100_000
_ALWAYS: Final = "9999-12-31"
_ZONE: Final = "America/Chicago"


@dataclass(frozen=True)
class Fred:
    """Macro series with the moment each value was published.

    Parameters
    ----------
    base : str
        Address of the server.
    key : str, optional
        Taken from ``FRED_API_KEY`` when not given.
    vintages_since : date
        Values published earlier are given as of this day, so never too early. FRED answers at most
        2,000 vintages at once: for a daily series take a day within the last seven years.
    fetcher : Fetcher

    Examples
    --------
    >>> SOURCE.timeframes, list(SCHEMA)
    ((), ['series', 'observed', 'available_at', 'value'])
    """

    base: str = "https://api.stlouisfed.org"
    key: str | None = field(default=None, repr=False)
    vintages_since: date = date(1776, 7, 4)
    fetcher: Fetcher = field(default_factory=Fetcher)
    name: str = "fred"
    title: str = "FRED: macro series with their vintages (network, free key)"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "unknown"
    timeframes: tuple[Timeframe, ...] = ()

    def symbols(self) -> list[str]:
        """None: it has series, not symbols."""
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> NoReturn:
        """Refuse: there are no bars here, :meth:`read` gives the series.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError("source fred gives macro series, not bars: read them with augury.data.sources.fred")

    def read(self, names: Sequence[str], *, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """Fetch series with all their vintages.

        Parameters
        ----------
        names : sequence of str
            As FRED writes them, e.g. ``CPIAUCSL``.
        start, end : datetime, optional
            First and last observation date.

        Returns
        -------
        pl.DataFrame
            ``series, observed`` (the date the value is about), ``available_at`` (when it was known;
            a revision is a later row) and ``value`` (null where FRED has none), sorted.

        Raises
        ------
        UsageError
            No series was named, no key is set, or FRED refuses the request.
        TemporaryError
            No usable answer in time.
        DataError
            The answer is of another shape.
        """
        if not names:
            raise UsageError("source fred: name the series to read, e.g. CPIAUCSL")
        key = self.key or os.environ.get("FRED_API_KEY", "")
        if not key:
            raise UsageError("source fred needs a key: FRED_API_KEY is not set", fix="export FRED_API_KEY=...")
        parts = [self._series(name, key, start, end) for name in sorted(set(names))]
        return pl.concat(parts).sort("series", "observed", "available_at")

    def _series(self, name: str, key: str, start: datetime | None, end: datetime | None) -> pl.DataFrame:
        params: dict[str, str | int] = {
            "series_id": name,
            "api_key": key,
            "file_type": "json",
            "realtime_start": self.vintages_since.isoformat(),
            "realtime_end": _ALWAYS,
            "limit": _ROWS_PER_PAGE,
        }
        params |= {"observation_start": in_utc(start).date().isoformat()} if start else {}
        params |= {"observation_end": in_utc(end).date().isoformat()} if end else {}
        rows: list[dict[str, Any]] = []
        while True:
            page = self.fetcher.json(
                f"{self.base}/fred/series/observations", params | {"offset": len(rows)}, secrets=(key,)
            )
            with shaped(self.name, name):
                rows += page["observations"]
                done = len(rows) >= page["count"] or not page["observations"]
            if done:
                break
        with shaped(self.name, name):
            return _frame(name, rows)


def _frame(name: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    texts = pl.DataFrame(
        {
            "observed": [row["date"] for row in rows],
            "shown": [row["realtime_start"] for row in rows],
            "value": [None if row["value"] == "." else row["value"] for row in rows],
        },
        schema=dict.fromkeys(("observed", "shown", "value"), pl.String()),
    )
    midnight = pl.col("observed", "shown").str.to_datetime("%Y-%m-%d", time_unit="us")
    next_day = pl.col("shown").dt.offset_by("1d").dt.replace_time_zone(_ZONE).dt.convert_time_zone("UTC")
    return texts.with_columns(midnight).select(
        pl.lit(name).alias("series"),
        pl.col("observed").dt.replace_time_zone("UTC"),
        next_day.alias("available_at"),
        pl.col("value").cast(pl.Float64()),
    )


SOURCE = Fred()

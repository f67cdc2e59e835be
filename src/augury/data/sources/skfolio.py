"""Twenty large US stocks, daily closes 1990-2022, shipped with the ``skfolio`` package.

Only closes are real: open, high, low and volume stay null, and features that need them are absent.
The package itself is not imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import CorruptStore
from augury.core.extras import package_folder
from augury.core.timeframe import Timeframe
from augury.data.sources._asked import asked
from augury.data.sources._bars import between, offered

_SYMBOLS: Final = (
    "AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO",
    "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM",
)  # fmt: skip


@dataclass(frozen=True)
class SkfolioStocks:
    """Twenty adjusted close histories; real, close only, no network.

    Examples
    --------
    >>> len(SOURCE.symbols()), SOURCE.historical
    (20, True)
    """

    name: str = "skfolio"
    title: str = "20 large US stocks, daily closes 1990-2022 (package skfolio)"
    synthetic: bool = False
    historical: bool = True
    calendar: str = "XNYS"
    adjustment: str = "full"
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)

    def symbols(self) -> list[str]:
        """Symbols this source can give."""
        return list(_SYMBOLS)

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Read canonical close-only daily bars.

        Raises
        ------
        MissingExtra
            ``skfolio`` is not installed.
        UnknownName
            Another symbol was asked for.
        UsageError
            Another timeframe was asked for.
        NotFound
            There is no bar in the span.
        CorruptStore
            The data file of the package is damaged or of another shape.
        """
        offered(self, timeframe)
        wanted = asked(self.name, _SYMBOLS, symbols)
        path = package_folder("skfolio", extra="portfolio") / "datasets" / "data" / "sp500_dataset.csv.gz"
        try:
            wide = pl.read_csv(path, schema_overrides=dict.fromkeys(_SYMBOLS, pl.Float64()))
            dates = pl.col("Date").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC").alias("ts")
            frame = wide.select(dates, *wanted).unpivot(index="ts", variable_name="symbol", value_name="close")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise CorruptStore(
                f"{path.name} of package skfolio cannot be read: {str(error).splitlines()[0]}",
                fix='pip install --force-reinstall "augury[portfolio]"',
                path=str(path),
            ) from error
        absent = [pl.lit(None, pl.Float64()).alias(name) for name in ("open", "high", "low", "volume")]
        frame = frame.drop_nulls("close").with_columns(absent).select(*BAR_SCHEMA).sort("symbol", "ts")
        bars = Bars(frame, timeframe, self.calendar, self.name, self.adjustment, close_only=True)
        return between(bars, start, end)


SOURCE = SkfolioStocks()

"""S&P 500 and Nasdaq Composite, daily 1999-2018, shipped with the ``arch`` package.

Read straight from its data files; the package itself is not imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.bars import BAR_SCHEMA, TIMESTAMP, Bars
from augury.core.errors import CorruptStore
from augury.core.extras import package_folder
from augury.core.timeframe import Timeframe
from augury.data.sources._asked import asked
from augury.data.sources._bars import between, offered

_FILES: Final = {"^GSPC": "sp500", "^IXIC": "nasdaq"}
_COLUMNS: Final = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Volume": "volume",
    "Adj Close": "adj_close",
}


@dataclass(frozen=True)
class ArchIndices:
    """Two index histories with volume; real bars, no network.

    Examples
    --------
    >>> SOURCE.symbols(), SOURCE.synthetic
    (['^GSPC', '^IXIC'], False)
    """

    name: str = "arch"
    title: str = "S&P 500 and Nasdaq Composite, daily 1999-2018 (package arch)"
    synthetic: bool = False
    historical: bool = True
    calendar: str = "XNYS"
    adjustment: str = "split+adj"
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)

    def symbols(self) -> list[str]:
        """Symbols this source can give."""
        return sorted(_FILES)

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Read canonical daily bars.

        Raises
        ------
        MissingExtra
            ``arch`` is not installed.
        UnknownName
            Another symbol was asked for.
        UsageError
            Another timeframe was asked for.
        NotFound
            There is no bar in the span.
        CorruptStore
            A data file of the package is damaged or of another shape.
        """
        offered(self, timeframe)
        wanted = asked(self.name, list(_FILES), symbols)
        folder = package_folder("arch", extra="stats") / "data"
        parts = [_read(folder / _FILES[name] / f"{_FILES[name]}.csv.gz", name) for name in wanted]
        bars = Bars(pl.concat(parts), timeframe, self.calendar, self.name, self.adjustment)
        return between(bars, start, end)


def _read(path: Path, symbol: str) -> pl.DataFrame:
    try:
        raw = pl.read_csv(path, schema_overrides=dict.fromkeys(_COLUMNS, pl.Float64()))
        dates = pl.col("Date").str.to_date("%m/%d/%Y").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        frame = raw.select(
            pl.lit(symbol).alias("symbol"),
            dates.cast(TIMESTAMP).alias("ts"),
            *(pl.col(column).alias(name) for column, name in _COLUMNS.items()),
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CorruptStore(
            f"{path.name} of package arch cannot be read: {str(error).splitlines()[0]}",
            fix='pip install --force-reinstall "augury[stats]"',
            path=str(path),
        ) from error
    return frame.select(*BAR_SCHEMA, "adj_close").sort("ts")


SOURCE = ArchIndices()

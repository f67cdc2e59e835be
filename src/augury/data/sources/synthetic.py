"""The default synthetic market: invented bars with a planted signal, offered like any source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe
from augury.data.sources._asked import asked
from augury.data.sources._bars import between, offered
from augury.data.synthetic import SyntheticMarket


@dataclass(frozen=True)
class SyntheticSource:
    """A seeded market; every bar says it is synthetic.

    Parameters
    ----------
    market : SyntheticMarket
        What is generated.

    Examples
    --------
    >>> SOURCE.symbols()[:2], SOURCE.synthetic
    (['SYN001', 'SYN002'], True)
    """

    market: SyntheticMarket = field(default_factory=SyntheticMarket)
    name: str = "synthetic"
    title: str = "synthetic market with a planted signal (invented bars)"
    synthetic: bool = True
    historical: bool = True
    calendar: str = "XNYS"

    @property
    def adjustment(self) -> str:
        """``raw`` when splits are planted, else ``full``."""
        return "raw" if self.market.splits else "full"

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """The market's own."""
        return (self.market.timeframe,)

    def symbols(self) -> list[str]:
        """Symbols this source can give."""
        return self.market.names

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Generate canonical bars, marked synthetic.

        Raises
        ------
        UnknownName
            Another symbol was asked for.
        UsageError
            Another timeframe was asked for.
        NotFound
            There is no bar in the span.
        """
        offered(self, timeframe)
        wanted = asked(self.name, self.market.names, symbols)
        bars = self.market.bars()
        return between(bars.with_frame(bars.frame.filter(pl.col("symbol").is_in(wanted))), start, end)


SOURCE = SyntheticSource()

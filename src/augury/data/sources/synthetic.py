"""The default synthetic market: invented bars with a planted signal, offered like any source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from augury.core.bars import Bars
from augury.data.sources._asked import asked
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

    def symbols(self) -> list[str]:
        """Symbols this source can give."""
        return self.market.names

    def load(self, symbols: Sequence[str] | None = None) -> Bars:
        """Generate canonical bars, marked synthetic.

        Raises
        ------
        UnknownName
            Another symbol was asked for.
        """
        wanted = asked(self.name, self.market.names, symbols)
        bars = self.market.bars()
        return bars.with_frame(bars.frame.filter(pl.col("symbol").is_in(wanted)))


SOURCE = SyntheticSource()

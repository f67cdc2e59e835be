"""A cell: the unit that is trained, judged and forecast on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from augury.core.bars import check_symbol
from augury.core.labelspec import default_horizons
from augury.core.timeframe import Horizon, Timeframe


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One symbol, timeframe and horizon.

    Examples
    --------
    >>> str(Cell("^GSPC", "d1", "5d"))
    '^GSPC d1 5d'
    """

    symbol: str
    timeframe: str
    horizon: str

    @property
    def train_command(self) -> str:
        """The command that trains this cell.

        Examples
        --------
        >>> Cell("SPY", "d1", "5d").train_command
        'augury train --symbol SPY --timeframe d1'
        >>> Cell("SPY", "d1", "7d").train_command
        'augury train --symbol SPY --timeframe d1 --horizon 7d'
        """
        listed = {str(horizon) for horizon in default_horizons(Timeframe.parse(self.timeframe))}
        own = "" if self.horizon in listed else f" --horizon {self.horizon}"
        return f"augury train --symbol {self.symbol} --timeframe {self.timeframe}{own}"

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} {self.horizon}"


def plan_cells(symbols: Sequence[str], timeframes: Sequence[str], horizons: Sequence[str] = ()) -> list[Cell]:
    """List the cells of a request, names checked, spelling made canonical.

    Parameters
    ----------
    symbols, timeframes : sequence of str
    horizons : sequence of str
        Empty means each timeframe's own list.

    Raises
    ------
    UnknownName, UsageError
        A malformed symbol, timeframe or horizon.

    Examples
    --------
    >>> [str(cell) for cell in plan_cells(["SPY"], ["1d"], ["5d", "1w"])]
    ['SPY d1 5d', 'SPY d1 1w']
    """
    cells = []
    for symbol in symbols:
        check_symbol(symbol)
        for text in timeframes:
            timeframe = Timeframe.parse(text)
            wanted = [Horizon.parse(horizon) for horizon in horizons] or default_horizons(timeframe)
            cells += [Cell(symbol, str(timeframe), str(horizon)) for horizon in wanted]
    return list(dict.fromkeys(cells))

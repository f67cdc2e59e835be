"""IsBuy and IsSell: is a return among the best or worst of the rows the model was fitted on?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.tables import FORWARD_RETURN
from augury.core.typing import Json

FIT_ROWS_MIN: Final = 50
"""Fewer known returns say too little about a percentile."""


@dataclass(frozen=True)
class PercentileLabels:
    """Fitted limits: a row is ``IsBuy`` above the upper one, ``IsSell`` below the lower one.

    Made by :func:`fit_percentiles` on the fit slice of one fold; nothing about other rows can reach it.

    Parameters
    ----------
    buy_percentile, sell_percentile : float
        The percentiles asked for, in per cent.
    buy_return, sell_return : float
        The returns found at them, fractions.
    n_fit : int
        Known returns they were found in.
    column : str
        Column of forward returns.
    """

    buy_percentile: float
    sell_percentile: float
    buy_return: float
    sell_return: float
    n_fit: int
    column: str = FORWARD_RETURN

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add ``IsBuy`` and ``IsSell``; where the return is not known both are null, never False.

        Parameters
        ----------
        frame : pl.DataFrame
            Rows of any slice, with the column of forward returns.

        Raises
        ------
        UsageError
            The column is not there.
        """
        if self.column not in frame.columns:
            raise UsageError(f"labels from percentiles read '{self.column}', found {frame.columns}")
        value = pl.when(pl.col(self.column).is_finite()).then(pl.col(self.column))
        return frame.with_columns((value > self.buy_return).alias("IsBuy"), (value < self.sell_return).alias("IsSell"))

    def to_json(self) -> Json:
        """Write as a JSON object, to be stored with the model."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, value: Json) -> PercentileLabels:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)


def fit_percentiles(
    frame: pl.DataFrame, buy: float = 60.0, sell: float = 40.0, column: str = FORWARD_RETURN
) -> PercentileLabels:
    """Find the limits in the rows of the fit slice.

    Parameters
    ----------
    frame : pl.DataFrame
        Rows of the fit slice only; unknown returns are left out.
    buy, sell : float
        Percentiles in per cent, ``0 < sell < buy < 100``; further apart labels fewer rows; 55 and 45 suit returns in
        units of volatility.
    column : str
        Column of forward returns.

    Returns
    -------
    PercentileLabels
        To be used on the fit slice and on every later one.

    Raises
    ------
    UsageError
        Percentiles out of order, or no such column.
    InsufficientHistory
        Fewer than 50 known returns.

    Examples
    --------
    >>> fitted = fit_percentiles(pl.DataFrame({"fwd_ret": [k / 100 for k in range(101)]}))
    >>> fitted.sell_return, fitted.buy_return
    (0.4, 0.6)
    >>> fitted.transform(pl.DataFrame({"fwd_ret": [0.1, 0.5, 0.9, None]}))["IsBuy"].to_list()
    [False, False, True, None]
    """
    if not (0 < sell < buy < 100 and math.isfinite(buy)):
        raise UsageError(f"percentiles sell={sell} and buy={buy} must lie in order between 0 and 100")
    if column not in frame.columns:
        raise UsageError(f"labels from percentiles read '{column}', found {frame.columns}")
    known = frame[column].cast(pl.Float64).drop_nulls()
    known = known.filter(known.is_finite())
    if len(known) < FIT_ROWS_MIN:
        raise InsufficientHistory(f"{len(known)} known returns in the fit slice, percentiles need {FIT_ROWS_MIN}")
    high, low = (known.quantile(percent / 100.0, interpolation="linear") for percent in (buy, sell))
    if high is None or low is None or high <= low:
        raise UsageError(f"percentiles {sell} and {buy} of the fit slice are both {high}: nothing tells buy from sell")
    return PercentileLabels(buy, sell, float(high), float(low), len(known), column)

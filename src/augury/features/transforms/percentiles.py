"""Sort columns into classes by percentiles of the fit slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import polars as pl

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.features.fitted import measured, quantiles_of


@dataclass(frozen=True)
class Percentiles:
    """Class of a value: how many of the column's thresholds it exceeds.

    Parameters
    ----------
    thresholds : tuple of (str, tuple of float)
        Column, and its values at the percentiles, ascending.
    """

    thresholds: tuple[tuple[str, tuple[float, ...]], ...]

    @classmethod
    def fit(
        cls, rows: pl.DataFrame, *, columns: tuple[str, ...] | None = None, shares: tuple[float, ...] = (0.33, 0.67)
    ) -> Self:
        """Find the values of each column at some percentiles.

        Parameters
        ----------
        rows : pl.DataFrame
            Rows of the fit slice.
        columns : tuple of str, optional
            Default: every float column.
        shares : tuple of float
            Ascending, each in (0, 1); one class more than there are shares.

        Raises
        ------
        UsageError
            Shares out of range or order, an unknown column, or one without a value on these rows.
        """
        if not shares or list(shares) != sorted({share for share in shares if 0.0 < share < 1.0}):
            raise UsageError(f"shares={shares} do not ascend within 0 and 1")
        return cls(tuple((name, quantiles_of(rows[name], tuple(shares))) for name in measured(rows, columns)))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the classes 0, 1, 2 … as float64; a null stays null."""
        return frame.select("symbol", "ts", *(_class(name, found) for name, found in self.thresholds))

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"thresholds": {name: list(found) for name, found in self.thresholds}}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple((name, tuple(found)) for name, found in value["thresholds"].items()))


def _class(name: str, thresholds: tuple[float, ...]) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64).fill_nan(None)
    above = [(value > threshold).cast(pl.Float64) for threshold in thresholds]
    return pl.sum_horizontal(above, ignore_nulls=False).alias(name)


TRANSFORM = Percentiles

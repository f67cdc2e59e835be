"""Pull the tails of columns in to what they were on the fit slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import polars as pl

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.features.fitted import measured, quantiles_of


@dataclass(frozen=True)
class Winsor:
    """Limit each column to two of its quantiles.

    Parameters
    ----------
    limits : tuple of (str, float, float)
        Column, lowest and highest value let through.
    """

    limits: tuple[tuple[str, float, float], ...]

    @classmethod
    def fit(cls, rows: pl.DataFrame, *, columns: tuple[str, ...] | None = None, share: float = 0.02) -> Self:
        """Find the quantiles ``share`` and ``1 - share`` of each column.

        Parameters
        ----------
        rows : pl.DataFrame
            Rows of the fit slice.
        columns : tuple of str, optional
            Default: every float column.
        share : float
            Of the rows on each side, in (0, 0.5); larger tames outliers more.

        Raises
        ------
        UsageError
            A share out of range, an unknown column, or one without a value on these rows.
        """
        if not 0.0 < share < 0.5:
            raise UsageError(f"share={share} of a tail is not between 0 and 0.5")
        return cls(tuple((n, *quantiles_of(rows[n], (share, 1.0 - share))) for n in measured(rows, columns)))  # type: ignore[misc]

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the limited columns; a null stays null."""
        limited = [pl.col(n).cast(pl.Float64).fill_nan(None).clip(low, high) for n, low, high in self.limits]
        return frame.select("symbol", "ts", *limited)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"limits": {name: [low, high] for name, low, high in self.limits}}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple((name, low, high) for name, (low, high) in value["limits"].items()))


TRANSFORM = Winsor

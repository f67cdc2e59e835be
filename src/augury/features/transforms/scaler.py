"""Centre and scale columns by what they were on the fit slice, then clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.features.fitted import measured

NORMAL: Final = 1.4826
"""A normal variable's standard deviation in median absolute deviations."""
METHODS: Final = ("robust", "standard")


@dataclass(frozen=True)
class Scaler:
    """``clip((x - centre) / scale, clip)`` for each column, over all symbols together.

    Parameters
    ----------
    columns : tuple of str
    centres, scales : tuple of float
        Of each column, in its own unit; scales are above 0.
    clip : float
        Bound, in scales.
    """

    columns: tuple[str, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    clip: float

    @classmethod
    def fit(
        cls, rows: pl.DataFrame, *, columns: tuple[str, ...] | None = None, method: str = "robust", clip: float = 5.0
    ) -> Self:
        """Find centre and scale of each column.

        Parameters
        ----------
        rows : pl.DataFrame
            Rows of the fit slice.
        columns : tuple of str, optional
            Default: every float column.
        method : str
            ``robust``: median and 1.4826 times the median absolute deviation (where that is 0, as of a
            flag, the standard deviation); ``standard``: mean and sample standard deviation.
        clip : float
            Bound, in scales, > 0; smaller tames outliers more.

        Raises
        ------
        UsageError
            An unknown method or column, or a column that is constant or unknown on these rows.
        """
        if method not in METHODS or not clip > 0:
            raise UsageError(f"a scaler is one of {METHODS} with a clip above 0, found '{method}' and {clip}")
        names = measured(rows, columns)
        found = [_centre_and_scale(rows[name].cast(pl.Float64).fill_nan(None).drop_nulls(), method) for name in names]
        return cls(names, tuple(c for c, _ in found), tuple(s for _, s in found), clip)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the scaled columns; a null stays null."""
        each = zip(self.columns, self.centres, self.scales, strict=True)
        scaled = [
            ((pl.col(n).cast(pl.Float64).fill_nan(None) - c) / s).clip(-self.clip, self.clip).alias(n)
            for n, c, s in each
        ]
        return frame.select("symbol", "ts", *scaled)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        learned = {n: [c, s] for n, c, s in zip(self.columns, self.centres, self.scales, strict=True)}
        return {"clip": self.clip, "columns": learned}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        each = value["columns"]
        return cls(tuple(each), tuple(c for c, _ in each.values()), tuple(s for _, s in each.values()), value["clip"])


def _centre_and_scale(known: pl.Series, method: str) -> tuple[float, float]:
    centre = float(known.median() if method == "robust" else known.mean()) if len(known) else 0.0  # type: ignore[arg-type]
    scale = NORMAL * float((known - centre).abs().median() or 0.0) if method == "robust" else 0.0  # type: ignore[arg-type]
    scale = scale or float(known.std() or 0.0)  # type: ignore[arg-type]
    if not scale > 0.0:
        raise UsageError(f"'{known.name}' is constant or unknown on the fit slice ({len(known)} known rows): drop it")
    return centre, scale


TRANSFORM = Scaler

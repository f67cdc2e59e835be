"""Bars in order with what most rules ask of them, worked out once: returns, gaps, turnover, borders of symbols."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from augury.core.typing import Bools, Floats, Ints
from augury.data.layouts import LINE

DAY_US: Final = 86_400_000_000


@dataclass(frozen=True)
class BarsView:
    """Bars sorted on (symbol, ts) without identical copies, seen as arrays.

    Every array has one value a row; what is not known (the bar before the first, the logarithm of
    a price of 0) is NaN, so that no comparison with it is true.

    Parameters
    ----------
    frame : pl.DataFrame
        What :func:`in_order` returned.

    Examples
    --------
    >>> frame = pl.DataFrame({"symbol": ["A", "A", "B"], "ts": [1, 2, 1], "close": [1.0, 2.0, 9.0]})
    >>> BarsView(frame).before.tolist()
    [nan, 1.0, nan]
    """

    frame: pl.DataFrame
    kept: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What a family of rules worked out for all its members, by the name of its module."""

    @cached_property
    def tidy(self) -> tuple[bool, bool]:
        """Whether the rows are sorted on (symbol, ts), and, if so, whether their keys are unique."""
        symbol, ts = pl.col("symbol"), pl.col("ts")
        same = symbol == symbol.shift(1)
        order = self.frame.select(
            ((symbol < symbol.shift(1)) | (same & (ts < ts.shift(1)))).any().alias("mixed"),
            (same & (ts == ts.shift(1))).any().alias("twice"),
        )
        absent = bool(self.frame["symbol"].null_count() or self.frame["ts"].null_count())
        mixed, twice = (bool(order[name][0]) or absent for name in ("mixed", "twice"))
        return not mixed, not (mixed or twice)

    @cached_property
    def first(self) -> Bools:
        """Whether a row is the first of its symbol."""
        new = self.frame.select((pl.col("symbol") != pl.col("symbol").shift(1)).alias("new"))["new"]
        marks = new.to_numpy() if not new.null_count() else new.fill_null(value=True).to_numpy()
        return np.asarray(marks, dtype=np.bool_)

    @cached_property
    def starts(self) -> Ints:
        """Row number of the first bar of each symbol."""
        return np.flatnonzero(self.first).astype(np.int64)

    @cached_property
    def series(self) -> Ints:
        """Number of the symbol of each row, from 0."""
        return np.asarray(np.cumsum(self.first) - 1, dtype=np.int64)

    @cached_property
    def ends(self) -> Ints:
        """Row number after the last bar of each symbol."""
        return np.append(self.starts[1:], self.frame.height).astype(np.int64)

    @cached_property
    def micros(self) -> Ints:
        """``ts`` as microseconds since 1970."""
        return self.frame["ts"].to_physical().to_numpy().astype(np.int64, copy=False)

    @cached_property
    def days(self) -> Ints:
        """``ts`` as days since 1970."""
        return self.micros // DAY_US

    def column(self, name: str) -> Floats:
        """A number column with nulls as NaN; all NaN when it is absent."""
        if f"column {name}" not in self.kept:
            absent = np.full(self.frame.height, np.nan)
            values = self.frame[name].to_numpy() if name in self.frame.columns else absent
            self.kept[f"column {name}"] = np.asarray(values, dtype=np.float64)
        found = self.kept[f"column {name}"]
        assert isinstance(found, np.ndarray)
        return found

    def shifted(self, values: Floats) -> Floats:
        """The value of the symbol's bar before."""
        moved = np.empty_like(values)
        moved[1:] = values[:-1]
        moved[self.starts] = np.nan
        return moved

    @cached_property
    def before(self) -> Floats:
        """The close before."""
        return self.shifted(self.column("close"))

    @cached_property
    def log_close(self) -> Floats:
        """Logarithm of the close."""
        return logarithm(self.column("close"))

    @cached_property
    def move(self) -> Floats:
        """Log return from close to close."""
        return self.log_close - self.shifted(self.log_close)

    @cached_property
    def gap(self) -> Floats:
        """Log return from the close before to the open."""
        return logarithm(self.column("open")) - self.shifted(self.log_close)

    @cached_property
    def known_move(self) -> Floats:
        """Log return of the adjusted close; NaN without one."""
        if "adj_close" not in self.frame.columns:
            return np.full(self.frame.height, np.nan)
        adjusted = logarithm(self.column("adj_close"))
        return adjusted - self.shifted(adjusted)

    @cached_property
    def turnover(self) -> Floats:
        """Close times volume."""
        return self.column("close") * self.column("volume")

    def around(self, values: Floats, rows: Ints, first: int, last: int) -> Floats:
        """Values of the bars ``first`` to ``last`` (excluded) from each row, within its symbol; NaN outside.

        Returns
        -------
        np.ndarray
            ``(n_rows, last - first)``.
        """
        at = rows[:, None] + np.arange(first, last)
        series = self.series[rows]
        inside = (at >= self.starts[series][:, None]) & (at < self.ends[series][:, None])
        picked = values[np.clip(at, 0, len(values) - 1)]
        return np.where(inside, picked, np.nan)

    def rows(self, mask: Bools | Ints) -> pl.DataFrame:
        """The rows marked by a mask, or named by their numbers."""
        return self.frame.filter(pl.Series(mask)) if mask.dtype == np.bool_ else self.frame[mask]


def logarithm(values: Floats) -> Floats:
    """Natural logarithm, NaN for what has none.

    Examples
    --------
    >>> logarithm(np.array([1.0, 0.0, -2.0])).tolist()
    [0.0, nan, nan]
    """
    return np.log(values, out=np.full(values.shape, np.nan), where=(values > 0) & np.isfinite(values))


def middle(values: Floats, least: int = 1) -> Floats:
    """Median of each row of a matrix, passing over NaN; NaN where fewer than ``least`` are known.

    Examples
    --------
    >>> middle(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 5.0]]), least=2).tolist()
    [2.0, nan]
    """
    known = np.isfinite(values).sum(axis=1)
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=1)
    at = np.maximum(known - 1, 0)
    pick = np.arange(len(values))
    with np.errstate(invalid="ignore"):
        found = (ordered[pick, at // 2] + ordered[pick, np.minimum((at + 1) // 2, values.shape[1] - 1)]) / 2
    return np.where(known >= max(least, 1), found, np.nan)


def in_order(view: BarsView) -> BarsView:
    """Sort on (symbol, ts) and drop identical copies and rows without a time; what is in order is returned as it is."""
    if view.tidy[1]:
        return view
    frame = view.frame.drop_nulls("ts")
    ordered = frame if view.tidy[0] else frame.sort("symbol", "ts", maintain_order=True)
    return BarsView(ordered.filter(~is_copy(BarsView(ordered))))


def is_copy(view: BarsView) -> pl.Series:
    """Mark the rows that are equal to an earlier one, whatever their line."""
    frame, marks = view.frame, np.zeros(view.frame.height, dtype=np.bool_)
    if not view.tidy[1]:
        # Only rows whose key is there twice can be copies; comparing whole rows is the slow part.
        values = [name for name in frame.columns if name != LINE]
        shared = frame.with_row_index("_at").filter(frame.select("symbol", "ts").is_duplicated())
        copies = shared.filter(~pl.struct(values).is_first_distinct())["_at"]
        marks[copies.to_numpy()] = True
    return pl.Series(marks)

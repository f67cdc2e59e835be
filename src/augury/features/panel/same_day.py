"""Standardise a feature among the symbols of the same day: one rule for training, validation and serving.

    answer = same_day_zscore(table.frame, table.manifest.names)
    answer.frame, answer.constant

Nothing is fitted: a day is standardised by its own rows, so the rule is the same wherever the rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.errors import DataError, LeakError, UsageError
from augury.core.typing import Floats, Ints
from augury.data.knowledge.asof import need_columns
from augury.data.panel.roles import Roles

NAMES_MIN: Final = 20
"""Known values a day needs to be standardised."""
CLIP_SD: Final = 5.0


@dataclass(frozen=True)
class SameDay:
    """Standardised columns, and the days on which one of them said nothing.

    Parameters
    ----------
    frame : pl.DataFrame
        The rows and columns given, the chosen ones replaced by float32.
    constant : pl.DataFrame
        ``ts, column``: on that day all known values were equal, and became 0.
    """

    frame: pl.DataFrame
    constant: pl.DataFrame


def same_day_zscore(
    frame: pl.DataFrame, columns: Sequence[str], *, clip: float = CLIP_SD, least: int = NAMES_MIN
) -> SameDay:
    """Replace columns by ``(x - mean) / sd`` over the symbols of the day, within plus or minus ``clip``.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``ts``; rows in any order.
    columns : sequence of str
        Numeric; never a target.
    clip : float
        In population standard deviations, default 5; smaller pulls outliers in further.
    least : int
        Known values below which a day's values become null. Default 20.

    Raises
    ------
    LeakError
        A column is a target.
    UsageError
        A column is missing.
    DataError
        A value is infinite.

    Examples
    --------
    >>> day = pl.DataFrame({"ts": [1] * 4, "symbol": list("ABCD"), "x": [1.0, 2.0, 3.0, None]})
    >>> same_day_zscore(day, ["x"], least=3).frame["x"].cast(pl.Float64).round(2).to_list()
    [-1.22, 0.0, 1.22, None]
    """
    days = _days(frame, columns, least)
    replaced, constant = [], []
    for name in columns:
        values, flat = _zscores(frame[name].cast(pl.Float64).to_numpy(), days, least)
        replaced.append(pl.Series(name, np.clip(values, -clip, clip)).cast(pl.Float32).fill_nan(None))
        constant.append(flat)
    return SameDay(frame.with_columns(replaced), _flagged(days.ts, columns, constant))


def same_day_rank(frame: pl.DataFrame, columns: Sequence[str], *, least: int = NAMES_MIN) -> SameDay:
    """Replace columns by their rank among the symbols of the day, from -1 (lowest) to 1; ties share theirs.

    Parameters
    ----------
    frame, columns, least
        As in :func:`same_day_zscore`.

    Raises
    ------
    LeakError
        A column is a target.
    UsageError
        A column is missing.
    DataError
        A value is infinite.

    Examples
    --------
    >>> day = pl.DataFrame({"ts": [1] * 4, "symbol": list("ABCD"), "x": [5.0, 7.0, 7.0, 9.0]})
    >>> same_day_rank(day, ["x"], least=4).frame["x"].to_list()
    [-1.0, 0.0, 0.0, 1.0]
    """
    days = _days(frame, columns, least)
    ranks = frame.select(pl.col(name).rank("average").over("ts") for name in columns)
    replaced, constant = [], []
    for name in columns:
        values, flat = _scaled_ranks(ranks[name].cast(pl.Float64).to_numpy(), days, least)
        replaced.append(pl.Series(name, values).cast(pl.Float32).fill_nan(None))
        constant.append(flat)
    return SameDay(frame.with_columns(replaced), _flagged(days.ts, columns, constant))


@dataclass(frozen=True)
class _Days:
    """Rows in the order of days: which row comes where, where each day begins and how long it is."""

    ts: pl.Series
    order: Ints
    starts: Ints
    size: Ints


def _days(frame: pl.DataFrame, columns: Sequence[str], least: int) -> _Days:
    if least < 2:
        raise UsageError(f"least={least}: a symbol is compared with at least one other")
    need_columns(frame, ["ts", *columns], "the rows")
    roles = Roles.of_columns((), ())
    for name in columns:
        if roles.role(name) == "target":
            raise LeakError(f"'{name}' is a target: it is not known on its day and can not be standardised with it")
        if frame[name].is_infinite().any():
            raise DataError(f"column '{name}' is infinite on some day: no day's mean exists", column=name)
    order = frame["ts"].arg_sort().to_numpy().astype(np.int64)
    ts = frame["ts"].gather(order)
    starts = (ts != ts.shift(1)).fill_null(value=True).arg_true().to_numpy().astype(np.int64)
    return _Days(ts.gather(starts), order, starts, np.diff(np.append(starts, frame.height)))


def _zscores(values: Floats, days: _Days, least: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Standardise one column; constant days are 0."""
    if not len(values):
        return values, np.zeros(0, dtype=np.bool_)
    x = values[days.order]
    known = ~np.isnan(x)
    count = np.add.reduceat(known, days.starts, dtype=np.float64)
    count[count < least] = np.nan
    flat = np.fmin.reduceat(x, days.starts) == np.where(np.isnan(count), np.nan, np.fmax.reduceat(x, days.starts))
    x[~known] = 0.0
    x -= np.repeat(np.add.reduceat(x, days.starts) / count, days.size)
    x[~known] = 0.0
    spread = np.sqrt(np.add.reduceat(x * x, days.starts) / count)
    spread[flat] = np.inf  # what rounding left of equal values is nothing
    x /= np.repeat(spread, days.size)
    x[~known] = np.nan
    out = np.empty_like(x)
    out[days.order] = x
    return out, flat


def _scaled_ranks(ranks: Floats, days: _Days, least: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Stretch ranks 1 … n of each day to -1 … 1; when all are tied, they are 0."""
    if not len(ranks):
        return ranks, np.zeros(0, dtype=np.bool_)
    x = ranks[days.order]
    count = np.add.reduceat(~np.isnan(x), days.starts, dtype=np.float64)
    count[count < least] = np.nan
    flat = np.fmax.reduceat(x, days.starts) == (count + 1.0) / 2.0
    out = np.empty_like(x)
    out[days.order] = 2.0 * (x - 1.0) / np.repeat(count - 1.0, days.size) - 1.0
    return out, flat


def _flagged(ts: pl.Series, columns: Sequence[str], constant: Sequence[NDArray[np.bool_]]) -> pl.DataFrame:
    schema = {"ts": ts.dtype, "column": pl.String()}
    parts = [
        pl.DataFrame({"ts": ts.filter(pl.Series(flat)), "column": [name] * int(flat.sum())}, schema=schema)
        for name, flat in zip(columns, constant, strict=True)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)

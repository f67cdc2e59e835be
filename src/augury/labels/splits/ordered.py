"""Divide rows in time: train first, purged, then what scores it. Nothing is ever shuffled.

A label of h bars ends h bars after its row. A train row whose label ends on or after the first
scored date has seen the outcome it will be asked about; it is purged, and that none is left is
asserted for every division made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl

from augury.core.clock import iso
from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.core.labelspec import base_label
from augury.core.tables import LABEL, LABEL_END, LabelledTable, Split
from augury.core.timeframe import Timeframe
from augury.core.typing import Ints

ROWS_MIN: Final = 10
"""Rows (dates, for a panel) each side of a split must keep."""
TRAIN_FRACTION: Final = 0.7

F = TypeVar("F", bound=Sequence[Any] | np.ndarray[Any, Any] | pl.DataFrame | pl.Series)
L = TypeVar("L", bound=Sequence[Any] | np.ndarray[Any, Any] | pl.DataFrame | pl.Series)


def default_purge(timeframe: Timeframe = Timeframe.D1) -> int:
    """Return the bars of a timeframe's base label: 5 for d1.

    Parameters
    ----------
    timeframe : Timeframe
        Length of a bar.

    Examples
    --------
    >>> default_purge()
    5
    """
    return base_label(timeframe)[0]


def prepare_train_validation_split(
    features: F, labels: L, train_fraction: float = TRAIN_FRACTION, purge: int | None = None
) -> tuple[F, F, L, L]:
    """Divide the rows of one symbol: the earliest part trains, the latest validates.

    With ``s = floor(train_fraction * n)`` train rows are ``0 .. s-1-purge`` and validation rows
    ``s .. n-1``: the ``purge`` rows between have labels that end inside the validation part.

    Parameters
    ----------
    features, labels : polars, NumPy or list
        Same length, oldest row first.
    train_fraction : float
        In (0, 1).
    purge : int, optional
        The label's horizon in bars, >= 0; default 5, the base label of d1.

    Returns
    -------
    train_features, valid_features, train_labels, valid_labels

    Raises
    ------
    UsageError
        Unequal lengths or settings out of range.
    InsufficientHistory
        Fewer than 10 rows on a side.

    Examples
    --------
    >>> rows = list(range(600))
    >>> train, valid, *_ = prepare_train_validation_split(rows, rows)
    >>> len(train), len(valid), train[-1], valid[0]
    (415, 180, 414, 420)
    """
    n = len(features)
    purge = default_purge() if purge is None else purge
    if n != len(labels):
        raise UsageError(f"{n} rows of features and {len(labels)} labels: one label a row")
    _check_fraction(train_fraction)
    if purge < 0:
        raise UsageError(f"purge={purge} is below 0")
    border = _border(n, train_fraction)
    kept = border - purge
    if kept < ROWS_MIN or n - border < ROWS_MIN:
        raise InsufficientHistory(
            f"{n} rows purged by {purge} leave {max(kept, 0)} train and {n - border} validation rows, "
            f"at least {ROWS_MIN} each are needed"
        )
    return _rows(features, 0, kept), _rows(features, border, n), _rows(labels, 0, kept), _rows(labels, border, n)


def time_ordered(table: LabelledTable, train_fraction: float = TRAIN_FRACTION) -> Split:
    """Divide the known rows by date: one border for all symbols, train purged by ``label_end``.

    Parameters
    ----------
    table : LabelledTable
        Rows whose features or label are not known take no part.
    train_fraction : float
        Share of the dates before the border, in (0, 1).

    Raises
    ------
    InsufficientHistory
        Fewer than 10 dates on a side.
    LeakError
        A train label would end inside the validation part (asserted, cannot happen here).
    """
    _check_fraction(train_fraction)
    known = table.known()
    dates = known.frame["ts"].unique().sort()
    border = _border(len(dates), train_fraction)
    if not ROWS_MIN <= border <= len(dates) - ROWS_MIN:
        raise _too_few(len(dates), f"{border} before and {len(dates) - border} after the border")
    start: datetime = dates[border]
    train = known.with_frame(known.frame.filter((pl.col("ts") < start) & (pl.col(LABEL_END) < start)))
    valid = known.with_frame(known.frame.filter(pl.col("ts") >= start))
    if (left := train.frame["ts"].n_unique()) < ROWS_MIN:
        raise _too_few(len(dates), f"{left} train dates once purged by {table.spec.horizon_bars} bars")
    _assert_purged(train.frame[LABEL_END], valid.frame["ts"])
    return Split(train, valid)


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Train on the past, test on the next block of dates, move on.

    Borders are dates, the same for all symbols. Test blocks follow one another without overlap and
    cover everything after the first train block.

    Parameters
    ----------
    folds : int
        Test blocks, >= 1.
    expanding : bool
        True: train from the first date. False: rolling, as many dates as the first train block.
    purge_bars : int, optional
        Dates before a test block that may not train; default and least the label's horizon.
    embargo_bars : int
        Further trading dates left out before a test block, 0 or at least the horizon. Dates are
        counted, not calendar days: 20 calendar days are about 14 sessions.
    min_train : int, optional
        Dates of the first train block; default one of ``folds + 1`` equal blocks.

    Examples
    --------
    >>> WalkForward(folds=3).borders(400)
    [100, 200, 300, 400]
    """

    folds: int = 5
    expanding: bool = True
    purge_bars: int | None = None
    embargo_bars: int = 0
    min_train: int | None = None

    def __post_init__(self) -> None:
        if self.folds < 1:
            raise UsageError(f"folds={self.folds} is below 1")
        for name in ("purge_bars", "embargo_bars", "min_train"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise LeakError(
                    f"{name}={value} must be a number of trading dates, 0 or more, not a span of calendar time"
                )

    def split(self, table: LabelledTable) -> Iterator[tuple[Ints, Ints]]:
        """Yield (train, test) row indices into ``table``, oldest test block first.

        Rows without a label appear on neither side.

        Raises
        ------
        LeakError
            ``purge_bars`` or ``embargo_bars`` shorter than the horizon.
        InsufficientHistory
            A block would hold fewer than 10 train dates or no test date.
        """
        gap = self._gap(table.spec.horizon_bars)
        rows = table.frame[LABEL].is_not_null().arg_true().to_numpy().astype(np.int64)
        stamps = table.frame["ts"].to_physical().to_numpy()[rows]
        ends = table.frame[LABEL_END].to_physical().to_numpy()[rows]
        dates, date = np.unique(stamps, return_inverse=True)
        borders = self.borders(len(dates))
        for first, after in pairwise(borders):
            train_to = first - gap
            train_from = 0 if self.expanding else max(0, first - borders[0])
            if train_to - train_from < ROWS_MIN or after == first:
                raise _too_few(
                    len(dates), f"{max(train_to - train_from, 0)} train dates left before a fold's test block"
                )
            train = rows[(date >= train_from) & (date < train_to) & (ends < dates[first])]
            test = rows[(date >= first) & (date < after)]
            _assert_purged(table.frame[LABEL_END][train], table.frame["ts"][test])
            yield train, test

    def borders(self, n_dates: int) -> list[int]:
        """First date of each test block, then the number of dates."""
        start = n_dates // (self.folds + 1) if self.min_train is None else self.min_train
        return [start + (n_dates - start) * k // self.folds for k in range(self.folds + 1)]

    def _gap(self, horizon_bars: int) -> int:
        purge = horizon_bars if self.purge_bars is None else self.purge_bars
        if purge < horizon_bars:
            raise LeakError(f"purge_bars={purge} is shorter than the label's {horizon_bars} bars: labels would overlap")
        if 0 < self.embargo_bars < horizon_bars:
            raise LeakError(
                f"embargo_bars={self.embargo_bars} is shorter than the label's {horizon_bars} trading dates"
            )
        return purge + self.embargo_bars


def out_of_fold(table: LabelledTable, folds: int = 5) -> list[tuple[Ints, Ints]]:
    """Return ``folds`` expanding (train, test) pairs; the first of ``folds + 1`` equal blocks only trains.

    Parameters
    ----------
    table : LabelledTable
        Known rows in time order.
    folds : int
        How many blocks are answered by a model that had not seen them; at least 1, default 5.

    Returns
    -------
    list of (train, test)
        Row numbers; train is purged by ``label_end``.

    Raises
    ------
    InsufficientHistory
        Too few dates for that many folds.
    """
    return list(WalkForward(folds=folds).split(table))


def _check_fraction(train_fraction: float) -> None:
    if not 0.0 < train_fraction < 1.0:
        raise UsageError(f"train_fraction={train_fraction} is outside (0, 1)")


def _border(n: int, train_fraction: float) -> int:
    # 0.7 * 10 is 7.000000000000001 and 0.7 * 30 is 20.999999999999996: both mean the whole number.
    return int(np.floor(round(train_fraction * n, 9)))


def _rows(part: Any, first: int, last: int) -> Any:
    return part[first:last]


def _too_few(n_dates: int, found: str) -> InsufficientHistory:
    return InsufficientHistory(f"{n_dates} labelled dates are too few: {found}, at least {ROWS_MIN} are needed")


def _assert_purged(train_ends: pl.Series, test_ts: pl.Series) -> None:
    last, first = train_ends.max(), test_ts.min()
    if isinstance(last, datetime) and isinstance(first, datetime) and last >= first:
        raise LeakError(f"a train label ends {iso(last)}, the scored part begins {iso(first)}: purge is too short")

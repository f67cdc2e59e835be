"""Combinatorial purged cross-validation: every way to hold out some blocks of dates, and whole paths from it.

For studies of selection bias: from 6 groups of dates, 2 held out at a time, come 15 splits and 5 paths,
each a whole history of answers given out of sample. A train row may lie after a test row, so this
never stands in for a walk forward. Source: Lopez de Prado, Advances in Financial Machine Learning
(2018), chapters 7 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.core.tables import LABEL, LABEL_END, LabelledTable
from augury.core.typing import Bools, Floats, Ints
from augury.labels.splits.ordered import ROWS_MIN


@dataclass(frozen=True, slots=True)
class CombinatorialPurged:
    """Hold out every combination of ``test_groups`` of ``groups`` blocks of dates.

    Blocks are equal numbers of trading dates, the same for all symbols. A train row is left out when
    its time from ``ts`` to ``label_end`` touches that of a held-out block, or when it lies within
    ``embargo_bars`` trading dates behind the last date such a block's labels read.

    Parameters
    ----------
    groups : int
        Blocks, at least 2; default 6.
    test_groups : int
        Blocks held out at a time, at least 1 and fewer than ``groups``; default 2.
    embargo_bars : int, optional
        Trading dates; default and least the label's horizon.

    Examples
    --------
    >>> way = CombinatorialPurged()
    >>> way.n_splits, way.n_paths
    (15, 5)
    """

    groups: int = 6
    test_groups: int = 2
    embargo_bars: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.test_groups < self.groups:
            raise UsageError(f"test_groups={self.test_groups} of groups={self.groups}: at least 1 and fewer than all")
        embargo = self.embargo_bars
        if embargo is not None and (isinstance(embargo, bool) or not isinstance(embargo, int) or embargo < 0):
            raise LeakError(f"embargo_bars={embargo} must be a number of trading dates, not a span of calendar time")

    @property
    def n_splits(self) -> int:
        """Ways to choose the held-out blocks."""
        return comb(self.groups, self.test_groups)

    @property
    def n_paths(self) -> int:
        """Times each block is held out, and so whole histories that can be put together."""
        return comb(self.groups - 1, self.test_groups - 1)

    @property
    def held_out(self) -> list[tuple[int, ...]]:
        """The held-out blocks of each split, in order."""
        return list(combinations(range(self.groups), self.test_groups))

    @property
    def paths(self) -> list[tuple[int, ...]]:
        """For each path, the split that answers for block 0, 1, 2 …; each split answers for each of its blocks once.

        Examples
        --------
        >>> CombinatorialPurged(3, 2).paths
        [(0, 0, 1), (1, 2, 2)]
        """
        splits = [[at for at, chosen in enumerate(self.held_out) if group in chosen] for group in range(self.groups)]
        return list(zip(*splits, strict=True))

    def split(self, table: LabelledTable) -> Iterator[tuple[Ints, Ints]]:
        """Yield (train, test) row numbers of ``table``, in the order of ``held_out``.

        Rows without a label appear on neither side.

        Raises
        ------
        LeakError
            ``embargo_bars`` shorter than the horizon.
        InsufficientHistory
            A block would hold fewer than 10 dates, or a split fewer than 10 train dates.
        """
        embargo = self._embargo(table.spec.horizon_bars)
        rows, stamps, ends = _known(table)
        dates, date = np.unique(stamps, return_inverse=True)
        group = self._groups(len(dates))[date]
        first = [int(stamps[group == k].min()) for k in range(self.groups)]
        last_end = [int(ends[group == k].max()) for k in range(self.groups)]
        after = np.searchsorted(dates, last_end, side="right") + embargo
        for chosen in self.held_out:
            test = np.isin(group, chosen)
            train = ~test
            for k in chosen:
                train &= (ends < first[k]) | ((stamps > last_end[k]) & (date >= after[k]))
            if (left := len(np.unique(date[train]))) < ROWS_MIN:
                raise InsufficientHistory(
                    f"{left} train dates are left beside blocks {chosen}, at least {ROWS_MIN} are needed"
                )
            _assert_apart(stamps, ends, group, train, chosen)
            yield rows[train], rows[test]

    def join(self, table: LabelledTable, answers: Sequence[Floats]) -> Floats:
        """Put the answers of all splits together into whole histories.

        Parameters
        ----------
        table : LabelledTable
            The table that was split.
        answers : sequence of array
            For each split, one value a test row, in the order :meth:`split` gave them.

        Returns
        -------
        array, shape (n_paths, n_rows)
            Each labelled row answered exactly once in every path; NaN where a row has no label.

        Raises
        ------
        UsageError
            Another number of splits, or of answers in one.
        """
        if len(answers) != self.n_splits:
            raise UsageError(f"{len(answers)} arrays of answers for {self.n_splits} splits")
        rows, stamps, _ = _known(table)
        dates, date = np.unique(stamps, return_inverse=True)
        group = self._groups(len(dates))[date]
        out = np.full((self.n_paths, len(table)), np.nan)
        for at, (chosen, values) in enumerate(zip(self.held_out, answers, strict=True)):
            test = np.isin(group, chosen)
            if len(values) != int(test.sum()):
                raise UsageError(f"split {at} has {int(test.sum())} test rows, found {len(values)} answers")
            for path, splits in enumerate(self.paths):
                for k in chosen:
                    if splits[k] == at:
                        out[path, rows[group == k]] = values[group[test] == k]
        return out

    def _groups(self, n_dates: int) -> Ints:
        if n_dates < ROWS_MIN * self.groups:
            raise InsufficientHistory(
                f"{n_dates} labelled dates are too few for {self.groups} blocks of at least {ROWS_MIN}"
            )
        return np.arange(n_dates, dtype=np.int64) * self.groups // n_dates

    def _embargo(self, horizon_bars: int) -> int:
        if self.embargo_bars is None:
            return horizon_bars
        if self.embargo_bars < horizon_bars:
            raise LeakError(
                f"embargo_bars={self.embargo_bars} is shorter than the label's {horizon_bars} trading dates"
            )
        return self.embargo_bars


def _known(table: LabelledTable) -> tuple[Ints, Ints, Ints]:
    rows = table.frame[LABEL].is_not_null().arg_true().to_numpy().astype(np.int64)
    stamps, ends = (table.frame[name].to_physical().to_numpy()[rows].astype(np.int64) for name in ("ts", LABEL_END))
    return rows, stamps, ends


def _assert_apart(stamps: Ints, ends: Ints, group: Ints, train: Bools, chosen: tuple[int, ...]) -> None:
    for k in chosen:
        own = group == k
        touching = train & (stamps <= ends[own].max()) & (ends >= stamps[own].min())
        if touching.any():
            raise LeakError(f"{int(touching.sum())} train labels overlap held-out block {k}: purge is too short")

"""Batches of whole days, so that a loss that ranks the names of a day sees all of them together.

    sampler = DayBatchSampler(samples, fit_days, seed=1337)
    for batch in sampler.epoch(0):
        batch.x, batch.y, batch.mask, batch.day        # (n, L, F), (n, H), (n, H), (n,)

Every day is visited once an epoch, in an order that depends on the seed and the epoch alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Bools, Features, Ints
from augury.learning.samplers.panel_samples import PanelSamples

NAMES_TRAIN: Final = 20
"""Names a day needs to be learnt from."""
NAMES_SELECT: Final = 10
"""Names a day needs to be measured on."""


@dataclass(frozen=True, slots=True)
class PanelBatch:
    """Samples of some whole days, one day below the other.

    Parameters
    ----------
    rows : array (n,)
        Their rows in the panel.
    offsets : array (days + 1,)
        Where each day (or part of a very large one) begins, and behind the last one n.
    x : array (n, L, F) float32
        Inputs, in memory that a later batch overwrites (the next one, unless ``ahead`` is set).
    y : array (n, H) float32
        Targets; NaN where the mask is False.
    mask : array (n, H) bool
        Where a target is known.
    day : array (n,)
        Number of the group a row is ranked in; rows of one group lie together.
    """

    rows: Ints
    offsets: Ints
    x: Features
    y: Features
    mask: Bools
    day: Ints


class DayBatchSampler:
    """Every chosen day once an epoch, ``days_per_batch`` whole days at a time.

    Parameters
    ----------
    samples : PanelSamples
    days : array of int
        Numbers of the days; those with too few names are left out and listed in ``skipped``.
    days_per_batch : int
        Whole days in a batch, default 1; the last batch may have fewer. Larger gives steadier and fewer steps.
    min_names : int
        Names with a known target that a day needs. Default 20; 10 is usual for measuring.
    seed : int
        With the epoch it decides the order, equal in every process.
    shuffle : bool
        False keeps the order of time.
    names_max : int, optional
        A day with more names is cut into random halves until none has more, drawn anew each epoch; such days
        are listed in ``divided``. Every name is still visited. Default: days stay whole.
    ahead : int
        Batches that are asked for before they are used, by a thread; each needs memory of its own. Default 0.
    known_before : datetime, optional
        A target that becomes known on or after this moment is masked: it can not have been learnt from before.

    Raises
    ------
    UsageError
        A number out of range.
    InsufficientHistory
        No day has enough names.
    """

    def __init__(
        self,
        samples: PanelSamples,
        days: Ints,
        *,
        days_per_batch: int = 1,
        min_names: int = NAMES_TRAIN,
        seed: int = DEFAULT_SEED,
        shuffle: bool = True,
        names_max: int | None = None,
        known_before: datetime | None = None,
        ahead: int = 0,
    ) -> None:
        asked = np.unique(np.asarray(days, dtype=np.int64))
        _check(samples, asked, days_per_batch, min_names, seed, names_max)
        self.samples, self.days_per_batch, self.seed, self.shuffle = samples, days_per_batch, seed, shuffle
        self.names_max, self._ahead = names_max, ahead
        self.mask: Bools = samples.mask.copy()
        """Targets that may be learnt from, ``(n_rows, H)``."""
        if known_before is not None:
            self.mask &= samples.label_end < np.datetime64(known_before.replace(tzinfo=None), "us").astype(np.int64)
        usable = samples.complete & self.mask.any(axis=1)
        self._rows = {int(day): rows for day in asked if len(rows := self._of_day(int(day), usable))}
        counts = {int(day): len(self._rows.get(int(day), ())) for day in asked}
        self.days: Ints = np.array([day for day, n in counts.items() if n >= min_names], dtype=np.int64)
        """Numbers of the days that are visited."""
        self.skipped: list[tuple[datetime, int]] = [(samples.days[d], n) for d, n in counts.items() if n < min_names]
        """Days left out, each with how many names it has."""
        if not len(self.days):
            most = max(counts.values(), default=0)
            raise InsufficientHistory(
                f"none of {len(asked)} days has {min_names} names with {samples.lookback} rows and a known target "
                f"(most: {most})"
            )
        self.divided: list[tuple[datetime, int]] = [
            (samples.days[int(d)], counts[int(d)]) for d in self.days if names_max and counts[int(d)] > names_max
        ]
        """Days cut into parts because they have more than ``names_max`` names."""
        self._room = sum(sorted((counts[int(d)] for d in self.days), reverse=True)[:days_per_batch])

    def __len__(self) -> int:
        """Batches of an epoch, when no day is cut into parts."""
        return -(-len(self.days) // self.days_per_batch)

    def order(self, epoch: int) -> Ints:
        """Return the days of an epoch in the order they are visited: a permutation, never a sample."""
        if not self.shuffle:
            return self.days
        return np.random.default_rng([self.seed, epoch]).permutation(self.days)

    def epoch(self, number: int) -> Iterator[PanelBatch]:
        """Yield the batches of one epoch; each is to be used before the next is asked for.

        Parameters
        ----------
        number : int
            0, 1, 2 …; the same number gives the same batches.
        """
        if number < 0:
            raise UsageError(f"epoch={number} is below 0")
        samples = self.samples
        shape = (self._room, samples.lookback, samples.n_features)
        # One in use, one being made, and those that wait between: none is overwritten before its step.
        buffers = cycle([np.empty(shape, np.float32) for _ in range(self._ahead + 2 if self._ahead else 1)])
        order = self.order(number)
        for at in range(0, len(order), self.days_per_batch):
            for groups in self._groups(order[at : at + self.days_per_batch], number):
                rows = np.concatenate(groups)
                sizes = np.array([len(group) for group in groups])
                offsets = np.concatenate([[0], np.cumsum(sizes)])
                day = np.repeat(np.arange(len(groups)), sizes)
                x = samples.gather(rows, next(buffers))
                yield PanelBatch(rows, offsets, x, samples.targets[rows], self.mask[rows], day)

    def _groups(self, days: Ints, epoch: int) -> Iterator[list[Ints]]:
        """The rows of a batch, a group a day; parts of a day that is too large are batches of their own."""
        whole = [self._rows[int(day)] for day in np.sort(days)]
        if self.names_max is None:
            yield whole
            return
        if small := [rows for rows in whole if len(rows) <= self.names_max]:
            yield small
        for day in np.sort(days).tolist():
            if len(self._rows[day]) > self.names_max:
                rng = np.random.default_rng([self.seed, epoch, day])
                yield from ([part] for part in _halves(self._rows[day], self.names_max, rng))

    def _of_day(self, day: int, usable: Bools) -> Ints:
        first, end = int(self.samples.day_starts[day]), int(self.samples.day_starts[day + 1])
        return first + np.flatnonzero(usable[first:end])


def _halves(rows: Ints, most: int, rng: np.random.Generator) -> list[Ints]:
    """Cut rows into random halves, and those again, until none is longer than ``most``."""
    if len(rows) <= most:
        return [rows]
    mixed = rng.permutation(rows)
    middle = len(rows) // 2
    return [part for half in (mixed[:middle], mixed[middle:]) for part in _halves(np.sort(half), most, rng)]


def _check(
    samples: PanelSamples, days: Ints, days_per_batch: int, min_names: int, seed: int, names_max: int | None
) -> None:
    if days_per_batch < 1 or min_names < 2 or seed < 0:
        raise UsageError(f"days_per_batch={days_per_batch} is at least 1, min_names={min_names} 2, seed={seed} 0")
    if names_max is not None and names_max < 2 * min_names:
        raise UsageError(f"names_max={names_max} would cut days below min_names={min_names}: at least twice that")
    if len(days) and not 0 <= days[0] <= days[-1] < len(samples.days):
        raise UsageError(f"the panel has days 0 to {len(samples.days) - 1}, asked for {days[0]} to {days[-1]}")

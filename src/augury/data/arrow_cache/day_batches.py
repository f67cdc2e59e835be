"""Batches of whole days: every symbol of a day together, as a cross-section is learnt.

batches = DayBatches(cache, days_per_batch=20, seed=42)
for batch in batches.epoch(0):
    batch.X, batch.rows, batch.offsets        # inputs; their rows in the cache; where each day begins
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Features, Ints
from augury.data.arrow_cache.cache import ArrowCache

MIN_NAMES: Final = 20
"""Symbols a day needs to be learnt from; validation may take 10."""


@dataclass(frozen=True, slots=True)
class DayBatch:
    """Some whole days, in the order of time.

    Parameters
    ----------
    days : Ints
        Numbers of the days in the cache, ascending: ``(n_days,)``.
    offsets : Ints
        First row of each day in ``X``, and behind the last one the number of rows: ``(n_days + 1,)``.
    rows : Ints
        Where each row of ``X`` lies in the cache, for picking targets and symbols: ``(n_rows,)``.
    X : Features
        Inputs ``(n_rows, F)``: a view of the file, or of a buffer that the next batch overwrites.
    """

    days: Ints
    offsets: Ints
    rows: Ints
    X: Features


class DayBatches:
    """Every day of a cache once an epoch, a few whole days at a time.

    Parameters
    ----------
    cache : ArrowCache
    days_per_batch : int
        Whole days in a batch, at least 1; the last batch may have fewer.
    seed : int
        With the number of the epoch it decides the order, equal in every process.
    shuffle : bool
        False takes the days in the order of time, and then nothing is copied.
    min_names : int
        Days with fewer symbols are skipped and listed. Default 20.
    days : sequence of int, optional
        Only these days, by number (``cache.span(first, last)``); default all.

    Raises
    ------
    UsageError
        A number out of range.
    InsufficientHistory
        No day has enough symbols.
    """

    def __init__(
        self,
        cache: ArrowCache,
        days_per_batch: int = 20,
        *,
        seed: int = DEFAULT_SEED,
        shuffle: bool = True,
        min_names: int = MIN_NAMES,
        days: Sequence[int] | None = None,
    ) -> None:
        if days_per_batch < 1 or seed < 0:
            raise UsageError(f"days_per_batch={days_per_batch} must be >= 1 and seed={seed} >= 0")
        self.cache, self.days_per_batch, self.seed, self.shuffle = cache, days_per_batch, seed, shuffle
        asked = np.arange(len(cache.days)) if days is None else np.unique(np.asarray(days, dtype=np.int64))
        if len(asked) and not 0 <= asked[0] <= asked[-1] < len(cache.days):
            raise UsageError(f"the cache has days 0 to {len(cache.days) - 1}, asked for {asked[0]} to {asked[-1]}")
        counts = np.diff(cache.day_starts)[asked]
        self.days: Ints = asked[counts >= min_names]
        small = counts < min_names
        self.skipped: list[tuple[datetime, int]] = [
            (cache.days[int(day)], int(n)) for day, n in zip(asked[small], counts[small], strict=True)
        ]
        """Days left out, each with how many symbols it has."""
        if not len(self.days):
            raise InsufficientHistory(
                f"none of {len(asked)} days has {min_names} symbols (most: {counts.max(initial=0)})"
            )
        largest = np.sort(np.diff(cache.day_starts)[self.days])[-days_per_batch:]
        self._room = int(largest.sum())

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.days) // self.days_per_batch)

    def order(self, epoch: int) -> Ints:
        """Return the days of an epoch in the order they are visited: a permutation, never a sample."""
        if not self.shuffle:
            return self.days
        return np.random.default_rng([self.seed, epoch]).permutation(self.days)

    def epoch(self, number: int) -> Iterator[DayBatch]:
        """Yield the batches of one epoch; each is to be used before the next is asked for.

        Parameters
        ----------
        number : int
            0, 1, 2 …; the same number gives the same batches.
        """
        buffer = np.empty((self._room, len(self.cache.inputs)), np.float32)
        order, starts = self.order(number), self.cache.day_starts
        for at in range(0, len(order), self.days_per_batch):
            days = np.sort(order[at : at + self.days_per_batch])
            counts = starts[days + 1] - starts[days]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            rows = np.repeat(starts[days] - offsets[:-1], counts) + np.arange(offsets[-1])
            yield DayBatch(days, offsets, rows, self.cache.of_days(days, buffer))

"""Walking forward over dates: fitted on the past, ranks the next block of days, moves on.

    walked = walk_forward_ranks(samples, lambda seed: BoostedRanker(seed), seeds=(1, 2, 3))
    walked.figure(5)              # mean daily RankIC with interval, over all test days and seeds

Whatever decides an epoch, a penalty or a number of trees lies before the block it is measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from augury.core.clock import iso
from augury.core.errors import Collapsed, InsufficientHistory, LeakError, UsageError
from augury.core.metrics import block_length, bootstrap_mean, newey_west, rank_ic
from augury.core.metrics.ranking import MIN_NAMES
from augury.core.typing import Floats, Ints
from augury.labels.splits import ROWS_MIN, WalkForward
from augury.learning.samplers import PanelSamples
from augury.models.panel.ranker import Ranker

MIN_TRAIN_DAYS: Final = 252
WALK: Final = WalkForward(folds=5, min_train=MIN_TRAIN_DAYS)
_SCHEMA: Final = {
    "seed": pl.Int64(),
    "fold": pl.Int64(),
    "horizon": pl.Int64(),
    "day": pl.Int64(),
    "rank_ic": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class RankFigure:
    """Mean daily RankIC of one horizon.

    Parameters
    ----------
    horizon : int
    mean, low, high : float
        With a 95 % interval from blocks of days.
    t : float
        Of Newey and West with lag h - 1.
    days, seeds : int
        Test days with a coefficient, each the mean over the seeds.
    """

    horizon: int
    mean: float
    low: float
    high: float
    t: float
    days: int
    seeds: int


@dataclass(frozen=True)
class WalkedRanks:
    """What a walk gave.

    Parameters
    ----------
    daily : pl.DataFrame
        ``seed, fold, horizon, ts, rank_ic``: one coefficient a test day; days that are too thin are left out.
    failed : tuple of (int, int, str)
        Seed, fold and reason where a ranker collapsed: those days are missing, never 0.
    """

    daily: pl.DataFrame
    failed: tuple[tuple[int, int, str], ...] = ()

    def series(self, horizon: int) -> pl.DataFrame:
        """Return ``ts, rank_ic`` of a horizon, the mean over seeds of each day."""
        return self.daily.filter(pl.col("horizon") == horizon).group_by("ts").agg(pl.col("rank_ic").mean()).sort("ts")

    def figure(self, horizon: int) -> RankFigure:
        """Return the mean of a horizon with its interval.

        Raises
        ------
        InsufficientHistory
            No test day has a coefficient.
        """
        daily = self.series(horizon)["rank_ic"].to_numpy()
        if len(daily) < ROWS_MIN:
            raise InsufficientHistory(
                f"horizon {horizon} has {len(daily)} test days with a RankIC, {ROWS_MIN} are needed"
            )
        low, high = bootstrap_mean(daily, block_length(len(daily), horizon))
        seeds = self.daily.filter(pl.col("horizon") == horizon)["seed"].n_unique()
        return RankFigure(horizon, float(daily.mean()), low, high, newey_west(daily, horizon).t, len(daily), seeds)


def walk_forward_ranks(
    samples: PanelSamples,
    make: Callable[[int], Ranker],
    *,
    seeds: Sequence[int] = (0,),
    walk: WalkForward = WALK,
    select_share: float = 0.2,
    warm_up_days: int = 0,
    min_names: int = MIN_NAMES,
) -> WalkedRanks:
    """Measure a ranker on days after those it learnt from, fold after fold.

    Parameters
    ----------
    samples : PanelSamples
        Targets with ``entry="next_close"`` give the figures of an entry one day later.
    make : callable
        From a seed to a new, unfitted ranker.
    seeds : sequence of int
        Each walks once; the daily coefficients are averaged over them.
    walk : WalkForward
        Borders by date, the same for all names. The purge is at least the reach of the labels.
    select_share : float
        Of the days before a test block, the latest, in (0, 0.5]: they choose the epoch or the number of trees.
    warm_up_days : int
        First days of the panel that nobody learns from, while long windows fill.
    min_names : int
        Names a test day needs, default 20.

    Raises
    ------
    LeakError
        A purge or embargo shorter than the labels reach.
    InsufficientHistory
        Too few days for that many folds.
    """
    if not seeds or not 0 < select_share <= 0.5:
        raise UsageError(f"at least one seed is needed ({list(seeds)}), and select_share={select_share} in (0, 0.5]")
    parts, failed = [pl.DataFrame(schema=_SCHEMA)], []
    for fold, (fit_days, select_days, test_days) in enumerate(_slices(samples, walk, select_share, warm_up_days)):
        past = samples.known_before(samples.days[int(test_days[0])])
        for seed in seeds:
            try:
                ranker = make(seed).fit(past, fit_days, select_days)
            except Collapsed as error:
                failed.append((seed, fold, error.message))
                continue
            rows, scores = ranker.score(samples, test_days)
            for at, h in enumerate(samples.horizons):
                found = _daily(samples, rows, scores[:, at], at, min_names)
                where = {"seed": seed, "fold": fold, "horizon": h}
                stated = [pl.lit(value, pl.Int64()).alias(name) for name, value in where.items()]
                parts.append(found.with_columns(stated).select(*_SCHEMA))
    daily = pl.concat(parts)
    stamped = daily.with_columns(samples.days.gather(daily["day"]).alias("ts"))
    return WalkedRanks(stamped.select("seed", "fold", "horizon", "ts", "rank_ic"), tuple(failed))


def _slices(
    samples: PanelSamples, walk: WalkForward, select_share: float, warm_up_days: int
) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Days of fit, select and test of each fold; labels of each end before the next begins."""
    reach, n = samples.reach_rows, len(samples.days)
    purge = reach if walk.purge_bars is None else walk.purge_bars
    if purge < reach or 0 < walk.embargo_bars < reach:
        raise LeakError(f"purge {purge} and embargo {walk.embargo_bars}: the labels reach {reach} days, at least that")
    borders = [warm_up_days + border for border in walk.borders(n - warm_up_days)]
    for first, after in pairwise(borders):
        begin = warm_up_days if walk.expanding else max(warm_up_days, first - (borders[0] - warm_up_days))
        last = first - purge - walk.embargo_bars
        middle = last - max(ROWS_MIN, round(select_share * (last - begin)))
        if middle - purge - begin < ROWS_MIN or after <= first:
            raise InsufficientHistory(
                f"{max(0, middle - purge - begin)} fit days are left before {iso(samples.days[min(first, n - 1)])}, "
                f"at least {ROWS_MIN} are needed"
            )
        yield np.arange(begin, middle - purge), np.arange(middle, last), np.arange(first, after)


def _daily(samples: PanelSamples, rows: Ints, score: Floats, at: int, min_names: int) -> pl.DataFrame:
    """``day, rank_ic`` of one horizon."""
    known = samples.mask[rows, at]
    rows, score = rows[known], score[known]
    day, target = samples.day_of[rows], samples.targets[rows, at].astype(np.float64)
    cuts = np.flatnonzero(np.diff(day)) + 1
    groups = [group for group in np.split(np.arange(len(rows)), cuts) if len(group) >= min_names]
    values = [(int(day[group[0]]), rank_ic(score[group], target[group])) for group in groups]
    kept = [(number, value) for number, value in values if not np.isnan(value)]
    return pl.DataFrame(kept, schema={"day": pl.Int64(), "rank_ic": pl.Float64()}, orient="row")

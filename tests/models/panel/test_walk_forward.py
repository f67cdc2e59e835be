"""Walking forward: what decides lies before what is measured, and a collapse is missing, never 0."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Self

import numpy as np
import pytest

# Test files are imported one by one, without their folder on the path: the builders are not found otherwise.
sys.path.insert(0, str(Path(__file__).parents[1] / "deep"))

from augury.core.errors import Collapsed, InsufficientHistory, LeakError
from augury.core.typing import Floats, Ints
from augury.labels.splits import WalkForward
from augury.learning.samplers import PanelSamples
from augury.models.panel import walk_forward_ranks
from augury.models.panel.boosted import BoostedRanker
from augury.models.panel.ridge import RidgeRanker
from planted import planted

WALK = WalkForward(folds=3, min_train=120)


@pytest.fixture(scope="module")
def samples() -> PanelSamples:
    return planted(0.1, n_symbols=30, n_bars=420, horizons=(1, 5))


class Spy:
    """Remembers what it was given; ranks by the first input."""

    seen: list[tuple[PanelSamples, Ints, Ints, Ints]]

    def __init__(self) -> None:
        self.seen = []

    def fit(self, samples: PanelSamples, fit_days: Ints, select_days: Ints) -> Self:
        self.seen.append((samples, fit_days, select_days, np.empty(0, np.int64)))
        return self

    def score(self, samples: PanelSamples, days: Ints) -> tuple[Ints, Floats]:
        self.seen[-1] = (*self.seen[-1][:3], days)
        rows = samples.rows_of(days)
        return rows, np.repeat(samples.last(rows)[:, :1].astype(np.float64), len(samples.horizons), axis=1)


def test_no_label_of_a_slice_ends_in_the_next_one(samples: PanelSamples) -> None:
    spy = Spy()
    walked = walk_forward_ranks(samples, lambda seed: spy, walk=WALK)
    tested = []
    for given, fit_days, select_days, test_days in spy.seen:
        first = samples.stamps[test_days[0]]
        assert (given.label_end[given.mask] < first).all()
        assert samples.stamps[fit_days[-1] + 5] < samples.stamps[select_days[0]]
        assert samples.stamps[select_days[-1] + 5] < first
        tested += test_days.tolist()
    assert tested == list(range(120, 420))
    assert walked.series(5).height == 295
    assert walked.figure(1).low > 0.0


def test_the_baselines_find_what_was_planted_and_nothing_in_noise(samples: PanelSamples) -> None:
    noise = planted(0.0, n_symbols=30, n_bars=420)
    for make in (lambda seed: RidgeRanker(), lambda seed: BoostedRanker(seed, trees_max=60, leaf_rows=50)):
        assert walk_forward_ranks(samples, make, walk=WALK).figure(1).low > 0.0
        figure = walk_forward_ranks(noise, make, walk=WALK).figure(1)
        assert figure.low < 0.0 < figure.high


def test_seeds_are_averaged_day_by_day(samples: PanelSamples) -> None:
    walked = walk_forward_ranks(samples, lambda seed: Spy(), seeds=(1, 2), walk=WALK)
    assert walked.figure(1).seeds == 2
    assert walked.figure(1).days == 299
    assert walked.daily.height == 2 * (299 + 295)


def test_a_collapsed_ranker_leaves_its_days_out_and_is_named(samples: PanelSamples) -> None:
    class Dead(Spy):
        def fit(self, samples: PanelSamples, fit_days: Ints, select_days: Ints) -> Self:
            raise Collapsed("the same for every name")

    walked = walk_forward_ranks(samples, lambda seed: Dead(), walk=WALK)
    assert walked.failed == tuple((0, fold, "the same for every name") for fold in range(3))
    assert walked.daily.is_empty()
    with pytest.raises(InsufficientHistory):
        walked.figure(1)


def test_a_purge_shorter_than_the_labels_is_refused(samples: PanelSamples) -> None:
    for walk in (WalkForward(3, purge_bars=4, min_train=120), WalkForward(3, embargo_bars=3, min_train=120)):
        with pytest.raises(LeakError, match="reach 5"):
            walk_forward_ranks(samples, lambda seed: Spy(), walk=walk)

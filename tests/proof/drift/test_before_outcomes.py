from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtr

from augury.core.errors import DataError
from augury.data.synthetic import SyntheticMarket
from augury.proof.drift.divergence import divergences, worst_grade
from augury.proof.drift.estimated import estimated_accuracy

FIT, STEP = 800, 120


def _market(seed: int, h: int) -> tuple[np.ndarray, np.ndarray]:
    """The planted signal and the forward return over h bars of one synthetic symbol."""
    made = SyntheticMarket(n_symbols=1, n_bars=2400, ic=0.3, ic_bars=h, seed=seed, regimes=False)
    frame = made.bars().frame.join(made.signal(), on=["symbol", "ts"]).sort("ts")
    forward = (pl.col("close").shift(-h) / pl.col("close") - 1).alias("forward")
    known = frame.with_columns(forward).drop_nulls("forward")
    return known["signal"].to_numpy(), known["forward"].to_numpy()


@pytest.mark.parametrize("h", [1, 5])
def test_the_estimate_covers_the_later_truth_on_a_simulated_market(h: int) -> None:
    covered, windows = 0, 0
    for seed in range(12):
        signal, forward = _market(seed, h)
        slope, level = np.polyfit(signal[:FIT], forward[:FIT], 1)
        spread = float(np.std(forward[:FIT] - level - slope * signal[:FIT]))
        chance = ndtr((level + slope * signal) / spread)
        confidence, said_up = np.maximum(chance, 1 - chance), chance > 0.5
        for start in range(FIT + h, len(signal) - STEP, STEP):
            now = slice(start, start + STEP)
            estimate = estimated_accuracy(confidence[now], np.full(STEP, float(h)), FIT / h)
            truth = float(np.mean((forward[now] > 0) == said_up[now]))
            covered, windows = covered + (estimate.low <= truth <= estimate.high), windows + 1
    assert windows > 100
    assert covered / windows >= 0.9


def test_the_interval_is_not_wide_for_nothing() -> None:
    estimate = estimated_accuracy(np.full(400, 0.6), np.ones(400), 1000)
    assert estimate.value == pytest.approx(0.6)
    assert estimate.high - estimate.low < 0.12
    overlapping = estimated_accuracy(np.full(400, 0.6), np.full(400, 5.0), 1000)
    assert overlapping.n_eff == pytest.approx(80.0)
    assert overlapping.high - overlapping.low > 0.2


def test_few_forecasts_are_not_quoted_and_none_are_refused() -> None:
    assert estimated_accuracy(np.full(49, 0.6), np.ones(49), 1000).text() == "estimated accuracy insufficient (n=49)"
    with pytest.raises(DataError, match="got"):
        estimated_accuracy(np.array([]), np.array([]), 100)
    with pytest.raises(DataError, match="got"):
        estimated_accuracy(np.array([1.2]), np.array([1.0]), 100)


@pytest.mark.parametrize(
    ("lost", "grade"),
    [(0.15, "none"), (0.16, "notice"), (0.20, "notice"), (0.21, "warning"), (0.30, "warning"), (0.31, "critical")],
)
def test_divergence_is_graded_and_a_boundary_is_the_milder_grade(lost: float, grade: str) -> None:
    (one,) = divergences(0.85, None, 0.85 - lost)
    assert (one.earlier, one.later, one.grade) == ("train", "live", grade)


def test_every_two_slices_that_are_known_are_compared() -> None:
    found = divergences(0.94, 0.41, 0.40)
    assert [(one.earlier, one.later) for one in found] == [
        ("train", "validation"),
        ("train", "live"),
        ("validation", "live"),
    ]
    assert worst_grade(found) == "critical"
    assert divergences(None, 0.5, None) == []
    assert worst_grade([]) == "none"

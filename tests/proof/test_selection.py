"""Nothing is printed without its deflated value; PRF-04, Q05, BEY-03."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError, UnknownName
from augury.core.metrics.selection import deflated_sharpe, sharpes
from augury.proof.selection import deflate, deflate_correlation, deflated_text


@pytest.fixture(scope="module")
def null() -> np.ndarray:
    return 0.01 * np.random.default_rng(7).normal(size=(750, 200))


def test_the_best_of_200_random_signals_is_printed_as_luck(null: np.ndarray) -> None:
    best = null[:, int(sharpes(null).argmax())]
    found = deflate(best, trials=200, others=null)
    assert found.value > 1.2
    assert not found.believed
    assert found.dsr == pytest.approx(deflated_sharpe(best, 200, float(sharpes(null).var(ddof=1))))
    assert found.pbo is not None
    text = found.text()
    for part in ("best of 200 trials by luck", "DSR 0.", "PBO 0.", "n=750", "not better than luck"):
        assert part in text


def test_a_planted_signal_is_believed(null: np.ndarray) -> None:
    table = null.copy()
    table[:, 3] += 0.01 * 4 / np.sqrt(252)
    found = deflate(table[:, 3], trials=200, others=table)
    assert found.believed
    assert "not better than luck" not in found.text()


def test_a_rank_ic_series_is_deflated_by_the_same_mathematics_in_its_own_unit() -> None:
    daily = 0.02 + 0.1 * np.random.default_rng(0).normal(size=750)
    as_ic, as_sharpe = deflate(daily, trials=50, metric="rank_ic"), deflate(daily, trials=50)
    assert as_ic.dsr == as_sharpe.dsr
    assert as_ic.value == pytest.approx(daily.mean())
    assert as_ic.luck == pytest.approx(as_sharpe.luck / as_sharpe.value * daily.mean())


def test_overlapping_periods_count_once() -> None:
    daily = 0.02 + 0.1 * np.random.default_rng(0).normal(size=750)
    each, overlapping = (deflate(daily, trials=1, metric="rank_ic", horizon_bars=h) for h in (1, 5))
    assert overlapping.n == 150
    assert each.dsr is not None
    assert overlapping.dsr is not None
    assert overlapping.dsr < each.dsr


def test_below_50_periods_it_says_insufficient() -> None:
    text = deflated_text("sharpe", np.random.default_rng(0).normal(size=49), trials=3)
    assert text == "Sharpe insufficient (n=49, 3 trials)"
    assert not deflate(np.random.default_rng(0).normal(1.0, 0.1, size=49), trials=1).believed


def test_a_pooled_correlation_is_deflated_through_fisher() -> None:
    assert deflate_correlation(0.10, 750, trials=1).dsr == pytest.approx(0.9969, abs=1e-3)
    luck = deflate_correlation(0.10, 750, trials=200).luck
    rng = np.random.default_rng(0)
    drawn = [max(np.corrcoef(rng.normal(size=(201, 750)))[0, 1:]) for _ in range(20)]
    assert luck == pytest.approx(np.mean(drawn), abs=0.01)
    assert deflate_correlation(0.5, 3, trials=2).dsr is None


def test_a_series_that_never_moves_is_undefined_not_zero_and_not_one() -> None:
    found = deflate(np.full(100, 0.1), trials=2, metric="rank_ic")
    assert (found.dsr, found.value, found.believed) == (None, pytest.approx(0.1), False)
    assert "DSR undefined" in found.text()


def test_more_series_than_trials_and_other_metrics_are_refused(null: np.ndarray) -> None:
    with pytest.raises(DataError, match="every series is a trial"):
        deflate(null[:, 0], trials=10, others=null)
    with pytest.raises(UnknownName, match="unknown metric 'accuracy'"):
        deflate(null[:, 0], trials=10, metric="accuracy")
    with pytest.raises(DataError, match="not a correlation"):
        deflate_correlation(1.0, 100, trials=1)

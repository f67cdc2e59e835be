"""What stands beside a mean; PRF-10, PRF-14, Q04, Q09."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.metrics.selection import expected_best
from augury.proof.noise_floor import NoiseFloor
from augury.proof.significance import compare_losses, mean_evidence, rank_ic_text, walk_forward_efficiency


@pytest.mark.parametrize(("names", "days", "floor"), [(500, 250, 0.0028), (100, 250, 0.0064), (88, 419, 0.0052)])
def test_the_noise_floor_is_the_reference(names: int, days: int, floor: float) -> None:
    assert NoiseFloor(names, days).error == pytest.approx(floor, abs=5e-5)
    assert f"noise floor {floor}" in NoiseFloor(names, days).text()


def test_the_best_of_29_epochs_of_noise_lies_below_2_6_errors() -> None:
    floor = NoiseFloor(500, 250, 29)
    assert floor.bound / floor.error == pytest.approx(2.6, abs=0.01)
    assert floor.best / floor.error == pytest.approx(expected_best(29))
    assert floor.best < floor.bound


def test_noise_stays_inside_the_interval_and_a_planted_coefficient_is_found() -> None:
    rng = np.random.default_rng(0)
    noise = mean_evidence(0.05 * rng.normal(size=1000), 1)
    planted = mean_evidence(0.02 + 0.05 * rng.normal(size=1000), 1)
    assert noise.low is not None
    assert noise.high is not None
    assert noise.low < 0 < noise.high
    assert planted.low is not None
    assert planted.low > 0
    assert planted.t > 8


def test_a_rank_ic_is_printed_with_interval_t_floor_and_dsr() -> None:
    text = rank_ic_text(0.02 + 0.05 * np.random.default_rng(0).normal(size=500), 5, 400, trials=12)
    for part in ("[", "t=", "500 days", "noise floor 0.0050", "best of 12 by luck", "DSR"):
        assert part in text


def test_few_days_are_insufficient() -> None:
    assert mean_evidence(np.random.default_rng(0).normal(size=200), 5).text() == "insufficient (n=40)"
    assert mean_evidence(np.random.default_rng(0).normal(size=4), 5).low is None


def test_two_losses_are_compared_day_by_day() -> None:
    rng = np.random.default_rng(0)
    loss = rng.normal(size=500) ** 2
    better = compare_losses(loss, loss + 0.1 + 0.2 * rng.normal(size=500), 5)
    assert better.high is not None
    assert better.high < 0
    assert better.p < 0.001
    same = compare_losses(loss, loss + 0.2 * rng.normal(size=500), 5)
    assert same.low is not None
    assert same.high is not None
    assert same.low < 0 < same.high


def test_wfe_near_a_validation_of_one_half_is_undefined() -> None:
    for hits in (500, 510, 530, 490):
        assert walk_forward_efficiency(hits, 1000, 560, 1000).text() == "undefined"
    assert walk_forward_efficiency(600, 1000, 560, 1000).value == pytest.approx(0.6)


def test_the_interval_of_wfe_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = []
    for valid, test in zip(rng.binomial(1000, 0.6, 500), rng.binomial(1000, 0.55, 500), strict=True):
        found = walk_forward_efficiency(valid, 1000, test, 1000)
        if found.low is not None and found.high is not None:
            held.append(found.low <= 0.5 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_wfe_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="WFE needs rows"):
        walk_forward_efficiency(0, 0, 5, 10)

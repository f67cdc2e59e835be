"""The t of a mean whose neighbours overlap."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.metrics.newey_west import newey_west


def test_the_error_is_the_sum_of_weighted_autocovariances() -> None:
    values = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    centred = values - 3.0
    lags = [np.mean(centred**2), (centred[1:] @ centred[:-1]) / 5, (centred[2:] @ centred[:-2]) / 5]
    long_run = lags[0] + 2 * (2 / 3 * lags[1] + 1 / 3 * lags[2])
    found = newey_west(values, 3)
    assert found.mean == 3.0
    assert found.error == pytest.approx(np.sqrt(long_run / 5))
    assert found.t == pytest.approx(3.0 / found.error)


def test_overlapping_noise_is_called_real_about_as_rarely_as_it_says_and_far_too_often_without_lags() -> None:
    rng = np.random.default_rng(0)
    rows = [np.convolve(rng.normal(size=1504), np.ones(5), "valid") for _ in range(400)]
    with_lags = np.mean([newey_west(row, 5).p < 0.05 for row in rows])
    without = np.mean([newey_west(row, 1).p < 0.05 for row in rows])
    assert with_lags < 0.13
    assert without > 0.3


def test_a_constant_has_no_error_and_bad_rows_are_refused() -> None:
    assert np.isnan(newey_west(np.ones(10), 2).t)
    for values, horizon in ((np.ones(1), 1), (np.array([1.0, np.nan]), 1), (np.ones(5), 0)):
        with pytest.raises(DataError, match="newey_west was asked"):
            newey_west(values, horizon)

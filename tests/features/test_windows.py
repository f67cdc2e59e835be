"""Moments of sliding windows: right, exact when flat, and blind to where the window lies."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from augury.features.windows import window_moments

SERIES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=80).map(np.array)


@given(x=SERIES, n=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_moments_equal_the_plain_computation_and_are_nan_before_the_window_is_full(x: np.ndarray, n: int) -> None:
    mean, deviations = window_moments(x, n)
    assert np.isnan(mean[: n - 1]).all()
    full = [x[t - n + 1 : t + 1] for t in range(n - 1, len(x))]
    np.testing.assert_allclose(mean[n - 1 :], [w.mean() for w in full], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(deviations[n - 1 :], [((w - w.mean()) ** 2).sum() for w in full], rtol=1e-6, atol=1e-2)


@given(x=SERIES, n=st.integers(1, 30), before=SERIES)
@settings(max_examples=40, deadline=None)
def test_what_came_before_the_window_changes_no_bit(x: np.ndarray, n: int, before: np.ndarray) -> None:
    alone = window_moments(x, n)[1][n - 1 :]
    longer = window_moments(np.concatenate([before, x]), n)[1][len(before) + n - 1 :]
    assert longer.tobytes() == alone.tobytes()

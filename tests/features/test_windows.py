"""Tree windows: right, exact when flat, and blind to where the window lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augury.features import windows

SERIES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=80).map(np.array)
OPERATIONS = {
    "sum": (windows.window_sum, np.sum),
    "min": (windows.window_min, np.min),
    "max": (windows.window_max, np.max),
    "sd": (lambda x, n: windows.window_sd(x, n, sample=False), np.std),
    "mean": (lambda x, n: windows.window_moments(x, n)[0], np.mean),
}


@pytest.mark.parametrize("name", OPERATIONS)
@given(x=SERIES, n=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_a_window_equals_the_plain_computation_and_is_nan_before_it_is_full(name: str, x: np.ndarray, n: int) -> None:
    ours, plain = OPERATIONS[name]
    got = ours(x, n)
    assert got.shape == x.shape
    assert np.isnan(got[: n - 1]).all()
    expected = [plain(x[t - n + 1 : t + 1]) for t in range(n - 1, len(x))]
    np.testing.assert_allclose(got[n - 1 :], expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", OPERATIONS)
@given(x=SERIES, n=st.integers(1, 30), before=SERIES)
@settings(max_examples=40, deadline=None)
def test_what_came_before_the_window_changes_no_bit(name: str, x: np.ndarray, n: int, before: np.ndarray) -> None:
    ours, _ = OPERATIONS[name]
    alone = ours(x, n)[n - 1 :]
    assert ours(np.concatenate([before, x]), n)[len(before) + n - 1 :].tobytes() == alone.tobytes()


@given(value=st.floats(1e-6, 1e6), n=st.integers(1, 100), jump=st.floats(-1e9, 1e9))
def test_a_flat_window_has_exactly_no_spread_even_after_a_jump(value: float, n: int, jump: float) -> None:
    x = np.concatenate([[jump], np.full(n, value)])
    assert windows.window_sd(x, n, sample=False)[-1] == 0.0
    assert windows.window_moments(x, n)[0][-1] == value


def test_windows_run_along_the_last_axis() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(windows.window_sum(x, 2)[..., 1:], x[..., 1:] + x[..., :-1])


def test_a_weighted_window_puts_the_first_weight_on_the_current_bar() -> None:
    got = windows.window_dot(np.array([1.0, 10.0, 100.0, 1000.0]), np.array([1.0, 0.0, 2.0]))
    assert got[2:].tolist() == [102.0, 1020.0]
    assert np.isnan(got[:2]).all()

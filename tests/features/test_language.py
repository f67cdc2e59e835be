"""The words of features, run by the machine, against plain NumPy; and what they promise about windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augury.core.errors import UsageError
from augury.features import language as say
from augury.features import machine
from augury.features.engine import leaf_columns
from augury.features.language import Term, close, column, volume
from augury.features.program import compile_terms, first_row, leaves

FLOATS = st.lists(
    st.one_of(st.floats(-1e6, 1e6, allow_subnormal=False), st.just(float("nan"))), min_size=1, max_size=90
)
X, Y = column("x"), column("y")


def values(term: Term, *, starts: tuple[int, ...] = (0,), **columns: object) -> np.ndarray:
    """What a term is on some columns."""
    arrays = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    rows = len(next(iter(arrays.values())))
    program = compile_terms([term], [1])
    parts = machine.segments(np.array(starts), rows)
    return machine.run(program, leaf_columns(program, arrays, parts), parts, double=True).values[0]


def windowed(function: Callable[[np.ndarray], float], n: int) -> Callable[[np.ndarray], np.ndarray]:
    def plain(x: np.ndarray) -> np.ndarray:
        known = [function(x[t - n + 1 : t + 1]) for t in range(n - 1, len(x))]
        return np.array([np.nan] * min(n - 1, len(x)) + known)

    return plain


WINDOWS: dict[str, tuple[Callable[[Term, int], Term], Callable[[np.ndarray], float]]] = {
    "total": (say.total, np.sum),
    "mean": (say.mean, np.mean),
    "sd": (lambda x, n: say.sd(x, n, sample=False), np.std),
    "lowest": (say.lowest, np.min),
    "highest": (say.highest, np.max),
    "dot": (
        lambda x, n: say.dot(x, [1.0 / (k + 1) for k in range(n)]),
        lambda w: w[::-1] @ (1 / np.arange(1, len(w) + 1)),
    ),
    "rolling": (lambda x, n: say.rolling(lambda w: w.max(axis=1), x, bars=n), np.max),
}


@pytest.mark.parametrize("name", WINDOWS)
@given(x=FLOATS, n=st.integers(2, 60))
@settings(max_examples=40, deadline=None)
def test_a_window_equals_the_plain_computation_and_an_unknown_value_makes_it_unknown(
    name: str, x: list[float], n: int
) -> None:
    word, plain = WINDOWS[name]
    with np.errstate(invalid="ignore"):
        expected = windowed(plain, n)(np.array(x))
    np.testing.assert_allclose(values(word(X, n), x=x), expected, rtol=1e-9, atol=1e-4 if name == "sd" else 1e-6)


@pytest.mark.parametrize("name", WINDOWS)
@given(x=FLOATS, n=st.integers(2, 40), before=FLOATS)
@settings(max_examples=30, deadline=None)
def test_what_came_before_a_window_changes_no_bit(name: str, x: list[float], n: int, before: list[float]) -> None:
    term = WINDOWS[name][0](X, n)
    alone = values(term, x=x)[n - 1 :]
    assert values(term, x=before + x)[len(before) + n - 1 :].tobytes() == alone.tobytes()


@pytest.mark.parametrize("n", [33, 64, 100, 252])
def test_long_sums_are_right_and_blind_to_where_they_lie(n: int) -> None:
    x = np.random.default_rng(0).normal(size=600)
    got = values(say.total(X, n), x=x)
    np.testing.assert_allclose(got, windowed(np.sum, n)(x), rtol=1e-12, atol=1e-12)
    assert values(say.total(X, n), x=x[100:])[n - 1 :].tobytes() == got[100 + n - 1 :].tobytes()


@pytest.mark.parametrize("level", [0.1, 1e-7, 12345.678])
def test_a_flat_series_has_exactly_no_spread_and_its_own_mean(level: float) -> None:
    x = [level] * 50
    assert values(say.sd(X, 20), x=x)[30] == 0.0
    assert values(say.mean(X, 20), x=x)[30] == level
    assert values(say.covariance(X, X, 20), x=x)[30] == 0.0


def test_the_sample_standard_deviation_divides_by_one_less() -> None:
    assert values(say.sd(X, 4), x=[1.0, 2.0, 3.0, 4.0])[3] == pytest.approx(np.std([1, 2, 3, 4], ddof=1))


def test_covariance_and_correlation_equal_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=40), rng.normal(size=40)
    assert values(say.covariance(X, Y, 25), x=x, y=y)[-1] == pytest.approx(np.cov(x[-25:], y[-25:])[0, 1], rel=1e-12)
    assert values(say.correlation(X, Y, 25), x=x, y=y)[-1] == pytest.approx(np.corrcoef(x[-25:], y[-25:])[0, 1])


def test_the_slope_is_the_least_squares_slope() -> None:
    x = np.random.default_rng(2).normal(size=30)
    assert values(say.slope(X, 10), x=x)[-1] == pytest.approx(np.polyfit(np.arange(11), x[-11:], 1)[0], rel=1e-9)


@given(x=FLOATS)
@settings(max_examples=40, deadline=None)
def test_smoothing_starts_at_the_first_known_value_and_passes_over_unknown_ones(x: list[float]) -> None:
    expected, state = [], float("nan")
    for value in x:
        if value == value:
            state = value if state != state else 0.25 * value + 0.75 * state
        expected.append(state if value == value else float("nan"))
    np.testing.assert_array_equal(values(say.smooth(X, 0.25), x=x), expected)


@given(x=FLOATS, n=st.integers(1, 30), least=st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_quantiles_are_those_of_the_previous_known_values_only(x: list[float], n: int, least: int) -> None:
    low, high = say.previous_quantiles(X, n, 0.25, 0.9, least=least)
    before = [[v for v in x[max(0, t - n) : t] if v == v] for t in range(len(x))]
    for term, q in ((low, 0.25), (high, 0.9)):
        expected = [np.quantile(w, q) if len(w) >= least else np.nan for w in before]
        np.testing.assert_allclose(values(term, x=x), expected, rtol=1e-9, atol=1e-6)


def test_comparisons_answer_one_zero_or_unknown() -> None:
    x, y, nan = [1.0, 2.0, 3.0, float("nan")], [2.0, 2.0, 2.0, 2.0], float("nan")
    for term, expected in {
        X > Y: [0, 0, 1, nan],
        X >= Y: [0, 1, 1, nan],
        X < Y: [1, 0, 0, nan],
        X <= Y: [1, 1, 0, nan],
        X > 2.0: [0, 0, 1, nan],
        X <= 2: [1, 1, 0, nan],
        ~(X > Y): [1, 1, 0, nan],
        (X > 1.0) & (X < 3.0): [0, 1, 0, nan],
        (X < 2.0) | (X > 2.0): [1, 0, 1, nan],
    }.items():
        np.testing.assert_array_equal(values(term, x=x, y=y), expected)


def test_arithmetic_reads_like_arithmetic() -> None:
    x, y = np.array([1.0, -2.0, 4.0]), np.array([3.0, 5.0, -7.0])
    for term, expected in {
        X + Y: x + y, X - Y: x - y, X * Y: x * y, X / Y: x / y, -X: -x, 2.0 + X: 2 + x, 2.0 - X: 2 - x,
        2.0 * X: 2 * x, 2.0 / X: 2 / x, X - 1: x - 1, X / 2: x / 2, say.absolute(X): abs(x), say.sign(X): np.sign(x),
        say.lesser(X, Y): np.minimum(x, y), say.greater(X, 0.0): np.maximum(x, 0),
        say.clip(X, 1.5): np.clip(x, -1.5, 1.5),
        say.where(X > 0.0, Y, 9.0): np.where(x > 0, y, 9.0),
    }.items():  # fmt: skip
        np.testing.assert_array_equal(values(term, x=x, y=y), expected)


def test_logarithm_and_root_are_those_of_the_library() -> None:
    x = np.abs(np.random.default_rng(3).normal(size=200)) + 1e-3
    np.testing.assert_allclose(values(say.log(X), x=x), np.log(x), rtol=1e-15, atol=1e-16)
    np.testing.assert_array_equal(values(say.sqrt(X), x=x), np.sqrt(x))


def test_lag_since_known_from_and_total_above() -> None:
    x, nan = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0], float("nan")
    np.testing.assert_array_equal(values(say.lag(X, 2), x=x), [nan, nan, 0, 1, 0, 0])
    np.testing.assert_array_equal(values(say.lag_or_self(X, 2), x=x), [0, 1, 0, 1, 0, 0])
    np.testing.assert_array_equal(values(say.since(X, 3), x=x), [3, 0, 1, 2, 3, 0])
    np.testing.assert_array_equal(values(say.known_from(X, 3), x=x), [nan, nan, 0, 0, 0, 1])
    weighted = values(say.total_above(Y, X, X - 0.5, 3), x=x, y=[1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(weighted, [nan, nan, 6, 9, 12, 6])


def test_a_share_of_nothing_is_the_flat_answer_and_an_unknown_whole_is_unknown() -> None:
    nan = float("nan")
    part, whole, level = [1.0, 1.0, 1.0], [2.0, 1e-15, nan], [1.0, 1.0, 1.0]
    term = say.share(X, Y, column("z"), flat=0.5)
    np.testing.assert_array_equal(values(term, x=part, y=whole, z=level), [0.5, 0.5, nan])
    np.testing.assert_array_equal(values(say.per(X, Y), x=[1.0, 1.0], y=[4.0, 0.0]), [0.25, nan])


def test_a_symbol_never_sees_the_symbol_before_it() -> None:
    x = np.random.default_rng(4).normal(size=60)
    terms = [say.total(X, 7), say.smooth(X, 0.1), say.lag(X, 3), say.previous_quantiles(X, 9, 0.2, 0.8, least=2)[0]]
    for term in terms:
        together = values(term, starts=(0, 25), x=x)
        apart = np.concatenate([values(term, x=x[:25]), values(term, x=x[25:])])
        assert together.tobytes() == apart.tobytes()


def test_equal_terms_are_one_object_and_are_computed_once() -> None:
    one, other = say.mean(close, 20) + 1.0, say.mean(close, 20) + 1.0
    assert one is other
    program = compile_terms([one, say.mean(close, 20)], [1, 1])
    assert len(program.code) == 4  # mean, output, add, output


def test_a_term_knows_its_columns_and_how_far_it_looks_back() -> None:
    term = say.mean(say.lag(close, 5), 20) * volume
    assert leaves([term]) == ("close", "volume")
    assert first_row(term) == 24
    assert first_row(say.ema(term, 10)) == 24
    assert first_row(say.previous_quantiles(term, 252, 0.1, 0.9, least=50)[1]) == 276


@pytest.mark.parametrize("make", [lambda: say.lag(X, 0), lambda: say.mean(X, -3), lambda: say.covariance(X, Y, 1)])
def test_a_window_without_bars_is_refused(make: Callable[[], Term]) -> None:
    with pytest.raises(UsageError, match="needs a window"):
        make()


def test_no_word_looks_ahead() -> None:
    with pytest.raises(UsageError, match="lag needs a window of at least 1 bar, not -1"):
        say.lag(close, -1)


def test_a_term_in_an_if_is_an_error_that_says_what_to_write() -> None:
    with pytest.raises(UsageError, match="a term has no truth value"):
        bool(close > 1.0)


def test_rolling_refuses_recursions() -> None:
    with pytest.raises(UsageError, match="not recursions"):
        say.rolling(lambda w: w.mean(axis=1), say.ema(close, 5), bars=3)

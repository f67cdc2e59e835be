"""The eleven relative features: reference table, factors, causality, scikit-learn's protocol."""

import warnings

import numpy as np
import pytest

from augury.core.errors import UsageError
from augury.features import RelativeFeatureTransform

BARS = np.array([[[100, 102, 99, 101], [101, 103, 100, 102], [102, 102.5, 98, 99], [99, 99, 99, 99]]], dtype=float)
REFERENCE = np.array(
    [
        [0, 0, 0, 0, 0.333333, 0.333333, 0.333333, 0, 0, 0, 0],
        [0.009950, 0.009756, 0.010050, 0.009852, 0.333333, 0.333333, 0.333333, 1, 1, 1, 1],
        [0.009852, -0.004866, -0.020203, -0.029853, 0.666667, 0.111111, 0.222222, 1.224745, 0, -1.224745, -1.336306],
        [-0.029853, -0.034743, 0.010152, 0, 0, 0, 0, -1.341641, -1.686761, 0, -0.962250],
    ]
)
NAMES = [
    *("log_return_open", "log_return_high", "log_return_low", "log_return_close"),
    *("body_ratio", "upper_wick_ratio", "lower_wick_ratio"),
    *("zscore_open", "zscore_high", "zscore_low", "zscore_close"),
]


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    rng = np.random.default_rng(5)
    close = 80.0 * np.exp(np.cumsum(rng.normal(0, 0.01, (300, 105)), axis=1))
    opened = close * np.exp(rng.normal(0, 0.004, close.shape))
    high = np.maximum(opened, close) * (1 + np.abs(rng.normal(0, 0.003, close.shape)))
    low = np.minimum(opened, close) * (1 - np.abs(rng.normal(0, 0.003, close.shape)))
    return np.stack([opened, high, low, close], axis=2)


def test_the_reference_table_is_met() -> None:
    out = RelativeFeatureTransform().fit_transform(BARS)
    assert out.shape == (1, 4, 11)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[0], REFERENCE, atol=1e-6)


def test_z_scores_over_a_full_window_equal_the_plain_computation(windows: np.ndarray) -> None:
    out = RelativeFeatureTransform(zscore_window=20).transform(windows)
    for t in (1, 7, 18, 19, 20, 63, 104):
        past = windows[:, max(0, t - 19) : t + 1]
        z = (windows[:, t] - past.mean(axis=1)) / past.std(axis=1)
        np.testing.assert_allclose(out[:, t, 7:], z, atol=2e-6)


@pytest.mark.parametrize("factor", [1e-9, 0.001, 1.3, 10_000.0])
def test_a_factor_on_all_prices_changes_nothing(factor: float, windows: np.ndarray) -> None:
    transform = RelativeFeatureTransform()
    np.testing.assert_allclose(transform.transform(windows * factor), transform.transform(windows), atol=1e-6)


def test_later_bars_change_no_bit_of_earlier_ones(windows: np.ndarray) -> None:
    other = windows.copy()
    other[:, 60:] *= 1.7
    transform = RelativeFeatureTransform()
    assert transform.transform(other)[:, :60].tobytes() == transform.transform(windows)[:, :60].tobytes()


def test_a_window_alone_equals_the_window_in_a_batch_bit_for_bit(windows: np.ndarray) -> None:
    transform = RelativeFeatureTransform()
    assert transform.transform(windows[217:218]).tobytes() == transform.transform(windows)[217:218].tobytes()


def test_flat_bars_give_zeros_in_columns_five_to_eleven() -> None:
    out = RelativeFeatureTransform().transform(np.full((2, 105, 4), 1e-4))
    assert not out.any()


def test_ratios_sum_to_one_unless_the_bar_is_flat(windows: np.ndarray) -> None:
    np.testing.assert_allclose(RelativeFeatureTransform().transform(windows)[..., 4:7].sum(axis=2), 1.0, atol=1e-6)


def test_the_settings_act() -> None:
    assert RelativeFeatureTransform(signed_body=True).transform(BARS)[0, 2, 4] == pytest.approx(-2 / 3)
    assert np.abs(RelativeFeatureTransform(zscore_clip=0.5).transform(BARS)[..., 7:]).max() == 0.5
    assert RelativeFeatureTransform(zscore_window=2).transform(BARS)[0, 3, 7:].tolist() == [-1.0, -1.0, 1.0, 0.0]


@pytest.mark.parametrize("settings", [{"zscore_window": 1}, {"zscore_clip": 0.0}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        RelativeFeatureTransform(**settings).fit(BARS)


@pytest.mark.parametrize("shape", [(105, 4), (2, 105, 5), (2, 0, 4), (2, 3, 105, 4)])
def test_a_wrong_shape_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        RelativeFeatureTransform().transform(np.ones(shape))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_price_names_window_and_bar(value: float, windows: np.ndarray) -> None:
    broken = windows.copy()
    broken[3, 17, 2] = value
    with pytest.raises(ValueError, match="window 3 bar 17: low"):
        RelativeFeatureTransform().transform(broken)


@pytest.mark.parametrize("found", [np.array([[["a"] * 4]]), np.array([[[None] * 4]]), "bars", BARS > 0])
def test_what_is_not_numeric_is_a_type_error(found: object) -> None:
    with pytest.raises(TypeError, match="numeric"):
        RelativeFeatureTransform().transform(found)


def test_the_names_are_the_eleven_columns() -> None:
    assert RelativeFeatureTransform().get_feature_names_out().tolist() == NAMES


def test_it_follows_scikit_learn(windows: np.ndarray) -> None:
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    one = RelativeFeatureTransform(zscore_window=10, signed_body=True)
    twin = clone(one)
    assert twin is not one
    assert twin.get_params() == one.get_params() == {"zscore_window": 10, "zscore_clip": 10.0, "signed_body": True}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flat = make_pipeline(one, FunctionTransformer(lambda x: x[:, -1])).fit(windows).transform(windows)
    assert flat.shape == (300, 11)
    assert one.set_params(zscore_window=5).zscore_window == 5
    with pytest.raises(ValueError, match="no setting 'window'"):
        one.set_params(window=5)
    assert repr(twin) == "RelativeFeatureTransform(zscore_window=10, zscore_clip=10.0, signed_body=True)"

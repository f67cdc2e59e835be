"""Bands keep their promise on real and simulated returns, and never cross or shrink with the horizon."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import InsufficientHistory
from augury.core.forecast import QUANTILES
from augury.core.tables import VOLATILITY
from augury.data.sources.arch import SOURCE
from augury.labels.returns import volatility
from augury.models.conformal import LEVELS, AdaptiveConformal, ConformalBands, conformal_index, widen_by_horizon


@pytest.mark.parametrize(("n", "level", "rank"), [(100, 0.80, 81), (100, 0.95, 96), (19, 0.95, 19), (18, 0.95, 19)])
def test_the_rank_of_a_band_is_the_ceiling_of_n_plus_one_times_its_level(n, level, rank):
    assert conformal_index(n, level) == rank


def test_below_19_residuals_there_is_no_finite_95_percent_band():
    with pytest.raises(InsufficientHistory, match="18 out-of-fold residuals carry no 95% band"):
        ConformalBands.fit(np.arange(18.0), np.ones(18))
    assert ConformalBands.fit(np.arange(1.0, 20.0), np.ones(19)).factors[0.95] == 19.0


def test_overlapping_residuals_that_are_too_few_fall_back_to_the_wider_of_largest_and_normal_and_say_so():
    residuals = np.linspace(-0.5, 0.5, 200)
    bands = ConformalBands.fit(residuals, np.ones(200), n_eff=200 / 30)
    assert bands.extrapolated == (0.90, 0.95)
    assert bands.factors[0.95] == pytest.approx(1.959964, abs=1e-6)
    assert ConformalBands.fit(residuals, np.ones(200), n_eff=100.0).extrapolated == ()


def test_rows_without_a_scale_are_left_out_instead_of_dividing_by_zero():
    residuals = np.concatenate([np.full(50, 9.0), np.ones(50)])
    scale = np.concatenate([np.zeros(25), np.full(25, np.nan), np.ones(50)])
    bands = ConformalBands.fit(residuals, scale)
    assert (bands.n, bands.factors[0.95]) == (50, 1.0)


def test_bands_cover_what_they_say_on_simulated_returns_of_known_sigma_at_three_scales():
    rng = np.random.default_rng(3)
    for sigma in (0.001, 0.02, 0.1):
        past, future = rng.normal(0, sigma, 2000), rng.normal(0, sigma, 4000)
        quantiles = ConformalBands.fit(past, np.full(2000, sigma)).quantiles(np.zeros(4000), np.full(4000, sigma))
        assert np.mean((future >= quantiles["q10"]) & (future <= quantiles["q90"])) == pytest.approx(0.80, abs=0.03)
        assert np.mean((future >= quantiles["q025"]) & (future <= quantiles["q975"])) == pytest.approx(0.95, abs=0.02)


@pytest.fixture(scope="module")
def sp500():
    frame = SOURCE.load(["^GSPC"]).frame.with_columns(volatility())
    return frame["close"].to_numpy(), frame[VOLATILITY].to_numpy()


@pytest.mark.parametrize("level", [0.80, 0.95])
@pytest.mark.parametrize("horizon_bars", [1, 5])
def test_rolling_adaptive_bands_cover_the_sp500_of_1999_to_2018_within_two_points(sp500, horizon_bars, level):
    closes, vol = sp500
    h, window = horizon_bars, 500
    forward = np.full(len(closes), np.nan)
    forward[:-h] = closes[h:] / closes[:-h] - 1
    scale = vol * np.sqrt(h)
    rows = np.flatnonzero(np.isfinite(forward) & np.isfinite(scale))
    state, hits = AdaptiveConformal(1 - level), []
    for place, row in enumerate(rows):
        matured = rows[max(0, place - h - window) : max(0, place - h + 1)]
        if len(matured) < 250:
            continue
        bands = ConformalBands.fit(forward[matured], scale[matured], (state.level,) if state.level < 0.99 else (0.99,))
        (factor,) = bands.factors.values()
        hits.append(abs(forward[row]) <= factor * scale[row])
        if len(hits) > h:
            state = state.after(missed=not hits[-1 - h])
    assert len(hits) > 4500
    assert np.mean(hits) == pytest.approx(level, abs=0.02)


def test_the_adaptive_level_returns_to_its_target_when_the_market_doubles_its_volatility():
    rng = np.random.default_rng(5)
    returns = np.concatenate([rng.normal(0, 1, 1000), rng.normal(0, 2, 3000)])
    state, hits = AdaptiveConformal(0.2), []
    sizes = np.sort(np.abs(rng.normal(0, 1, 1000)))
    for value in returns:
        factor = np.inf if state.level >= 1 else sizes[min(conformal_index(1000, state.level), 1000) - 1]
        hits.append(abs(value) <= factor)
        state = state.after(missed=not hits[-1])
    assert np.mean(hits[1000:]) == pytest.approx(0.80, abs=0.02)


numbers = st.floats(-3, 3)


@given(st.lists(st.tuples(numbers, st.floats(0, 3)), min_size=1, max_size=6))
def test_bands_are_ordered_never_below_minus_100_percent_and_never_narrower_for_a_longer_horizon(rows):
    bands = ConformalBands.fit(np.linspace(0.1, 3, 200), np.ones(200))
    ladders = [
        {name: float(values[0]) for name, values in bands.quantiles(np.array([c]), np.array([s])).items()}
        for c, s in rows
    ]
    widened = widen_by_horizon(ladders)
    for before, after in zip(ladders, widened, strict=True):
        ends = [after[name] for name in QUANTILES]
        assert ends == sorted(ends)
        assert min(ends) >= -1.0
        assert after["q50"] == before["q50"]
        assert after["q10"] <= before["q10"]
        assert after["q90"] >= before["q90"]
    for low, high in (("q025", "q975"), ("q05", "q95"), ("q10", "q90"), ("q25", "q75")):
        widths = [ladder[high] - ladder[low] for ladder in widened]
        assert all(later >= earlier for earlier, later in pairwise(widths))


def test_a_narrower_later_band_takes_both_half_widths_of_the_earlier_one_about_its_own_median():
    bands = ConformalBands.normal()
    near, far = (
        {name: float(v[0]) for name, v in bands.quantiles(np.array([centre]), np.array([scale])).items()}
        for centre, scale in ((0.0, 0.10), (0.05, 0.02))
    )
    _, widened = widen_by_horizon([near, far])
    assert widened["q50"] == 0.05
    for low, high in (("q10", "q90"), ("q025", "q975")):
        assert widened[low] == pytest.approx(0.05 + near[low])
        assert widened[high] == pytest.approx(0.05 + near[high])


def test_bands_of_growing_width_are_left_as_they_are():
    bands = ConformalBands.normal()
    ladders = [
        {name: float(v[0]) for name, v in bands.quantiles(np.array([0.001]), np.array([scale])).items()}
        for scale in (0.02, 0.04)
    ]
    assert widen_by_horizon(ladders) == ladders
    assert widen_by_horizon([]) == []


def test_bands_survive_json_bit_for_bit():
    bands = ConformalBands.fit(np.random.default_rng(0).normal(size=333), np.ones(333), LEVELS, n_eff=10)
    assert ConformalBands.from_json(bands.to_json()) == bands

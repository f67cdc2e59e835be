"""Bands keep their promise through 2008, are corrected as late as outcomes are known, and are scored by group."""

import json

import numpy as np
import pytest

from augury.core.errors import DataError, InsufficientHistory, UsageError
from augury.core.forecast import QUANTILES
from augury.core.metrics.intervals import crps_draws
from augury.core.tables import VOLATILITY
from augury.data.sources.arch import SOURCE
from augury.labels.returns import volatility
from augury.models.intervals import IntervalTracker
from augury.models.online_bands import OnlineBands, rolling_bands

NORMAL = {0.80: 1.2815515655446004, 0.95: 1.959963984540054}


@pytest.fixture(scope="module", params=[1, 5])
def rolled(request):
    frame = SOURCE.load(["^GSPC"]).frame.with_columns(volatility())
    closes, h = frame["close"].to_numpy(), request.param
    outcome = np.full(len(closes), np.nan)
    outcome[:-h] = closes[h:] / closes[:-h] - 1
    scale = frame[VOLATILITY].to_numpy() * np.sqrt(h)
    bands = rolling_bands(np.zeros(len(closes)), scale, outcome, h, OnlineBands.start((0.80, 0.95)))
    returns = np.r_[np.nan, closes[1:] / closes[:-1] - 1]
    return bands, outcome, frame["ts"].dt.year().to_numpy(), np.nanstd(returns) * np.sqrt(h)


@pytest.mark.parametrize("level", [0.80, 0.95])
def test_adaptive_bands_cover_the_sp500_within_two_points_and_within_five_in_2008(rolled, level):
    bands, outcome, year, _ = rolled
    low, high = bands[level]
    known = np.isfinite(low) & np.isfinite(outcome)
    hit = (outcome >= low) & (outcome <= high)
    assert known.sum() > 4500
    assert hit[known].mean() == pytest.approx(level, abs=0.02)
    assert hit[known & (year == 2008)].mean() == pytest.approx(level, abs=0.05)


@pytest.mark.parametrize("level", [0.80, 0.95])
def test_a_gaussian_band_fails_the_same_test_in_2008(rolled, level):
    _, outcome, year, sd = rolled
    inside = np.abs(outcome) <= NORMAL[level] * sd
    assert inside[year == 2008].mean() < level - 0.05


def test_a_correction_is_made_when_the_outcome_is_known_and_never_before():
    rng = np.random.default_rng(0)
    outcome = rng.normal(size=400)
    start = OnlineBands.start((0.80,), least=50, window=100)
    low, _ = rolling_bands(np.zeros(400), np.ones(400), outcome, 5, start)[0.80]
    poisoned = outcome.copy()
    poisoned[300:] = 1e6
    after, _ = rolling_bands(np.zeros(400), np.ones(400), poisoned, 5, start)[0.80]
    assert np.array_equal(after[:305], low[:305], equal_nan=True)
    assert after[306] < low[306]
    assert np.isnan(low[:54]).all()
    assert np.isfinite(low[55:]).all()


def test_a_level_reaches_its_target_when_volatility_doubles_and_the_wider_band_is_never_narrower():
    rng = np.random.default_rng(5)
    outcome = np.concatenate([rng.normal(0, 1, 1000), rng.normal(0, 2, 3000)])
    bands = rolling_bands(np.zeros(4000), np.ones(4000), outcome, 1, OnlineBands.start())
    for level, (low, high) in bands.items():
        known = np.isfinite(low)
        assert np.mean((outcome >= low)[known] & (outcome <= high)[known]) == pytest.approx(level, abs=0.02)
    widths = np.column_stack([high - low for low, high in bands.values()])[300:]
    assert (np.diff(widths, axis=1) >= 0).all()


def test_misses_widen_the_band_where_the_residuals_alone_lag_behind_a_rising_volatility():
    outcome = np.exp(np.arange(3000) / 800) * np.random.default_rng(6).normal(size=3000)
    hits = {}
    for gamma in (0.0, 0.02):
        low, high = rolling_bands(np.zeros(3000), np.ones(3000), outcome, 1, OnlineBands.start((0.80,), gamma=gamma))[
            0.80
        ]
        hits[gamma] = np.mean((outcome >= low)[500:] & (outcome <= high)[500:])
    assert hits[0.0] < 0.76
    assert hits[0.02] == pytest.approx(0.80, abs=0.02)


def test_a_state_of_bands_survives_json_and_goes_on_as_if_it_had_not_been_written():
    bands = OnlineBands.start(least=20, window=50)
    for value in np.random.default_rng(1).normal(size=60).tolist():
        bands = bands.after(outcome=value, centre=0.0, scale=1.0, said=bands.factors() if bands.ready else {})
    read = OnlineBands.from_json(json.loads(json.dumps(bands.to_json())))
    assert read == bands
    assert read.factors() == bands.factors()


def test_bands_without_residuals_or_with_an_outcome_that_says_nothing_are_refused():
    with pytest.raises(InsufficientHistory, match="0 matured outcomes carry no band, 250 are needed"):
        OnlineBands.start().factors()
    for outcome, scale in ((float("nan"), 1.0), (0.0, 0.0)):
        with pytest.raises(DataError, match="says nothing"):
            OnlineBands.start().after(outcome=outcome, centre=0.0, scale=scale, said={})


def ladder(sd, centre=0.0):
    from scipy.special import ndtri

    return {name: centre + sd * float(ndtri(level)) for name, level in QUANTILES.items()}


@pytest.fixture(scope="module")
def tracker():
    rng, made = np.random.default_rng(2), IntervalTracker()
    for symbol, true, said in (("AAA", 0.01, 0.01), ("BBB", 0.02, 0.01)):
        for at, value in enumerate((true * rng.normal(size=1500)).tolist()):
            made.add(
                symbol, "calm" if at % 2 else "wild", "5d" if at % 3 else "1d", 5 if at % 3 else 1, value, ladder(said)
            )
    return made


def test_an_honest_band_scores_its_level_and_a_narrow_one_shows_in_its_own_group(tracker):
    honest, narrow = tracker.scores(("symbol",))
    assert (honest.group, narrow.group) == ({"symbol": "AAA"}, {"symbol": "BBB"})
    for level, (share, low, high) in honest.coverage.items():
        assert low <= share <= high
        assert share == pytest.approx(level, abs=0.03)
    assert narrow.coverage[0.80][2] < 0.80
    assert narrow.winkler[0.80] > 2 * honest.winkler[0.80]
    assert narrow.pinball["q10"] > honest.pinball["q10"]


def test_the_place_of_outcomes_is_uniform_when_calibrated_and_heaped_at_the_ends_when_too_narrow(tracker):
    honest, narrow = tracker.scores(("symbol",))
    assert honest.pit == pytest.approx([0.1] * 10, abs=0.03)
    assert sum(honest.pit) == pytest.approx(1)
    assert narrow.pit[0] + narrow.pit[-1] > 0.4


def test_the_crps_of_a_ladder_is_near_that_of_the_distribution_it_was_taken_from():
    rng, tracker = np.random.default_rng(3), IntervalTracker()
    outcome = rng.normal(size=1000)
    for value in outcome.tolist():
        tracker.add("A", "calm", "1d", 1, value, ladder(1.0))
    draws = np.tile(rng.normal(size=400), (1000, 1))
    assert tracker.scores()[0].crps == pytest.approx(crps_draws(outcome, draws), rel=0.06)


def test_groups_hold_every_row_once_and_overlapping_rows_count_less(tracker):
    whole = tracker.scores()[0]
    groups = tracker.scores(("symbol", "regime", "horizon"))
    assert (len(tracker), whole.n, sum(score.n for score in groups)) == (3000, 3000, 3000)
    assert len(groups) == 8
    assert whole.n_eff == pytest.approx(1000 + 2000 / 5)
    assert not whole.insufficient
    by_horizon = {score.group["horizon"]: score for score in tracker.scores(("horizon",))}
    assert (by_horizon["5d"].n, by_horizon["5d"].n_eff) == (2000, pytest.approx(400))
    assert json.loads(json.dumps(whole.to_json()))["n"] == 3000


def test_crossed_or_missing_quantiles_and_unknown_groups_are_refused(tracker):
    crossed = ladder(1.0) | {"q10": 9.0}
    with pytest.raises(DataError, match="cannot be scored"):
        IntervalTracker().add("A", "calm", "1d", 1, 0.0, crossed)
    with pytest.raises(DataError, match="cannot be scored"):
        IntervalTracker().add("A", "calm", "1d", 1, float("nan"), ladder(1.0))
    with pytest.raises(UsageError, match="not by colour"):
        tracker.scores(("colour",))
    assert IntervalTracker().scores() == []

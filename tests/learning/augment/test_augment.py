"""Augmentation: off is the input itself, bars stay bars, one draw serves every branch."""

import numpy as np
import pytest

from augury.core.errors import UsageError
from augury.labels.windows.rules import broken_bars
from augury.learning.augment import (
    OFF,
    PRETRAINING,
    AugmentSettings,
    draw_bars,
    draw_features,
    draw_mix,
)

N_BARS = 105


def walks(n, seed=0):
    generator = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, (n, N_BARS)), axis=1))
    opened = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    up, down = 1 + np.abs(generator.normal(0, 0.004, (2, n, N_BARS)))
    return np.stack([opened, np.maximum(opened, close) * up, np.minimum(opened, close) / down, close], axis=2)


def test_time_warp_is_off_unless_asked_for():
    assert AugmentSettings().time_warp_prob == 0.0
    assert AugmentSettings.from_environment({}).time_warp_prob == 0.0
    assert PRETRAINING.time_warp_prob == 0.5


@pytest.mark.parametrize("name", ["TEMPORAL_AUG_TIME_WARP_PROB", "SIMPLE_LSTM_TIME_WARP_PROB"])
def test_older_names_set_the_time_warp(name):
    assert AugmentSettings.from_environment({name: "0.25", "PATH": "/bin"}).time_warp_prob == 0.25
    with pytest.raises(UsageError, match=f"{name}='often' is not a number"):
        AugmentSettings.from_json({name: "often"})


def test_a_setting_given_twice_differently_is_refused():
    with pytest.raises(UsageError, match="given twice"):
        AugmentSettings.from_json({"time_warp_prob": 0.1, "SIMPLE_LSTM_TIME_WARP_PROB": 0.2})


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UsageError, match="jitter_prob"):
        AugmentSettings.from_json({"jiter_prob": 0.1})


def test_off_returns_the_very_same_arrays():
    prices, generator = walks(4), np.random.default_rng(0)
    before = generator.bit_generator.state
    x = np.ones((4, N_BARS, 11), np.float32)
    assert draw_bars(4, N_BARS, OFF, generator).apply(prices) is prices
    assert draw_features(x.shape, OFF, generator).apply(x) is x
    assert draw_mix(4, N_BARS, OFF, generator) is None
    assert generator.bit_generator.state == before


def test_ten_thousand_changed_windows_keep_the_rules_of_bars():
    settings = AugmentSettings(time_warp_prob=0.5, volatility_prob=0.5)
    generator = np.random.default_rng(7)
    broken = changed = 0
    for _ in range(5):
        prices = walks(2000, seed=int(generator.integers(1 << 30)))
        found = draw_bars(2000, N_BARS, settings, generator).apply(prices)
        broken += int(broken_bars(found).sum())
        changed += int((found != prices).any(axis=(1, 2)).sum())
    assert broken == 0
    assert 7000 < changed < 8000


def test_a_warp_moves_whole_bars_in_order_and_keeps_both_ends():
    prices = walks(50)
    drawn = draw_bars(50, N_BARS, AugmentSettings(time_warp_prob=1.0), np.random.default_rng(1))
    found = drawn.apply(prices)
    assert (np.diff(drawn.places, axis=1) >= 0).all()
    np.testing.assert_array_equal(found[:, [0, -1]], prices[:, [0, -1]])
    own = {bar.tobytes() for bar in prices[0]}
    assert all(bar.tobytes() in own for bar in found[0])


def test_volatility_changes_ranges_and_no_open_or_close():
    prices = walks(50)
    drawn = draw_bars(50, N_BARS, AugmentSettings(volatility_prob=1.0), np.random.default_rng(1))
    found = drawn.apply(prices)
    np.testing.assert_array_equal(found[:, :, [0, 3]], prices[:, :, [0, 3]])
    assert (found[:, :, 1] != prices[:, :, 1]).any()


def test_samples_that_were_not_chosen_stay_bit_equal():
    prices = walks(200)
    settings = AugmentSettings(volatility_prob=0.5)
    drawn = draw_bars(200, N_BARS, settings, np.random.default_rng(1))
    found, kept = drawn.apply(prices), drawn.stretch == 1.0
    assert 60 < kept.sum() < 140
    np.testing.assert_array_equal(found[kept], prices[kept])


def test_jitter_has_the_size_asked_for_in_spreads_of_the_feature():
    x = np.zeros((400, N_BARS, 3), np.float32)
    settings = AugmentSettings(scaling_prob=0.0)
    noisy = draw_features(x.shape, settings, np.random.default_rng(0)).apply(x)
    touched = (noisy != 0).any(axis=(1, 2))
    assert 150 < touched.sum() < 250
    assert noisy[touched].std() == pytest.approx(0.05, rel=0.02)


def test_one_factor_scales_every_branch_of_a_sample():
    settings = AugmentSettings(jitter_prob=0.0, scaling_prob=1.0)
    drawn = draw_features((6, N_BARS, 2), settings, np.random.default_rng(0))
    bars, side = drawn.apply(np.ones((6, N_BARS, 2), np.float32)), drawn.apply_side(np.ones((6, 3), np.float32))
    np.testing.assert_array_equal(bars[:, 0, 0], side[:, 0])
    assert len(np.unique(side[:, 0])) == 6


def test_one_mix_serves_bars_and_side_features_with_the_same_partner_and_share():
    settings = AugmentSettings(cutmix_prob=0.0)
    mix = draw_mix(8, N_BARS, settings, np.random.default_rng(3))
    own = np.arange(8, dtype=np.float32)
    bars = mix.apply(np.repeat(own[:, None, None], N_BARS, axis=1))
    side = mix.apply_side(own[:, None])
    np.testing.assert_array_equal(bars[:, 0], side)
    np.testing.assert_allclose(side[:, 0], mix.share * own + (1 - mix.share) * own[mix.partner], rtol=1e-6)


def test_a_cut_block_is_contiguous_and_its_share_is_counted():
    settings = AugmentSettings(mixup_alpha=0.0, cutmix_prob=1.0)
    mix = draw_mix(64, N_BARS, settings, np.random.default_rng(3))
    own = np.arange(64, dtype=np.float32)
    mixed = mix.apply(np.repeat(own[:, None, None], N_BARS, axis=1))[:, :, 0]
    for row in range(64):
        inside = np.flatnonzero(mix.block[row])
        assert len(inside) == 0 or (np.diff(inside) == 1).all()
        np.testing.assert_array_equal(mixed[row], np.where(mix.block[row], own[mix.partner[row]], own[row]))
    np.testing.assert_allclose(mix.share, 1 - mix.block.mean(axis=1), rtol=1e-6)


def test_equal_generators_give_equal_draws():
    settings = AugmentSettings(time_warp_prob=0.5, volatility_prob=0.5)
    draws = [draw_bars(20, N_BARS, settings, np.random.default_rng(5)).apply(walks(20)) for _ in range(2)]
    np.testing.assert_array_equal(*draws)

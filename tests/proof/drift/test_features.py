from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, InsufficientHistory
from augury.core.typing import Floats
from augury.data.synthetic import SyntheticMarket
from augury.features.engine import build
from augury.proof.drift.features import decile_shares, drift_score, feature_shifts, ks_of_blocks, psi, wasserstein

LIVE = 60


def test_the_index_of_the_worked_table_is_0_1386() -> None:
    assert round(psi(np.full(10, 0.1), np.array([0.05, 0.05, *[0.1] * 7, 0.2])), 4) == 0.1386


def test_values_beyond_the_reference_do_not_vanish() -> None:
    edges = np.quantile(np.arange(100.0), np.arange(1, 10) / 10)
    beyond = np.concatenate([np.full(20, -1e6), np.full(30, 1e6)])
    assert decile_shares(edges, beyond).tolist() == [0.4, *[0.0] * 8, 0.6]
    assert decile_shares(edges, np.array([-np.inf, np.inf])).sum() == 1.0


def test_an_empty_bin_counts_the_floor_and_not_infinity() -> None:
    assert psi(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(2 * (1 - 1e-4) * np.log(1e4))


def test_a_distance_is_told_in_interquartile_ranges_and_not_at_all_without_one() -> None:
    reference = np.arange(101.0)
    assert wasserstein(reference, reference + 25.0) == pytest.approx(0.5)
    assert wasserstein(np.ones(100), np.arange(50.0)) is None


def test_block_means_of_rows_that_follow_each_other_are_compared() -> None:
    # The same ten values in another order within the blocks: nothing has moved.
    assert ks_of_blocks(np.tile(np.arange(10.0), 30), np.tile(np.arange(10.0)[::-1], 6), 10) == 0.0


def market(seed: int, bars: int = 1400) -> Bars:
    return SyntheticMarket(n_symbols=1, n_bars=bars, seed=seed).bars()


def features_of(bars: Bars) -> tuple[dict[str, Floats], dict[str, Floats]]:
    table = build(bars, "starter")
    names = [name for name in table.frame.columns if name not in ("symbol", "ts")]
    known = {name: table.frame[name].cast(pl.Float64).to_numpy() for name in names}
    return {n: v[250 : -LIVE - 20] for n, v in known.items()}, {n: v[-LIVE:] for n, v in known.items()}


def test_a_stationary_market_is_silent() -> None:
    scores = [drift_score(feature_shifts(*features_of(market(seed)))) for seed in range(6)]
    assert max(score for score in scores if score is not None) <= 0.2
    assert np.mean([score or 0.0 for score in scores]) < 0.05


def test_a_market_that_became_three_times_as_wild_is_seen() -> None:
    bars = market(1)
    wild = bars.frame.with_row_index().with_columns(
        pl.when(pl.col("index") >= bars.frame.height - LIVE - 20).then(3.0).otherwise(1.0).alias("times")
    )
    close, previous = wild["close"].to_numpy(), np.concatenate([[wild["close"][0]], wild["close"].to_numpy()[:-1]])
    times = wild["times"].to_numpy()
    path = np.exp(np.cumsum(times * np.log(close / previous))) * close[0]
    base = np.concatenate([[path[0]], path[:-1]])
    scaled = {n: base * np.exp(times * np.log(wild[n].to_numpy() / previous)) for n in ("open", "high", "low")}
    frame = bars.frame.with_columns(close=pl.Series(path), **{n: pl.Series(v) for n, v in scaled.items()})
    shifts = {one.feature: one for one in feature_shifts(*features_of(replace(bars, frame=frame)))}
    score = drift_score(list(shifts.values()))
    assert score is not None
    assert score > 0.2
    assert shifts["returns"].flagged
    assert shifts["volatility_20d"].flagged


def test_a_slow_feature_is_held_against_its_own_wandering() -> None:
    rng = np.random.default_rng(0)
    slow = np.zeros(3000)
    for at in range(1, 3000):
        slow[at] = 0.98 * slow[at - 1] + rng.normal()
    (shift,) = feature_shifts({"slow": slow[:2900]}, {"slow": slow[2940:]})
    assert shift.psi is not None
    assert shift.psi > 0.2  # a fixed limit alone would call this drift
    assert not shift.flagged
    (moved,) = feature_shifts({"slow": slow[:2900]}, {"slow": slow[2940:] + 40.0})
    assert moved.flagged


def test_too_few_rows_are_said_and_other_names_refused() -> None:
    rows = np.arange(300.0) % 7
    with pytest.raises(InsufficientHistory, match=r"a has 39 live rows and 300 of reference; needs 40"):
        feature_shifts({"a": rows}, {"a": rows[:39]})
    with pytest.raises(InsufficientHistory, match="5 times"):
        feature_shifts({"a": rows}, {"a": rows[:61]})
    with pytest.raises(DataError, match=r"\['a', 'b'\]"):
        feature_shifts({"a": rows}, {"b": rows[:50]})
    assert drift_score([]) is None

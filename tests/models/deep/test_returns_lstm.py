"""The LSTM on returns of one series honours the horizon, and says when it can not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augury.core.errors import CorruptArtifact, InsufficientHistory
from augury.models.deep.returns_lstm import ReturnsLstm
from augury.models.series import PriceSeries


def returns(n: int, sigma: float = 0.01, seed: int = 0) -> np.ndarray:
    return sigma * np.random.default_rng(seed).normal(size=n)


@pytest.fixture(scope="module")
def series() -> PriceSeries:
    return PriceSeries.of_returns(returns(1600))


@pytest.fixture(scope="module")
def member(series: PriceSeries) -> ReturnsLstm:
    return ReturnsLstm(lookback=20, hidden=8, epochs=3).fit(series.until(1101))


def test_fewer_than_1000_bars_are_too_few(series: PriceSeries) -> None:
    with pytest.raises(InsufficientHistory, match="needs 1000"):
        ReturnsLstm().fit(series.until(999))


def test_one_bar_ahead_differs_from_twenty(member: ReturnsLstm, series: PriceSeries) -> None:
    rows = np.arange(1100, 1400)
    one, twenty = (member.predict_distribution(series, rows, h) for h in (1, 20))
    ratio = float(np.mean(twenty.sd / one.sd))
    assert np.sqrt(20) * 0.7 < ratio < np.sqrt(20) * 1.3
    assert not np.allclose(one.mean, twenty.mean)
    spans = [float(member.predict_distribution(series, rows[:1], h).sd[0]) for h in (1, 2, 4, 7, 20, 60, 120)]
    assert spans == sorted(spans)


@pytest.mark.parametrize("sigma", [0.001, 0.01, 0.1])
def test_its_band_covers_what_it_says_at_every_scale(sigma: float) -> None:
    series = PriceSeries.of_returns(returns(2400, sigma, seed=1))
    made = ReturnsLstm(lookback=20, hidden=4, epochs=2).fit(series.until(1200))
    rows = np.arange(1200, 2395)
    low, high = made.predict_distribution(series, rows, 1).band(0.90)
    came = series.forward(1)[rows]
    assert 0.87 < np.mean((low <= came) & (came <= high)) < 0.93


def test_later_bars_change_no_answer(member: ReturnsLstm, series: PriceSeries) -> None:
    rows = np.arange(1100, 1150)
    whole, cut = (member.predict_distribution(part, rows, 5) for part in (series, series.until(1150)))
    assert np.array_equal(whole.mean, cut.mean)
    assert np.array_equal(whole.sd, cut.sd)


def test_saved_and_loaded_it_answers_bit_for_bit(member: ReturnsLstm, series: PriceSeries, tmp_path: Path) -> None:
    member.save(tmp_path)
    loaded = ReturnsLstm.load(tmp_path)
    rows = np.arange(1100, 1200)
    first, second = (made.predict_distribution(series, rows, 10) for made in (member, loaded))
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.sd, second.sd)
    weights = tmp_path / "member.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(CorruptArtifact):
        ReturnsLstm.load(tmp_path)


def test_the_same_series_gives_the_same_member(member: ReturnsLstm, series: PriceSeries) -> None:
    again = ReturnsLstm(lookback=20, hidden=8, epochs=3).fit(series.until(1101))
    assert again.facts() == member.facts()

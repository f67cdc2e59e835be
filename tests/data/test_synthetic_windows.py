"""The market of planted patterns: only the order of the bars tells a trend from a chop."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import UsageError
from augury.data.synthetic_windows import SPELL_BARS, PatternMarket


def _repeats(market: PatternMarket) -> dict[str, float]:
    """Share of bars inside the spells of each kind that repeat the sign before."""
    frame, spells = market.bars().frame, market.patterns()
    up = np.sign(frame["close"].to_numpy() - frame["open"].to_numpy())
    again = np.concatenate([[0.0], (up[1:] == up[:-1]).astype(float)])
    first = frame["ts"].search_sorted(spells["start_ts"]).to_numpy()
    shares = again[first[:, None] + np.arange(1, SPELL_BARS)].mean(axis=1)
    return {kind: float(shares[spells["label"].to_numpy() == kind].mean()) for kind in ("chop", "trend")}


def test_signs_repeat_in_a_trend_and_turn_in_a_chop_as_strongly_as_was_asked() -> None:
    found = _repeats(PatternMarket(400))
    assert found["trend"] == pytest.approx(0.85, abs=0.02)
    assert found["chop"] == pytest.approx(0.15, abs=0.02)
    nothing = _repeats(PatternMarket(400, strength=0.0))
    assert list(nothing.values()) == pytest.approx([0.5, 0.5], abs=0.03)


def test_sizes_and_ranges_tell_nothing() -> None:
    market = PatternMarket(400)
    frame, spells = market.bars().frame, market.patterns()
    spread = np.log(frame["high"].to_numpy() / frame["low"].to_numpy())
    first = frame["ts"].search_sorted(spells["start_ts"]).to_numpy()
    mean = spread[first[:, None] + np.arange(SPELL_BARS)].mean(axis=1)
    trend = spells["label"].to_numpy() == "trend"
    assert mean[trend].mean() == pytest.approx(mean[~trend].mean(), rel=0.02)


def test_equal_settings_give_equal_bars_and_another_seed_another_market() -> None:
    one, two = PatternMarket(5).bars(), PatternMarket(5).bars()
    assert one.frame.equals(two.frame)
    assert one.synthetic
    assert not PatternMarket(5, seed=1).bars().frame.equals(one.frame)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"n_patterns": 1}, {"strength": 0.6}):
        with pytest.raises(UsageError, match="pattern market"):
            PatternMarket(**wrong)  # type: ignore[arg-type]

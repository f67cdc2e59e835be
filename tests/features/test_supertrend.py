"""Adaptive SuperTrend and swings against plain bar-by-bar twins; kept states go on bit for bit."""

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.manifest import FeatureManifest
from augury.features import build, describe
from augury.features.incremental import Memory, advance, plan_for

NAMES = ("supertrend_up", "supertrend_distance", "supertrend_factor", "supertrend_performance", "supertrend_strength")
FACTORS = [1.0 + 0.5 * k for k in range(9)]
MANIFEST = FeatureManifest(tuple(spec for spec in describe() if spec.family in ("supertrend", "swings")))


def arrays(bars: Bars) -> tuple[np.ndarray, ...]:
    return tuple(bars.frame[name].to_numpy() for name in ("high", "low", "close"))


def average_range(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    before = np.append(close[0], close[:-1])
    tr = np.maximum(high, before) - np.minimum(low, before)
    out = tr.copy()
    for t in range(1, len(tr)):
        out[t] = out[t - 1] + (tr[t] - out[t - 1]) / n
    return out


class Line:
    """A SuperTrend of one factor, as charting programs draw it."""

    def __init__(self) -> None:
        self.up, self.upper, self.lower = None, 0.0, 0.0

    def move(self, close: float, before: float, middle: float, reach: float) -> None:
        upper, lower = middle + reach, middle - reach
        if self.up is None:
            self.up, self.upper, self.lower = close >= middle, upper, lower
            return
        self.upper = min(upper, self.upper) if before <= self.upper else upper
        self.lower = max(lower, self.lower) if before >= self.lower else lower
        self.up = True if close > self.upper else False if close < self.lower else self.up


def best_of_three(scores: np.ndarray) -> np.ndarray:
    """Indices of the best cluster: k-means from the quartiles."""
    centres = np.percentile(scores, [25, 50, 75])
    for _ in range(50):
        nearest = np.array([int(np.argmin(np.abs(centres - s))) for s in scores])
        moved = [scores[nearest == c].mean() if (nearest == c).any() else centres[c] for c in range(3)]
        if np.allclose(moved, centres, rtol=0, atol=1e-15):
            break
        centres = np.array(moved)
    return np.flatnonzero(nearest == nearest[int(np.argmax(scores))])


def plain_supertrend(bars: Bars) -> np.ndarray:
    high, low, close = arrays(bars)
    ranges, wide = average_range(high, low, close, 10), average_range(high, low, close, 14)
    lines, adaptive, scores, size = [Line() for _ in FACTORS], Line(), np.zeros(9), 0.0
    strength, rows = 0.0, []
    for t, now in enumerate(close):
        before, middle = close[t - 1] if t else now, (high[t] + low[t]) / 2
        size += 2 / 11 * (abs(now - before) - size)
        for k, line in enumerate(lines):
            if t:
                scores[k] += 2 / 11 * ((now - before) * (1 if line.up else -1) - scores[k])
            line.move(now, before, middle, FACTORS[k] * ranges[t])
        # Lines that parted long ago differ by less than can matter: they are one.
        best = best_of_three(np.round(scores / size, 8) if size else scores)
        factor, score = np.mean(np.array(FACTORS)[best]), max(scores[best].mean(), 0) / size if size else 0.0
        was = adaptive.up
        adaptive.move(now, before, middle, factor * ranges[t])
        strength = 10 * score if adaptive.up != was else strength
        level = adaptive.lower if adaptive.up else adaptive.upper
        rows.append((float(bool(adaptive.up)), (now - level) / wide[t], factor, score, strength))
    return np.array(rows)


def plain_swings(bars: Bars) -> np.ndarray:
    high, low, close = arrays(bars)
    before = np.append(close[0], close[:-1])
    tr = np.maximum(high, before) - np.minimum(low, before)
    rows, leg, extreme, points = [], 1, 9, [9, 9]
    for t in range(9, len(close)):
        reach = tr[t - 9 : t + 1].mean()
        if leg * close[t] > leg * close[extreme]:
            extreme = t
        back = leg * (close[extreme] - close[t])
        if back > 1e-12 * close[t] and (back >= 1.2 * reach or (back >= 0.5 * reach and t - extreme < 5)):
            points = [extreme, points[0]]
            after = np.arange(extreme + 1, t + 1)
            leg, extreme = -leg, int(after[np.argmin(leg * close[after])])
        distances = [np.clip((close[t] - close[p]) / reach, -3, 3) for p in points]
        rows.append((*distances, *(min((t - p) / 105, 1.0) for p in points)))
    return np.array(rows)


@pytest.mark.parametrize("symbol", ["AAA", "CCC"])
def test_the_adaptive_line_equals_a_plain_twin(symbol: str, panel: Bars) -> None:
    bars = panel.of(symbol)
    got = build(bars, "trend").frame.select(NAMES).to_numpy()[39:]
    expected = plain_supertrend(bars)[39:]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("symbol", ["AAA", "CCC"])
def test_swings_equal_a_plain_twin(symbol: str, panel: Bars) -> None:
    bars = panel.of(symbol)
    names = ("swing_distance", "swing_distance_before", "swing_age", "swing_age_before")
    got = build(bars, "trend").frame.select(names).to_numpy()[15:]
    known = ~np.isnan(got).any(axis=1)
    np.testing.assert_allclose(got[known], plain_swings(bars)[6:][known], rtol=1e-5, atol=1e-5)


def test_performance_strength_and_factor_stay_within_their_bounds(panel: Bars) -> None:
    found = build(panel, "trend").frame.drop_nulls()
    assert found["supertrend_performance"].is_between(0.0, 1.0).all()
    assert found["supertrend_strength"].is_between(0.0, 10.0).all()
    assert found["supertrend_factor"].is_between(1.0, 5.0).all()


def test_the_line_is_below_the_price_in_a_rise_and_above_it_in_a_fall(panel: Bars) -> None:
    found = build(panel, "trend").frame.drop_nulls()
    up = found["supertrend_up"] == 1.0
    assert found.filter(up)["supertrend_distance"].min() >= 0.0  # type: ignore[operator]
    assert found.filter(~up)["supertrend_distance"].max() <= 0.0  # type: ignore[operator]


def test_the_factor_of_a_bar_is_never_carried_back(single: Bars) -> None:
    """A crash at the end makes another factor the best; earlier bars keep theirs."""
    crash = pl.when(pl.int_range(pl.len()) >= 290).then(0.5).otherwise(1.0)
    other = single.frame.with_columns(pl.col("open", "high", "low", "close") * crash)
    one, two = build(single, "trend").frame, build(single.with_frame(other), "trend").frame
    assert one["supertrend_factor"][:290].equals(two["supertrend_factor"][:290])
    assert not one["supertrend_factor"][290:].equals(two["supertrend_factor"][290:])


@pytest.mark.parametrize("border", [5, 12, 40, 41, 200])
def test_one_bar_at_a_time_equals_the_whole_history_bit_for_bit(border: int, single: Bars) -> None:
    whole = build(single, MANIFEST).frame.select(MANIFEST.names).to_numpy()
    plan = plan_for(MANIFEST)
    bars = np.column_stack([single.frame[name].to_numpy() for name in plan.columns])
    memories: list[Memory | None] = [None]
    rows = []
    for first, last in [(0, border), *((t, t + 1) for t in range(border, 260))]:
        remembered, values, _ = advance(plan, memories, [bars[first:last]])
        memories = list(remembered)
        rows.append(values)
    np.testing.assert_array_equal(np.concatenate(rows), whole[:260])

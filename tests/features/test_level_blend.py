"""The blend of levels against a plain twin of one bar."""

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.features import build

WEIGHTS = {"volume": 0.25, "turns": 0.20, "polynomial": 0.20, "averages": 0.15, "fibonacci": 0.10, "ichimoku": 0.10}


def named(frame: pl.DataFrame, table: pl.DataFrame, t: int) -> dict[str, list[float]]:
    """What each method names at bar t; from the features of the same table where they say it."""
    high, low, close = (frame[name].to_numpy() for name in ("high", "low", "close"))
    now, row = close[t], table.row(t, named=True)

    def middle(n: int, at: int) -> float:
        return float((high[at - n + 1 : at + 1].max() + low[at - n + 1 : at + 1].min()) / 2)

    steps = np.arange(60.0)
    parabola = np.polyfit(steps, close[t - 59 : t + 1], 2)
    rest = close[t - 59 : t + 1] - np.polyval(parabola, steps)
    end, around = np.polyval(parabola, 59.0), np.sqrt((rest @ rest) / 57.0)
    turns = []
    if row["support_strength"] > 0:
        turns.append(now * (1 - row["distance_to_nearest_support"]))
    if row["resistance_strength"] > 0:
        turns.append(now * (1 + row["distance_to_nearest_resistance"]))
    top, bottom = high[t - 20 : t].max(), low[t - 20 : t].min()
    return {
        "volume": [now * (1 - row["dist_to_vap_poc"])],
        "turns": turns,
        "polynomial": [end - 2 * around, end, end + 2 * around],
        "averages": [close[t - 19 : t + 1].mean(), close[t - 49 : t + 1].mean()],
        "fibonacci": [top - part * (top - bottom) for part in (0.382, 0.5, 0.618)],
        "ichimoku": [middle(26, t), (middle(9, t - 26) + middle(26, t - 26)) / 2, middle(52, t - 26)],
    }


def blended(levels: dict[str, list[float]], now: float, atr: float, side: int) -> tuple[float, float]:
    there = {}
    for name, each in levels.items():
        gaps = [side * (level - now) / atr for level in each]
        if near := [gap for gap in gaps if -1e-6 <= gap < 10]:
            there[name] = max(min(near), 0.0)
    if not there:
        return 10.0, 0.0
    weight = sum(WEIGHTS[name] for name in there)
    distance = sum(WEIGHTS[name] * gap for name, gap in there.items()) / weight
    return distance, sum(WEIGHTS[name] for name, gap in there.items() if abs(gap - distance) <= 0.5)


@pytest.mark.parametrize("symbol", ["AAA", "CCC"])
def test_the_blend_equals_a_plain_twin(symbol: str, panel: Bars) -> None:
    bars = panel.of(symbol)
    table, now = build(bars, "all").frame, bars.frame["close"].to_numpy()
    for t in range(80, 255, 7):
        levels = named(bars.frame, table, t)
        atr = table["atr_percent"][t] * now[t]
        for side, word in ((-1, "support"), (1, "resistance")):
            distance, strength = blended(levels, now[t], atr, side)
            assert table[f"blend_{word}_distance"][t] == pytest.approx(distance, rel=1e-4, abs=1e-4)
            assert table[f"blend_{word}_strength"][t] == pytest.approx(strength, abs=1e-6)


def test_the_nearest_of_the_two_is_signed(panel: Bars) -> None:
    found = build(panel, "trend").frame.drop_nulls()
    near = np.minimum(found["blend_support_distance"], found["blend_resistance_distance"])
    np.testing.assert_array_equal(found["blend_nearest_distance"].abs(), near)
    below = found["blend_nearest_distance"] < 0
    assert (found.filter(below)["blend_nearest_strength"] == found.filter(below)["blend_support_strength"]).all()


def test_above_every_level_there_is_no_resistance(single: Bars) -> None:
    """A close far above everything: only the channel of the parabola could still be above it."""
    last = pl.int_range(pl.len()) == pl.len() - 1
    prices = pl.col("open", "high", "low", "close")
    frame = single.frame.with_columns(pl.when(last).then(prices * 3.0).otherwise(prices))
    found = build(single.with_frame(frame), "trend").frame.row(-1, named=True)
    assert (found["blend_resistance_distance"], found["blend_resistance_strength"]) == (10.0, 0.0)
    assert found["blend_support_distance"] < 10.0

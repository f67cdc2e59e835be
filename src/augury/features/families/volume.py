"""Volume against its own past, and prices weighted by it.

A window in which nothing was traded leaves these undefined (null); a source without volume does
not have them at all.
"""

from __future__ import annotations

import numpy as np

from augury.core.typing import Floats
from augury.features.block import Block
from augury.features.family import Family, Feature

_TRADED = ("close", "volume")
_RANGE = ("high", "low", "close", "volume")


def _level(b: Block) -> Floats:
    # Averages of five and twenty bars; + 1 share keeps the logarithm finite when nothing was traded.
    level = np.log((b.mean(b.volume, 5) + 1.0) / (b.mean(b.volume, 20) + 1.0))
    return np.where(b.sum(b.volume, 20) > 0.0, level, np.nan)


def _ratio(b: Block) -> Floats:
    return b.once("volume_ratio", lambda: b.per_volume(b.volume, b.mean(b.volume, 20)))


def _balance(b: Block) -> Floats:
    signed = b.once("signed_volume", lambda: np.sign(b.close - b.previous_close) * b.volume)
    return b.per_volume(b.sum(signed, 5), b.sum(b.volume, 5))


def _accumulation(b: Block) -> Floats:
    pressed = b.once("pressed_volume", lambda: (2.0 * b.close_position - 1.0) * b.volume)
    return b.per_volume(b.sum(pressed, 20), b.sum(b.volume, 20))


def _weighted_momentum(n: int) -> Feature:
    def formula(b: Block) -> Floats:
        weighted = b.once("weighted_returns", lambda: b.returns * b.volume)
        return b.per_volume(b.sum(weighted, n), b.sum(b.volume, n))

    return Feature(f"vw_momentum_{n}d", n + 1, formula, _TRADED)


def _from_vwap(b: Block) -> Floats:
    traded = b.once("traded_value", lambda: b.typical * b.volume)
    vwap = b.per_volume(b.sum(traded, 20), b.sum(b.volume, 20))
    return (b.close - vwap) / vwap


FAMILY = Family(
    name="volume",
    source="Granville (OBV), Chaikin (accumulation), VWAP over 20 bars; bounded or relative forms",
    features=(
        Feature("volume_sma", 20, _level, ("volume",), unit="ratio"),
        Feature("volume_ratio", 20, _ratio, ("volume",), unit="ratio"),
        Feature("obv", 6, _balance, _TRADED, unit="ratio"),
        Feature("volume_price_trend", 20, lambda b: _ratio(b) * b.returns, _TRADED),
        Feature("accumulation_distribution", 20, _accumulation, _RANGE, unit="ratio"),
        Feature("vwap_deviation", 20, _from_vwap, _RANGE),
        _weighted_momentum(5),
        _weighted_momentum(20),
    ),
)

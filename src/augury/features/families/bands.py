"""Bollinger bands and average true range, relative to the close."""

from __future__ import annotations

import numpy as np

from augury.core.typing import Floats
from augury.features.block import Block
from augury.features.family import Family, Feature

_RANGE = ("high", "low", "close")


def _sd(b: Block) -> Floats:
    return b.sd(b.close, 20, sample=False)


def _position(b: Block) -> Floats:
    # 0 at the lower band, 1 at the upper, 0.5 when the bands have collapsed on a flat price.
    below = b.close - (b.mean(b.close, 20) - 2.0 * _sd(b))
    return b.share(below, 4.0 * _sd(b), flat=0.5)


def _range_level(b: Block) -> Floats:
    usual = b.mean(b.atr, 100)
    return np.log(b.share(b.atr, usual))


FAMILY = Family(
    name="bands",
    source="Bollinger 2001 (20 bars, 2 population standard deviations); Wilder 1978",
    features=(
        Feature("bb_width", 20, lambda b: 4.0 * _sd(b) / b.close),
        Feature("bb_position", 20, _position, unit="ratio"),
        Feature("atr", 114, _range_level, _RANGE, unit="ratio"),
        Feature("atr_percent", 15, lambda b: b.atr / b.close, _RANGE),
    ),
)

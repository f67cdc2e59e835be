"""Distance of the close from its averages."""

from __future__ import annotations

from augury.core.typing import Floats
from augury.features.block import Block
from augury.features.family import Family, Feature


def _below_mean(n: int) -> Feature:
    def formula(b: Block) -> Floats:
        return (b.mean(b.close, n) - b.close) / b.close

    return Feature(f"sma_{n}", n, formula)


def _in_ranges(b: Block) -> Floats:
    return b.share(b.close - b.mean(b.close, 20), b.atr)


FAMILY = Family(
    name="trend",
    source="moving averages as a fraction of the close, so that no column is in price units",
    features=(
        _below_mean(10),
        _below_mean(20),
        _below_mean(50),
        Feature("ema_12", 12, lambda b: (b.ema(b.close, 12) - b.close) / b.close),
        Feature("price_to_sma20", 20, _in_ranges, ("high", "low", "close"), unit="atr"),
    ),
)

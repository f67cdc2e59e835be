"""Bollinger bands and average true range, relative to the close."""

from augury.features.family import Family, Feature
from augury.features.language import atr, close, log, mean, previous_quantiles, sd, share

_SPREAD = sd(close, 20, sample=False)
_LOWER = mean(close, 20) - 2.0 * _SPREAD
_UPPER = mean(close, 20) + 2.0 * _SPREAD
bb_width = 4.0 * _SPREAD / close
bb_position = share(close - _LOWER, 4.0 * _SPREAD, flat=0.5)
"""0 at the lower band, 1 at the upper, 0.5 when the bands have collapsed on a flat price."""
atr_percent = atr / close
_narrow, _ = previous_quantiles(bb_width, 252, 0.2, 0.8, least=50)

FAMILY = Family(
    name="bands",
    source="Bollinger 2001 (20 bars, 2 population standard deviations); Wilder 1978",
    features=(
        Feature("bb_upper", 20, (_UPPER - close) / close),
        Feature("bb_lower", 20, (_LOWER - close) / close),
        Feature("bb_width", 20, bb_width),
        Feature("bb_position", 20, bb_position, unit="ratio"),
        Feature("atr", 114, log(share(atr, mean(atr, 100))), unit="ratio"),
        Feature("atr_percent", 15, atr_percent),
        Feature("bb_squeeze", 70, bb_width < _narrow, unit="flag"),
    ),
)

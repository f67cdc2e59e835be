"""Adaptive SuperTrend: a trailing line whose distance follows what has lately worked.

Nine SuperTrends with factors 1.0, 1.5 … 5.0 of the 10-bar average range run side by side. The
performance of each is the 10-bar exponential average of the price change times its trend one bar
before. At every bar the nine performances known by then are put into three clusters (k-means from
their quartiles); the mean factor of the best cluster draws the line. Nothing is chosen afterwards and
carried back: the factor of a bar stays what it was.
"""

from augury.features.families.indicators import atr_10
from augury.features.family import Family, Feature
from augury.features.language import atr, close, high, low, share, supertrend

_up, _line, _factor, _performance, _strength = supertrend(close, (high + low) / 2.0, atr_10)

FAMILY = Family(
    name="supertrend",
    source="SuperTrend (Seban) with factors clustered by performance; performance as a share of the mean move",
    features=(
        Feature("supertrend_up", 40, _up, unit="flag"),
        Feature("supertrend_distance", 40, share(close - _line, atr), unit="atr"),
        Feature("supertrend_factor", 40, _factor, unit="ratio"),
        Feature("supertrend_performance", 40, _performance, unit="ratio"),
        Feature("supertrend_strength", 40, _strength, unit="score"),
    ),
)

"""Support and resistance: closes where the price turned, and whether it has broken through them.

A close is an extreme when it stands out of the five closes before it and the five after it (of equal
closes the first), so it is known five bars later; all eleven lie among the last 61 bars. Sorted,
extremes within 0.5 ATR of the lowest of them are one level, at their mean, and their number is how
often it was touched. Below every level the 60-bar low is the support and above every level the 60-bar
high the resistance, with no touches. Prices closer than rounding count as equal.
"""

from augury.features.family import Family, Feature
from augury.features.language import (
    FLAT,
    Term,
    atr,
    close,
    high,
    highest,
    lag,
    lesser,
    levels,
    low,
    lowest,
    since,
    where,
)

_below, _touches_below, _above, _touches_above = levels(close, 0.5 * atr, 61, around=5)
support = where(_touches_below > 0.0, _below, lowest(low, 60))
resistance = where(_touches_above > 0.0, _above, highest(high, 60))
broke_support = close < lag(support, 1) * (1.0 - FLAT)
broke_resistance = close > lag(resistance, 1) * (1.0 + FLAT)


def _strength(touches: Term) -> Term:
    return lesser(touches, 5.0) / 5.0


FAMILY = Family(
    name="levels",
    source="turning points of the close (5 bars on either side), merged within half an average true range",
    features=(
        Feature("distance_to_nearest_support", 61, (close - support) / close),
        Feature("distance_to_nearest_resistance", 61, (resistance - close) / close),
        Feature("support_strength", 61, _strength(_touches_below), unit="ratio"),
        Feature("resistance_strength", 61, _strength(_touches_above), unit="ratio"),
        Feature("broke_support", 62, broke_support, unit="flag"),
        Feature("broke_resistance", 62, broke_resistance, unit="flag"),
        Feature("days_since_support_break", 62, since(broke_support, 60) / 60.0, unit="ratio"),
        Feature("days_since_resistance_break", 62, since(broke_resistance, 60) / 60.0, unit="ratio"),
    ),
)

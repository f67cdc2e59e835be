"""Pivots, and where the volume of the last 60 bars was traded.

A pivot is a high (low) that stands out of two bars on either side (of equal ones the first): it is
known two bars later. All five bars lie among the last 60; a feature that needs a pivot is null when
those hold none, or not two. The profile divides the range of the typical price over 60 bars into 30
bins; it is null when nothing was traded or the price did not move. ``hvn_proximity`` is 0 when no bin
holds more than 1.5 times the mean.
"""

from augury.features.family import Family, Feature
from augury.features.language import (
    FLAT,
    Term,
    absolute,
    atr,
    close,
    high,
    highest,
    log,
    low,
    lowest,
    pivots,
    profile,
    share,
    typical,
    volume,
)

high_pivot, _high_before = pivots(high, 60, around=2)
low_pivot, _low_before = (-part for part in pivots(-low, 60, around=2))
poc, _node_distance, _concentration = profile(typical, volume, close, 60, bins=30)
_floor = lowest(low, 60)


def _near(price: Term) -> Term:
    return absolute(price - close) <= 0.5 * atr + FLAT * close


FAMILY = Family(
    name="profile",
    source="Williams 1995 (five-bar fractals); Steidlmayer 1984 (market profile), here volume at typical prices",
    features=(
        Feature("latest_high_pivot", 60, log(high_pivot / _high_before)),
        Feature("latest_low_pivot", 60, log(low_pivot / _low_before)),
        Feature("dist_to_high_pivot", 60, (high_pivot - close) / close),
        Feature("dist_to_low_pivot", 60, (close - low_pivot) / close),
        Feature("vap_poc_price", 60, share(poc - _floor, highest(high, 60) - _floor), unit="ratio"),
        Feature("dist_to_vap_poc", 60, (close - poc) / close),
        Feature("hvn_proximity", 60, 1.0 / (1.0 + share(_node_distance, atr)), unit="ratio"),
        Feature("near_resistance_zone", 60, _near(high_pivot), unit="flag"),
        Feature("near_support_zone", 60, _near(low_pivot), unit="flag"),
        Feature("volume_concentration_score", 60, _concentration, unit="ratio"),
    ),
)

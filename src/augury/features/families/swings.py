"""Where the last two confirmed swings of a zigzag lie.

A leg of closes is over when the price has come back from its extreme by 1.2 average ranges (mean of
10 bars), or by 0.5 with the extreme among the last 5 bars; only then is the extreme a swing, and it
stays one. Until a symbol has two its first close stands for them.
"""

from augury.features.family import Family, Feature
from augury.features.language import clip, close, lesser, mean, share, swings, true_range

_range = mean(true_range, 10)
_last, _bars_since, _before, _bars_since_before = swings(close, _range)
_LONGEST = 105.0

FAMILY = Family(
    name="swings",
    source="zigzag of closes by average ranges; distances within plus or minus 3, bars as a share of 105",
    features=(
        Feature("swing_distance", 16, clip(share(close - _last, _range), 3.0), unit="atr"),
        Feature("swing_distance_before", 16, clip(share(close - _before, _range), 3.0), unit="atr"),
        Feature("swing_age", 16, lesser(_bars_since / _LONGEST, 1.0), unit="ratio"),
        Feature("swing_age_before", 16, lesser(_bars_since_before / _LONGEST, 1.0), unit="ratio"),
    ),
)

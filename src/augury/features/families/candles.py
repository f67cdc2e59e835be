"""Shape of the bar itself: body, shadows, gap, where it closed."""

from augury.features.family import Family, Feature
from augury.features.language import absolute, close, close_position, greater, high, lag, lesser, low, open_

_before = lag(close, 1)

FAMILY = Family(
    name="candles",
    source="lengths as a fraction of the close; close_position is 0.5 when the bar is flat",
    features=(
        Feature("gap_up", 2, greater(open_ / _before - 1.0, 0.0)),
        Feature("gap_down", 2, greater(1.0 - open_ / _before, 0.0)),
        Feature("body_size", 1, absolute(close - open_) / close),
        Feature("upper_shadow", 1, (high - greater(open_, close)) / close),
        Feature("lower_shadow", 1, (lesser(open_, close) - low) / close),
        Feature("high_low_range", 1, (high - low) / close),
        Feature("close_position", 1, close_position, unit="ratio"),
        Feature("higher_high", 2, high > lag(high, 1), unit="flag"),
        Feature("lower_low", 2, low < lag(low, 1), unit="flag"),
    ),
)

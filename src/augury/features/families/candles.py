"""Shape of the bar itself: body, shadows, gap, where it closed."""

from __future__ import annotations

import numpy as np

from augury.features.family import Family, Feature

_BAR = ("open", "high", "low", "close")
_RANGE = ("high", "low", "close")
_GAP = ("open", "close")

FAMILY = Family(
    name="candles",
    source="lengths as a fraction of the close; close_position is 0.5 when the bar is flat",
    features=(
        Feature("gap_up", 2, lambda b: np.maximum(b.open / b.previous_close - 1.0, 0.0), _GAP),
        Feature("gap_down", 2, lambda b: np.maximum(1.0 - b.open / b.previous_close, 0.0), _GAP),
        Feature("body_size", 1, lambda b: np.abs(b.close - b.open) / b.close, _GAP),
        Feature("upper_shadow", 1, lambda b: (b.high - np.maximum(b.open, b.close)) / b.close, _BAR),
        Feature("lower_shadow", 1, lambda b: (np.minimum(b.open, b.close) - b.low) / b.close, _BAR),
        Feature("high_low_range", 1, lambda b: (b.high - b.low) / b.close, _RANGE),
        Feature("close_position", 1, lambda b: b.close_position, _RANGE, unit="ratio"),
    ),
)

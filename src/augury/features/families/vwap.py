"""The volume-weighted average price of twenty bars, and where price and volume stand against it."""

from augury.features.families.volume import volume_ratio, vwap
from augury.features.family import Family, Feature
from augury.features.language import (
    FLAT,
    close,
    high,
    lag,
    low,
    open_,
    per,
    returns,
    sd,
    share,
    total,
    total_above,
    typical,
    volume,
)

# Prices no further apart than rounding count as equal: in ticks they often are.
_over = vwap * (1.0 + FLAT)
above_vwap = close > _over
_length, _from_low, _rounding = high - low, close - low, FLAT * close
_closed_high = _from_low >= 0.7 * _length - _rounding
_closed_low = _from_low <= 0.3 * _length + _rounding
_spread = sd(typical, 20, sample=False)

FAMILY = Family(
    name="vwap",
    source="VWAP over 20 bars of the typical price; bands of 2 population standard deviations",
    features=(
        Feature("vwap_deviation", 20, (close - vwap) / vwap),
        Feature("vwap_volume_ratio", 20, per(total_above(volume, typical, _over, 20), total(volume, 20)), unit="ratio"),
        Feature("above_vwap", 20, above_vwap, unit="flag"),
        Feature("vwap_crossover", 21, above_vwap & ~lag(above_vwap, 1), unit="flag"),
        Feature("vwap_crossunder", 21, ~above_vwap & lag(above_vwap, 1), unit="flag"),
        Feature("vwap_band_position", 20, share(close - vwap + 2.0 * _spread, 4.0 * _spread, flat=0.5), unit="ratio"),
        Feature(
            "volume_surge_with_price",
            22,
            (volume_ratio > 1.5) & (returns > 1.5 * lag(sd(returns, 20), 1)),
            unit="flag",
        ),
        Feature("accumulation_signal", 20, (close > open_) & (volume_ratio > 1.0) & _closed_high, unit="flag"),
        Feature("distribution_signal", 20, (close < open_) & (volume_ratio > 1.0) & _closed_low, unit="flag"),
    ),
)

"""Volume against its own past, and prices weighted by it.

A window in which nothing was traded leaves these undefined (null); a source without volume does
not have them at all.
"""

from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    change,
    close,
    close_position,
    ema,
    high,
    log,
    low,
    mean,
    open_,
    per,
    returns,
    share,
    sign,
    total,
    typical,
    volume,
    where,
)

# Averages of five and twenty bars; + 1 share keeps the logarithm finite when nothing was traded.
_level = log((mean(volume, 5) + 1.0) / (mean(volume, 20) + 1.0))
volume_ratio = per(volume, mean(volume, 20))
vwap = per(total(typical * volume, 20), total(volume, 20))
obv = per(total(sign(change(close, 1)) * volume, 5), total(volume, 5))

_pressure = share(close - open_, high - low, flat=0.0) * volume


def _vpi(n: int) -> Term:
    return per(total(_pressure, n), total(volume, n))


def _weighted_momentum(n: int) -> Feature:
    return Feature(f"vw_momentum_{n}d", n + 1, per(total(returns * volume, n), total(volume, n)))


FAMILY = Family(
    name="volume",
    source="Granville (OBV), Chaikin (accumulation), VWAP over 20 bars; bounded or relative forms",
    features=(
        Feature("volume_sma", 20, where(total(volume, 20) > 0.0, _level, float("nan")), unit="ratio"),
        Feature("volume_ratio", 20, volume_ratio, unit="ratio"),
        Feature("obv", 6, obv, unit="ratio"),
        Feature("volume_price_trend", 20, volume_ratio * returns),
        Feature(
            "accumulation_distribution",
            20,
            per(total((2.0 * close_position - 1.0) * volume, 20), total(volume, 20)),
            unit="ratio",
        ),
        Feature("obv_ema", 25, ema(obv, 20), unit="ratio"),
        Feature("volume_velocity", 6, change(log(volume + 1.0), 5), unit="ratio"),
        Feature("volume_surge", 20, volume_ratio > 2.0, unit="flag"),
        Feature("large_volume_day", 20, volume_ratio > 1.8, unit="flag"),
        Feature("vpi", 20, _vpi(20), unit="ratio"),
        Feature("vpi_short", 5, _vpi(5), unit="ratio"),
        _weighted_momentum(5),
        _weighted_momentum(20),
    ),
)

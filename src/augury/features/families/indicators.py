"""Indicators of trend as charting programs show them, and what some of them were earlier.

Wilder's averages start at the first bar, so a value agrees with a program that starts otherwise once
both have settled. Moves no larger than rounding of the price count as none.
"""

from augury.features.families.oscillators import rsi
from augury.features.family import Family, Feature
from augury.features.language import (
    FLAT,
    Term,
    absolute,
    change,
    close,
    ema,
    greater,
    high,
    highest,
    lag,
    lesser,
    log,
    low,
    lowest,
    mean,
    share,
    sign,
    total,
    total_above,
    true_range,
    typical,
    volume,
    where,
    wilder,
)

_LAGS = (1, 7, 14, 30)
# The first bar has no move, so the range it is compared with starts at the second too.
_range = wilder(greater(high, lag(close, 1)) - lesser(low, lag(close, 1)), 14)


def _directed(move: Term, against: Term) -> Term:
    """Wilder's directional index: the average of moves larger than those the other way, in average ranges."""
    larger = (move > FLAT * close) & (move - against > FLAT * close)
    return 100.0 * share(wilder(where(larger, move, 0.0), 14), _range, flat=0.0)


def _cci(n: int) -> Term:
    # The mean distance from the mean is twice that of the values above it.
    one, middle = sign(close), mean(typical, n)
    above = total_above(typical, typical, middle, n) - middle * total_above(one, typical, middle, n)
    return share(typical - middle, 0.015 * (2.0 / n) * above, flat=0.0)


def _mfi(n: int) -> Term:
    flow, move = typical * volume, change(typical, 1)
    up = total(where(move > FLAT * typical, flow, 0.0), n)
    down = total(where(move < -FLAT * typical, flow, 0.0), n)
    return where(total(volume, n) > 0.0, where(up + down > 0.0, 100.0 * up / (up + down), 50.0), float("nan"))


_rise, _fall = change(high, 1), -change(low, 1)
plus_di, minus_di = _directed(_rise, _fall), _directed(_fall, _rise)
_sides = plus_di + minus_di
adx = wilder(where(_sides > 0.0, 100.0 * absolute(plus_di - minus_di) / _sides, 0.0), 14)

atr_10 = wilder(true_range, 10)
_keltner = share(close - ema(close, 20) + 2.0 * atr_10, 4.0 * atr_10, flat=0.5)

_low9 = lowest(low, 9)
_k = wilder(100.0 * share(close - _low9, highest(high, 9) - _low9, flat=0.5), 3)
_d = wilder(_k, 3)
_j = 3.0 * _k - 2.0 * _d

_high14 = highest(high, 14)
_williams_r = -100.0 * share(_high14 - close, _high14 - lowest(low, 14), flat=0.5)


def _earlier(name: str, lookback_bars: int, value: Term) -> tuple[Feature, ...]:
    return tuple(Feature(f"{name}_lag_{n}", lookback_bars + n, lag(value, n), unit="score") for n in _LAGS)


FAMILY = Family(
    name="indicators",
    source="Wilder 1978 (ADX); Keltner 20 bars, 2 ranges; Lane (KDJ 9/5/5); Williams; Lambert (CCI); Quong (MFI)",
    features=(
        Feature("adx_14", 28, adx, unit="score"),
        Feature("plus_di_14", 15, plus_di, unit="score"),
        Feature("minus_di_14", 15, minus_di, unit="score"),
        Feature("keltner_position_20", 20, _keltner, unit="ratio"),
        Feature("kdj_k", 13, _k, unit="score"),
        Feature("kdj_d", 17, _d, unit="score"),
        Feature("kdj_j", 17, _j, unit="score"),
        Feature("kdj_j_minus_d", 17, _j - _d, unit="score"),
        Feature("williams_r_14", 14, _williams_r, unit="score"),
        Feature("cci_20", 20, _cci(20), unit="score"),
        Feature("mfi_14", 15, _mfi(14), unit="score"),
        Feature("vroc_14", 15, log((volume + 1.0) / (lag(volume, 14) + 1.0)), unit="ratio"),
        *_earlier("rsi_14", 15, rsi(14)),
        *_earlier("adx_14", 28, adx),
        *_earlier("cci_20", 20, _cci(20)),
        *_earlier("mfi_14", 15, _mfi(14)),
    ),
)

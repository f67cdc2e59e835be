"""The indicators TA-Lib has too, equal to it once its averages have settled.

TA-Lib starts its recursive averages from a simple mean, ours start at the first bar: the difference
dies out as (27/28)^t at the slowest, and is below 1e-11 after 700 bars. Where ours is a relative form, the
same division is written here over TA-Lib's figures.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import talib

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
from augury.features import build

SETTLED = 700
Columns = dict[str, Floats]


def before(x: Floats, n: int) -> Floats:
    return np.concatenate([np.full(n, np.nan), x[:-n]])


def hlc(b: Columns) -> tuple[Floats, Floats, Floats]:
    return b["high"], b["low"], b["close"]


def averages(b: Columns) -> dict[str, Floats]:
    c, atr = b["close"], talib.ATR(*hlc(b), 14)
    return {
        **{f"sma_{n}": talib.SMA(c, n) / c - 1 for n in (10, 20, 50)},
        **{f"ema_{n}": talib.EMA(c, n) / c - 1 for n in (12, 26)},
        **{f"price_to_sma{n}": (c - talib.SMA(c, n)) / atr for n in (20, 50)},
        "sma_10_20_cross": talib.SMA(c, 10) / talib.SMA(c, 20) - 1,
        "ema_12_26_cross": talib.EMA(c, 12) / talib.EMA(c, 26) - 1,
    }


def strength(b: Columns) -> dict[str, Floats]:
    c, rsi = b["close"], {n: talib.RSI(b["close"], n) for n in (3, 5, 7, 10, 14, 20, 28)}
    return {
        **{f"rsi_{n}": rsi[n] for n in (3, 7, 14, 28)},
        **{f"rsi_divergence_{n}d": rsi[n] - rsi[14] for n in (5, 10, 20)},
        "rsi_divergence_3_14": rsi[3] - rsi[14],
        "rsi_divergence_7_28": rsi[7] - rsi[28],
        "rsi_velocity": talib.MOM(rsi[14], 5),
        "rsi_momentum": (rsi[14] - np.append(np.full(14, np.nan), talib.SMA(rsi[14][14:], 20))) / 50,
        **{f"rsi_14_lag_{n}": before(talib.RSI(c, 14), n) for n in (1, 7, 14, 30)},
    }


def convergence(b: Columns) -> dict[str, Floats]:
    c, atr = b["close"], talib.ATR(*hlc(b), 14)
    macd = talib.MACD(c, 12, 26, 9)[0] / atr
    signal = np.append(np.full(33, np.nan), talib.EMA(macd[33:], 9))
    k, d = talib.STOCHF(*hlc(b), fastk_period=14, fastd_period=3, fastd_matype=0)
    return {"macd": macd, "macd_signal": signal, "macd_histogram": macd - signal, "stoch_k": k, "stoch_d": d}


def bands(b: Columns) -> dict[str, Floats]:
    c, atr = b["close"], talib.ATR(*hlc(b), 14)
    upper, _, lower = talib.BBANDS(c, 20, 2, 2)
    return {
        "bb_upper": upper / c - 1,
        "bb_lower": lower / c - 1,
        "bb_width": (upper - lower) / c,
        "bb_position": (c - lower) / (upper - lower),
        "atr_percent": talib.NATR(*hlc(b), 14) / 100,
        **{
            f"zscore_{name}": (b[name] - talib.SMA(b[name], 20)) / talib.STDDEV(b[name], 20)
            for name in ("open", "high", "low", "close")
        },
        "atr": np.log(atr / np.append(np.full(14, np.nan), talib.SMA(atr[14:], 100))),
    }


def momentum(b: Columns) -> dict[str, Floats]:
    c = b["close"]
    r = talib.ROCP(c, 1)
    # TA-Lib divides by n: the sample deviation is larger by sqrt(n / (n - 1)).
    s5, s20 = (np.append(np.nan, talib.STDDEV(r[1:], n)) * np.sqrt(n / (n - 1)) for n in (5, 20))
    slope = {n: talib.LINEARREG_SLOPE(np.log(c), n + 1) for n in (5, 10, 20)}
    return {
        "returns": r,
        "volatility_5d": s5,
        "volatility_20d": s20,
        "vol_ratio_5_20": s5 / s20,
        "momentum_1d": r / before(s20, 1),
        "momentum_5d": talib.ROCP(c, 5),
        "momentum_20d": talib.MOM(c, 20) / before(c, 20),
        "rate_of_change_10d": talib.ROC(c, 10) / 100,
        **{f"velocity_{n}d": slope[n] * np.sqrt(n) / s20 for n in (5, 10, 20)},
    }


def traded(b: Columns) -> dict[str, Floats]:
    c, v, typical = b["close"], b["volume"], talib.TYPPRICE(*hlc(b))
    w = talib.SUM(typical * v, 20) / talib.SUM(v, 20)
    lines = talib.AD(*hlc(b), v)
    return {
        "volume_ratio": v / talib.SMA(v, 20),
        "obv": talib.MOM(talib.OBV(c, v), 5) / talib.SUM(v, 5),
        "accumulation_distribution": talib.MOM(lines, 20) / talib.SUM(v, 20),
        "vwap_deviation": c / w - 1,
        "vwap_band_position": (c - w) / (4 * talib.STDDEV(typical, 20)) + 0.5,
    }


def ranges(b: Columns) -> dict[str, Floats]:
    h, low, c = hlc(b)
    top, bottom = before(talib.MAX(h, 20), 1), before(talib.MIN(low, 20), 1)
    adx, mfi = talib.ADX(h, low, c, 14), talib.MFI(h, low, c, b["volume"], 14)
    cci = talib.CCI(h, low, c, 20)
    return {
        **{f"distance_to_fib_{p}": (c - top + p / 1000 * (top - bottom)) / c for p in (382, 500, 618)},
        "williams_r_14": talib.WILLR(h, low, c, 14),
        "cci_20": cci,
        "mfi_14": mfi,
        "adx_14": adx,
        "plus_di_14": talib.PLUS_DI(h, low, c, 14),
        "minus_di_14": talib.MINUS_DI(h, low, c, 14),
        **{
            f"{name}_lag_{n}": before(value, n)
            for name, value in (("adx_14", adx), ("cci_20", cci), ("mfi_14", mfi))
            for n in (1, 7, 14, 30)
        },
    }


GROUPS = (averages, strength, convergence, bands, momentum, traded, ranges)


@pytest.fixture(scope="module")
def frame(make_walk: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    return make_walk("AAA", 1200, 4)


@pytest.fixture(scope="module")
def computed(frame: pl.DataFrame) -> pl.DataFrame:
    return build(Bars(frame, Timeframe.D1, synthetic=True), "all").frame


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_settled_values_equal_those_of_talib(
    group: Callable[[Columns], dict[str, Floats]], frame: pl.DataFrame, computed: pl.DataFrame
) -> None:
    theirs = group({name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")})
    for name, expected in theirs.items():
        ours = computed[name].cast(pl.Float64).to_numpy()
        assert np.isfinite(expected[SETTLED:]).all(), name
        np.testing.assert_allclose(ours[SETTLED:], expected[SETTLED:], rtol=3e-7, atol=1e-9, err_msg=name)

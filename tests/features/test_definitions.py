"""Each feature against a plain second writing of its definition: loops over one symbol's lists.

The writings follow the platform's table of features, in its notation: ``C[t - 5]`` is the close five
bars ago, ``r`` the return, ``s20`` its deviation, ``A`` the average true range, ``R[k]`` Wilder's RSI.
Levels, pivots and the volume profile have theirs in ``test_structure.py``.
"""

import math
import runpy
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import fmean, linear_regression, pstdev, quantiles, stdev

import numpy as np
import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.timeframe import Timeframe
from augury.features import build, describe, feature_set

BARS = 800
YEAR = 252  # sessions of the calendar of these bars
NAN = math.nan
PRICES = ("open", "high", "low", "close")
SPECS = {spec.name: spec for spec in (*describe("platform"), *describe("relative"))}


def smooth(values: list[float], alpha: float) -> list[float]:
    """``s = alpha x + (1 - alpha) s``, from the first known value on."""
    out: list[float] = []
    for value in values:
        started = out and not math.isnan(out[-1])
        out.append(alpha * value + (1 - alpha) * out[-1] if started else value)
    return out


def last(values: list[float], n: int, t: int) -> list[float]:
    assert t >= n - 1
    return values[t - n + 1 : t + 1]


def each(first_bar: int, value: Callable[[int], float]) -> list[float]:
    """The value at every bar, unknown before the ``first_bar``-th."""
    return [value(t) if t + 1 >= first_bar else NAN for t in range(BARS)]


def sign(x: float) -> int:
    return (x > 0) - (x < 0)


def clip(x: float, a: float) -> float:
    return max(-a, min(a, x))


def wilder_rsi(values: list[float], n: int) -> list[float]:
    moves = [later - earlier for earlier, later in pairwise(values)]
    up, down = (smooth([max(side * move, 0.0) for move in moves], 1 / n) for side in (1, -1))
    return [NAN, *(100 * u / (u + d) for u, d in zip(up, down, strict=True))]


def z(values: list[float], n: int, t: int) -> float:
    window = last(values, n, t)
    spread = stdev(window)
    return clip((values[t] - fmean(window)) / spread, 10.0) if spread > 1e-12 else NAN


def percentile(values: list[float], percent: int, t: int) -> float:
    """Of the known values among the previous 252 bars, at least 50 of them."""
    known = [v for v in values[max(0, t - 252) : t] if not math.isnan(v)]
    assert len(known) >= 50
    return quantiles(known, n=100, method="inclusive")[percent - 1]


class Plain:
    """One symbol as lists by bar, as slow and as obvious as possible."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.prices = {name: frame[name].to_list() for name in PRICES}
        self.O, self.H, self.L, self.C = self.prices.values()
        self.V = frame["volume"].to_list()
        H, L, C, V = self.H, self.L, self.C, self.V
        self.r = each(2, lambda t: C[t] / C[t - 1] - 1)
        self.s5, self.s20 = (each(n + 1, lambda t, n=n: stdev(last(self.r, n, t))) for n in (5, 20))
        true_range = each(2, lambda t: max(H[t], C[t - 1]) - min(L[t], C[t - 1]))
        self.A = smooth([H[0] - L[0], *true_range[1:]], 1 / 14)
        self.R = {n: wilder_rsi(C, n) for n in (3, 5, 7, 10, 14, 20, 28)}
        self.R3_14 = [a - b for a, b in zip(self.R[3], self.R[14], strict=True)]
        self.R7_28 = [a - b for a, b in zip(self.R[7], self.R[28], strict=True)]
        self.ema = {n: smooth(C, 2 / (n + 1)) for n in (12, 26)}
        self.macd = each(1, lambda t: (self.ema[12][t] - self.ema[26][t]) / self.A[t] if self.A[t] else NAN)
        self.macd_signal = smooth(self.macd, 2 / 10)
        self.stoch = each(14, self.stochastic)
        self.U, self.D = (each(20, lambda t, s=s: self.mean(20, C, t) + s * pstdev(last(C, 20, t))) for s in (2, -2))
        self.width = each(20, lambda t: (self.U[t] - self.D[t]) / C[t])
        self.position = each(20, lambda t: (C[t] - self.D[t]) / (self.U[t] - self.D[t]))
        self.atr_percent = each(15, lambda t: self.A[t] / C[t])
        self.cp = each(1, lambda t: (C[t] - L[t]) / (H[t] - L[t]) if H[t] > L[t] else 0.5)
        self.ratio = each(20, lambda t: V[t] / self.mean(20, V, t))
        moves = each(2, lambda t: sign(C[t] - C[t - 1]))
        self.obv = each(6, lambda t: self.weighted(5, moves, t))
        self.obv_ema = smooth(self.obv, 2 / 21)
        self.TP = [(h + low + c) / 3 for h, low, c in zip(H, L, C, strict=True)]
        self.W = each(20, lambda t: self.weighted(20, self.TP, t))
        self.body = [
            sign(c - o) * abs(c - o) / (h - low) if h > low else 0.0
            for o, h, low, c in zip(self.O, H, L, C, strict=True)
        ]
        self.speed = {n: each(21, lambda t, n=n: self.velocity(n, t)) for n in (5, 10, 20)}
        self.IV = [v / 100 for v in frame["implied_volatility"].to_list()]
        self.RV = each(21, self.yang_zhang)
        self.spread = each(21, lambda t: (self.RV[t] - self.IV[t]) / self.IV[t])
        self.m, self.n = frame["news_score_mean"].to_list(), frame["news_count"].to_list()
        self.m5, self.m20 = (each(n, lambda t, n=n: self.mean(n, self.m, t)) for n in (5, 20))
        self.q = each(10, lambda t: self.m5[t] - self.m5[t - 5])
        self.z5 = each(21, lambda t: (C[t] / C[t - 5] - 1) / (self.s20[t] * math.sqrt(5)))
        self.m_rsi = wilder_rsi(self.m, 14)
        self.nsis = each(
            5, lambda t: sum(math.exp(-0.3 * k) * self.m[t - k] * math.log(1 + self.n[t - k]) for k in range(5))
        )
        self.told = {name: frame[name].to_list() for name in frame.columns if name.startswith("news_")}

    @staticmethod
    def mean(n: int, values: list[float], t: int) -> float:
        return fmean(last(values, n, t))

    def weighted(self, n: int, values: list[float], t: int) -> float:
        """Mean of the last ``n`` values, weighted by volume."""
        traded = last(self.V, n, t)
        return sum(x * v for x, v in zip(last(values, n, t), traded, strict=True)) / sum(traded)

    def below(self, average: float, t: int) -> float:
        return (average - self.C[t]) / self.C[t]

    def change(self, n: int, t: int) -> float:
        return self.C[t] / self.C[t - n] - 1

    def cutler(self, t: int) -> float:
        moves = [self.C[k] - self.C[k - 1] for k in range(t - 13, t + 1)]
        gain, loss = (fmean(max(side * move, 0.0) for move in moves) for side in (1, -1))
        return 100 * gain / (gain + loss)

    def stochastic(self, t: int) -> float:
        low, high = min(last(self.L, 14, t)), max(last(self.H, 14, t))
        return 100 * (self.C[t] - low) / (high - low)

    def velocity(self, n: int, t: int) -> float:
        logs = [math.log(c) for c in last(self.C, n + 1, t)]
        return linear_regression(range(n + 1), logs).slope * math.sqrt(n) / self.s20[t]

    def yang_zhang(self, t: int) -> float:
        """Annualised by the 252 sessions a year of these bars' calendar."""
        rows, ln = range(t - 19, t + 1), math.log
        O, H, L, C = self.O, self.H, self.L, self.C  # noqa: E741
        overnight = [ln(O[k] / C[k - 1]) for k in rows]
        session = [ln(C[k] / O[k]) for k in rows]
        rogers_satchell = fmean(ln(H[k] / C[k]) * ln(H[k] / O[k]) + ln(L[k] / C[k]) * ln(L[k] / O[k]) for k in rows)
        weight = 0.34 / (1.34 + 21 / 19)
        daily = stdev(overnight) ** 2 + weight * stdev(session) ** 2 + (1 - weight) * rogers_satchell
        return math.sqrt(YEAR * daily)

    def fib(self, part: float, t: int) -> float:
        top, bottom = max(self.H[t - 20 : t]), min(self.L[t - 20 : t])
        return top - part * (top - bottom)

    def above(self, t: int) -> bool:
        return self.C[t] > self.W[t]

    def calm(self, t: int) -> bool:
        return self.atr_percent[t] < percentile(self.atr_percent, 25, t)

    def wild(self, t: int) -> bool:
        return self.atr_percent[t] > percentile(self.atr_percent, 75, t)

    def busy(self, t: int) -> bool:
        return self.V[t] > percentile(self.V, 80, t)

    def quiet(self, t: int) -> bool:
        return self.V[t] < percentile(self.V, 20, t)

    def surge(self, t: int) -> bool:
        return self.V[t] > 1.5 * self.mean(5, self.V, t)

    def relative_z(self, name: str, t: int) -> float:
        window = last(self.prices[name], 20, t)
        return clip((window[-1] - fmean(window)) / pstdev(window), 10.0)

    def part_of_bar(self, length: float, t: int) -> float:
        return length / (self.H[t] - self.L[t]) if self.H[t] > self.L[t] else 0.0


RETURNS_AND_MOMENTUM: dict[str, Callable[[Plain, int], float]] = {
    "returns": lambda p, t: p.r[t],
    "log_returns": lambda p, t: math.log(p.C[t] / p.C[t - 1]),
    "volatility_5d": lambda p, t: p.s5[t],
    "volatility_20d": lambda p, t: p.s20[t],
    "rsi": lambda p, t: p.cutler(t),
    "macd": lambda p, t: p.macd[t],
    "macd_signal": lambda p, t: p.macd_signal[t],
    "macd_histogram": lambda p, t: p.macd[t] - p.macd_signal[t],
    "stoch_k": lambda p, t: p.stoch[t],
    "stoch_d": lambda p, t: p.mean(3, p.stoch, t),
    "momentum_1d": lambda p, t: p.r[t] / p.s20[t - 1],
    **{f"momentum_{n}d": lambda p, t, n=n: p.change(n, t) for n in (5, 20)},
    "rate_of_change_10d": lambda p, t: p.change(10, t),
    "vol_ratio_5_20": lambda p, t: p.s5[t] / p.s20[t],
    **{f"return_lag_{n}": lambda p, t, n=n: p.r[t - n] for n in (1, 2, 5)},
    "rsi_cross_30": lambda p, t: p.R[14][t - 1] < 30 <= p.R[14][t],
    "rsi_cross_70": lambda p, t: p.R[14][t - 1] > 70 >= p.R[14][t],
    "rsi_velocity": lambda p, t: p.R[14][t] - p.R[14][t - 5],
    "rsi_momentum": lambda p, t: (p.R[14][t] - p.mean(20, p.R[14], t)) / 50,
    "momentum_divergence_5d": lambda p, t: (
        clip(p.change(5, t) / (p.s20[t] * math.sqrt(5)), 3) / 3 - clip((p.R[14][t] - p.R[14][t - 5]) / 50, 1)
    ),
    "momentum_divergence_20d": lambda p, t: (
        clip(p.change(20, t) / (p.s20[t] * math.sqrt(20)), 3) / 3 - clip(p.macd[t] - p.macd_signal[t], 1)
    ),
    **{f"rsi_{k}": lambda p, t, k=k: p.R[k][t] for k in (3, 7, 14, 28)},
    **{f"rsi_divergence_{k}d": lambda p, t, k=k: p.R[k][t] - p.R[14][t] for k in (5, 10, 20)},
    "rsi_divergence_3_14": lambda p, t: p.R3_14[t],
    "rsi_divergence_3_14_z": lambda p, t: z(p.R3_14, 20, t),
    "rsi_divergence_7_28": lambda p, t: p.R7_28[t],
    "rsi_divergence_7_28_z": lambda p, t: z(p.R7_28, 20, t),
}

TREND_BANDS_AND_REGIME: dict[str, Callable[[Plain, int], float]] = {
    **{f"sma_{n}": lambda p, t, n=n: p.below(p.mean(n, p.C, t), t) for n in (10, 20, 50)},
    **{f"ema_{n}": lambda p, t, n=n: p.below(p.ema[n][t], t) for n in (12, 26)},
    **{f"price_to_sma{n}": lambda p, t, n=n: (p.C[t] - p.mean(n, p.C, t)) / p.A[t] for n in (20, 50)},
    "sma_10_20_cross": lambda p, t: p.mean(10, p.C, t) / p.mean(20, p.C, t) - 1,
    "ema_12_26_cross": lambda p, t: p.ema[12][t] / p.ema[26][t] - 1,
    "bb_upper": lambda p, t: p.below(p.U[t], t),
    "bb_lower": lambda p, t: p.below(p.D[t], t),
    "bb_width": lambda p, t: p.width[t],
    "bb_position": lambda p, t: p.position[t],
    "bb_squeeze": lambda p, t: p.width[t] < percentile(p.width, 20, t),
    "atr": lambda p, t: math.log(p.A[t] / p.mean(100, p.A, t)),
    "atr_percent": lambda p, t: p.atr_percent[t],
    "realized_vol_20d": lambda p, t: p.RV[t],
    "vix": lambda p, t: p.IV[t],
    "rv_iv_spread": lambda p, t: p.spread[t],
    "rv_iv_spread_zscore": lambda p, t: z(p.spread, 20, t),
    "iv_regime_underpriced": lambda p, t: p.spread[t] > 0.2,
    "iv_regime_overpriced": lambda p, t: p.spread[t] < -0.2,
    "iv_regime_fair": lambda p, t: -0.2 <= p.spread[t] <= 0.2,
    "volatility_regime_normal": lambda p, t: (
        percentile(p.atr_percent, 25, t) <= p.atr_percent[t] <= percentile(p.atr_percent, 75, t)
    ),
    "regime_low_vol": lambda p, t: p.calm(t),
    "regime_high_vol": lambda p, t: p.wild(t),
    "rsi_low_vol": lambda p, t: (p.R[14][t] - 50) / 50 if p.calm(t) else 0.0,
    "rsi_high_vol": lambda p, t: (p.R[14][t] - 50) / 50 if p.wild(t) else 0.0,
    "macd_low_vol": lambda p, t: p.macd[t] if p.calm(t) else 0.0,
    "macd_high_vol": lambda p, t: p.macd[t] if p.wild(t) else 0.0,
    "bb_position_low_vol": lambda p, t: p.position[t] - 0.5 if p.calm(t) else 0.0,
    **{f"velocity_{n}d": lambda p, t, n=n: p.speed[n][t] for n in (5, 10, 20)},
    "acceleration_5d": lambda p, t: p.speed[5][t] - p.speed[5][t - 5],
}

BARS_AND_VOLUME: dict[str, Callable[[Plain, int], float]] = {
    "higher_high": lambda p, t: p.H[t] > p.H[t - 1],
    "lower_low": lambda p, t: p.L[t] < p.L[t - 1],
    "gap_up": lambda p, t: max(0.0, p.O[t] / p.C[t - 1] - 1),
    "gap_down": lambda p, t: max(0.0, 1 - p.O[t] / p.C[t - 1]),
    "body_size": lambda p, t: abs(p.C[t] - p.O[t]) / p.C[t],
    "upper_shadow": lambda p, t: (p.H[t] - max(p.O[t], p.C[t])) / p.C[t],
    "lower_shadow": lambda p, t: (min(p.O[t], p.C[t]) - p.L[t]) / p.C[t],
    "high_low_range": lambda p, t: (p.H[t] - p.L[t]) / p.C[t],
    "close_position": lambda p, t: p.cp[t],
    "distance_to_fib_382": lambda p, t: (p.C[t] - p.fib(0.382, t)) / p.C[t],
    "distance_to_fib_500": lambda p, t: (p.C[t] - p.fib(0.5, t)) / p.C[t],
    "distance_to_fib_618": lambda p, t: (p.C[t] - p.fib(0.618, t)) / p.C[t],
    "in_consolidation_zone": lambda p, t: (
        min(abs(p.C[t] - p.fib(part, t)) for part in (0.382, 0.5, 0.618)) <= 0.5 * p.A[t]
    ),
    "volume_sma": lambda p, t: math.log((p.mean(5, p.V, t) + 1) / (p.mean(20, p.V, t) + 1)),
    "volume_ratio": lambda p, t: p.ratio[t],
    "obv": lambda p, t: p.obv[t],
    "obv_ema": lambda p, t: p.obv_ema[t],
    "volume_velocity": lambda p, t: math.log((p.V[t] + 1) / (p.V[t - 5] + 1)),
    "volume_price_trend": lambda p, t: p.ratio[t] * p.r[t],
    "accumulation_distribution": lambda p, t: p.weighted(20, [2 * cp - 1 for cp in p.cp], t),
    "volume_surge": lambda p, t: p.ratio[t] > 2,
    "large_volume_day": lambda p, t: p.ratio[t] > 1.8,
    "vwap_deviation": lambda p, t: (p.C[t] - p.W[t]) / p.W[t],
    "vwap_volume_ratio": lambda p, t: p.weighted(20, [tp > p.W[t] for tp in p.TP], t),
    "above_vwap": lambda p, t: p.above(t),
    "vwap_crossover": lambda p, t: p.above(t) and not p.above(t - 1),
    "vwap_crossunder": lambda p, t: not p.above(t) and p.above(t - 1),
    "vwap_band_position": lambda p, t: (
        (p.C[t] - p.W[t] + 2 * pstdev(last(p.TP, 20, t))) / (4 * pstdev(last(p.TP, 20, t)))
    ),
    "vw_momentum_5d": lambda p, t: p.weighted(5, p.r, t),
    "vw_momentum_20d": lambda p, t: p.weighted(20, p.r, t),
    "volume_surge_with_price": lambda p, t: p.ratio[t] > 1.5 and p.r[t] > 1.5 * p.s20[t - 1],
    "accumulation_signal": lambda p, t: p.C[t] > p.O[t] and p.ratio[t] > 1 and p.cp[t] >= 0.7,
    "distribution_signal": lambda p, t: p.C[t] < p.O[t] and p.ratio[t] > 1 and p.cp[t] <= 0.3,
    **{name: lambda p, t, n=n: p.weighted(n, p.body, t) for name, n in (("vpi", 20), ("vpi_short", 5))},
    **{
        f"log_return_{name}": lambda p, t, name=name: math.log(p.prices[name][t] / p.prices[name][t - 1])
        for name in PRICES
    },
    "body_ratio": lambda p, t: p.part_of_bar(abs(p.C[t] - p.O[t]), t),
    "upper_wick_ratio": lambda p, t: p.part_of_bar(p.H[t] - max(p.O[t], p.C[t]), t),
    "lower_wick_ratio": lambda p, t: p.part_of_bar(min(p.O[t], p.C[t]) - p.L[t], t),
    **{f"zscore_{name}": lambda p, t, name=name: p.relative_z(name, t) for name in PRICES},
}

SENTIMENT: dict[str, Callable[[Plain, int], float]] = {
    "sentiment_mean": lambda p, t: p.m[t],
    "sentiment_std": lambda p, t: p.told["news_score_std"][t],
    "sentiment_min": lambda p, t: p.told["news_score_min"][t],
    "sentiment_max": lambda p, t: p.told["news_score_max"][t],
    "news_volume": lambda p, t: p.n[t],
    "news_volume_norm": lambda p, t: math.log(1 + p.n[t]) - fmean(math.log(1 + n) for n in last(p.n, 60, t)),
    "positive_ratio": lambda p, t: p.told["news_positive_share"][t],
    "negative_ratio": lambda p, t: p.told["news_negative_share"][t],
    "sentiment_sma_5": lambda p, t: p.m5[t],
    "sentiment_sma_20": lambda p, t: p.m20[t],
    "sentiment_momentum": lambda p, t: p.q[t],
    "sentiment_acceleration": lambda p, t: p.q[t] - p.q[t - 5],
    "sentiment_volatility": lambda p, t: stdev(last(p.m, 20, t)),
    "sentiment_rsi": lambda p, t: p.m_rsi[t],
    "sentiment_bullish_divergence": lambda p, t: p.z5[t] < -0.5 and p.q[t] > 0.1,
    "sentiment_bearish_divergence": lambda p, t: p.z5[t] > 0.5 and p.q[t] < -0.1,
    "sentiment_strong_bullish_divergence": lambda p, t: p.z5[t] < -1 and p.q[t] > 0.2,
    "sentiment_strong_bearish_divergence": lambda p, t: p.z5[t] > 1 and p.q[t] < -0.2,
    "high_volume_positive": lambda p, t: p.busy(t) and p.m[t] > 0.3,
    "high_volume_negative": lambda p, t: p.busy(t) and p.m[t] < -0.3,
    "low_volume_positive": lambda p, t: p.quiet(t) and p.m[t] > 0.3,
    "low_volume_negative": lambda p, t: p.quiet(t) and p.m[t] < -0.3,
    "volume_surge_positive": lambda p, t: p.surge(t) and p.m[t] > 0.2,
    "volume_surge_negative": lambda p, t: p.surge(t) and p.m[t] < -0.2,
    "sentiment_regime_bull": lambda p, t: p.m20[t] > 0.2,
    "sentiment_regime_bear": lambda p, t: p.m20[t] < -0.2,
    "sentiment_regime_neutral": lambda p, t: -0.2 <= p.m20[t] <= 0.2,
    "sentiment_regime_strength": lambda p, t: abs(p.m20[t]),
    "nsis": lambda p, t: p.nsis[t],
    "nsis_fast": lambda p, t: p.mean(5, p.nsis, t),
    "nsis_slow": lambda p, t: p.mean(20, p.nsis, t),
    "nsis_z": lambda p, t: z(p.nsis, 60, t),
    "sentiment_zscore": lambda p, t: z(p.m, 60, t),
    "news_velocity": lambda p, t: p.n[t] / p.mean(20, p.n, t) - 1,
}
PLAIN = RETURNS_AND_MOMENTUM | TREND_BANDS_AND_REGIME | BARS_AND_VOLUME | SENTIMENT


@pytest.fixture(scope="module")
def compared(markets: tuple[pl.DataFrame, ...]) -> list[tuple[Plain, pl.DataFrame]]:
    """Each market written plainly, and what the engine makes of it."""
    found = []
    for frame in markets:
        bars = Bars(frame.select(*BAR_SCHEMA), Timeframe.D1, synthetic=True)
        found.append((Plain(frame), build(bars, "all", beside=frame.drop(*PRICES, "volume")).frame))
    return found


def test_every_feature_of_the_platform_has_exactly_one_second_writing() -> None:
    structure = runpy.run_path(str(Path(__file__).with_name("test_structure.py")))["NAMES"]
    groups = (RETURNS_AND_MOMENTUM, TREND_BANDS_AND_REGIME, BARS_AND_VOLUME, SENTIMENT, structure)
    assert sorted(name for group in groups for name in group) == sorted(SPECS)
    assert set(SPECS) == {*feature_set("platform"), *feature_set("relative")}


@pytest.mark.parametrize("name", PLAIN)
def test_a_feature_equals_its_definition_written_plainly(name: str, compared: list[tuple[Plain, pl.DataFrame]]) -> None:
    first = SPECS[name].lookback_bars - 1
    for plain, computed in compared:
        assert computed[name].head(first).null_count() == first
        found = computed[name].cast(pl.Float64).to_numpy()
        expected = [float(PLAIN[name](plain, t)) for t in range(first, BARS)]
        np.testing.assert_allclose(found[first:], expected, rtol=2e-7, atol=1e-9)
        assert len(set(expected)) >= 2, "a comparison of constants proves nothing"


def test_where_nothing_moves_the_answer_is_the_middle(markets: tuple[pl.DataFrame, ...]) -> None:
    still = markets[0].with_columns(*(pl.lit(50.0).alias(name) for name in PRICES), news_score_mean=pl.lit(0.3))
    bars = Bars(still.select(*BAR_SCHEMA), Timeframe.D1, synthetic=True)
    last_row = build(bars, "all", beside=still.drop(*PRICES, "volume")).frame.row(-1, named=True)
    halves = ("bb_position", "vwap_band_position", "close_position")
    zeros = ("vpi", "body_ratio", "zscore_close", "returns", "bb_width", "sentiment_volatility")
    assert [last_row[name] for name in ("rsi", "rsi_14", "stoch_k", "sentiment_rsi")] == [50.0] * 4
    assert [last_row[name] for name in halves] == [0.5] * 3
    assert [last_row[name] for name in zeros] == [0.0] * 6


def test_a_session_without_headlines_adds_nothing_to_their_intensity(markets: tuple[pl.DataFrame, ...]) -> None:
    silent = pl.int_range(pl.len()) >= BARS - 5
    news = markets[0].with_columns(
        news_score_mean=pl.when(~silent).then("news_score_mean"),
        news_count=pl.when(silent).then(0.0).otherwise("news_count"),
    )
    bars = Bars(news.select(*BAR_SCHEMA), Timeframe.D1, synthetic=True)
    last_row = build(bars, "sentiment", beside=news.drop(*PRICES, "volume")).frame.row(-1, named=True)
    assert (last_row["nsis"], last_row["news_velocity"]) == (0.0, -1.0)
    assert last_row["sentiment_mean"] is last_row["sentiment_sma_5"] is None

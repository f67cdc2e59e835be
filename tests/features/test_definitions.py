"""Each feature against a plain second writing of its definition: loops over one symbol's lists."""

import math
from collections.abc import Callable
from statistics import fmean, pstdev, stdev

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.features import build, describe


class Plain:
    """One symbol as lists, asked about bar ``t``; as slow and as obvious as possible."""

    def __init__(self, frame: pl.DataFrame, t: int) -> None:
        self.O, self.H, self.L, self.C, self.V = (
            frame[n].to_list() for n in ("open", "high", "low", "close", "volume")
        )
        self.t = t

    def r(self, back: int = 0) -> float:
        k = self.t - back
        return self.C[k] / self.C[k - 1] - 1.0

    def rs(self, n: int, back: int = 0) -> list[float]:
        return [self.r(back + k) for k in range(n)]

    def last(self, values: list[float], n: int) -> list[float]:
        return values[self.t - n + 1 : self.t + 1]

    def sd(self, n: int, back: int = 0) -> float:
        return stdev(self.rs(n, back))

    def tr(self) -> list[float]:
        H, L, C = self.H, self.L, self.C
        later = [max(H[k], C[k - 1]) - min(L[k], C[k - 1]) for k in range(1, self.t + 1)]
        return [H[0] - L[0], *later]

    def cp(self, k: int) -> float:
        spread = self.H[k] - self.L[k]
        return (self.C[k] - self.L[k]) / spread if spread else 0.5

    def atr(self, back: int = 0) -> float:
        return smooth(self.tr()[: self.t + 1 - back], 1 / 14)[-1]

    def rsi(self, n: int) -> float:
        moves = [self.C[k] - self.C[k - 1] for k in range(1, self.t + 1)]
        up, down = (smooth([max(sign * m, 0.0) for m in moves], 1 / n)[-1] for sign in (1, -1))
        return 100 * up / (up + down)

    def macd(self) -> list[float]:
        C = self.C[: self.t + 1]
        ranges = smooth(self.tr(), 1 / 14)
        both = zip(smooth(C, 2 / 13), smooth(C, 2 / 27), ranges, strict=True)
        return [(fast - slow) / a if a else math.nan for fast, slow, a in both]

    def stoch(self, back: int = 0) -> float:
        k = self.t - back
        low, high = min(self.L[k - 13 : k + 1]), max(self.H[k - 13 : k + 1])
        return 100 * (self.C[k] - low) / (high - low)

    def velocity(self, n: int) -> float:
        slope = np.polyfit(np.arange(n + 1.0), np.log(self.last(self.C, n + 1)), 1)[0]
        return float(slope) * math.sqrt(n) / self.sd(20)

    def vsum(self, n: int, weight: Callable[[int], float]) -> float:
        rows = range(self.t - n + 1, self.t + 1)
        return sum(weight(k) * self.V[k] for k in rows) / sum(self.V[k] for k in rows)

    def change(self, n: int) -> float:
        return self.C[self.t] / self.C[self.t - n] - 1.0

    def bands(self) -> tuple[float, float]:
        window = self.last(self.C, 20)
        return fmean(window) - 2 * pstdev(window), fmean(window) + 2 * pstdev(window)

    def ratio(self) -> float:
        return self.V[self.t] / fmean(self.last(self.V, 20))

    def below(self, average: float) -> float:
        return (average - self.C[self.t]) / self.C[self.t]

    def vwap(self) -> float:
        return self.vsum(20, lambda k: (self.H[k] + self.L[k] + self.C[k]) / 3)


def smooth(values: list[float], alpha: float) -> list[float]:
    out = [values[0]]
    for value in values[1:]:
        out.append(alpha * value + (1 - alpha) * out[-1])
    return out


def sign(x: float) -> int:
    return (x > 0) - (x < 0)


def cutler(p: Plain) -> float:
    moves = [p.C[k] - p.C[k - 1] for k in range(p.t - 13, p.t + 1)]
    return 100 * sum(m for m in moves if m > 0) / sum(abs(m) for m in moves)


PLAIN: dict[str, Callable[[Plain], float]] = {
    "returns": lambda p: p.r(),
    "volatility_5d": lambda p: p.sd(5),
    "volatility_20d": lambda p: p.sd(20),
    "return_lag_1": lambda p: p.r(1),
    "return_lag_2": lambda p: p.r(2),
    "return_lag_5": lambda p: p.r(5),
    "momentum_1d": lambda p: p.r() / p.sd(20, back=1),
    "momentum_5d": lambda p: p.change(5),
    "momentum_20d": lambda p: p.change(20),
    "rate_of_change_10d": lambda p: p.change(10),
    "vol_ratio_5_20": lambda p: p.sd(5) / p.sd(20),
    "rsi": cutler,
    "macd": lambda p: p.macd()[-1],
    "macd_signal": lambda p: smooth(p.macd(), 2 / 10)[-1],
    "macd_histogram": lambda p: p.macd()[-1] - smooth(p.macd(), 2 / 10)[-1],
    "stoch_k": lambda p: p.stoch(),
    "stoch_d": lambda p: fmean(p.stoch(k) for k in range(3)),
    "rsi_3": lambda p: p.rsi(3),
    "rsi_7": lambda p: p.rsi(7),
    "rsi_14": lambda p: p.rsi(14),
    "rsi_28": lambda p: p.rsi(28),
    "rsi_divergence_3_14": lambda p: p.rsi(3) - p.rsi(14),
    "sma_10": lambda p: p.below(fmean(p.last(p.C, 10))),
    "sma_20": lambda p: p.below(fmean(p.last(p.C, 20))),
    "sma_50": lambda p: p.below(fmean(p.last(p.C, 50))),
    "ema_12": lambda p: p.below(smooth(p.C[: p.t + 1], 2 / 13)[-1]),
    "price_to_sma20": lambda p: (p.C[p.t] - fmean(p.last(p.C, 20))) / p.atr(),
    "bb_width": lambda p: (p.bands()[1] - p.bands()[0]) / p.C[p.t],
    "bb_position": lambda p: (p.C[p.t] - p.bands()[0]) / (p.bands()[1] - p.bands()[0]),
    "atr": lambda p: math.log(p.atr() / fmean(p.atr(k) for k in range(100))),
    "atr_percent": lambda p: p.atr() / p.C[p.t],
    "velocity_5d": lambda p: p.velocity(5),
    "velocity_10d": lambda p: p.velocity(10),
    "velocity_20d": lambda p: p.velocity(20),
    "gap_up": lambda p: max(0.0, p.O[p.t] / p.C[p.t - 1] - 1),
    "gap_down": lambda p: max(0.0, 1 - p.O[p.t] / p.C[p.t - 1]),
    "body_size": lambda p: abs(p.C[p.t] - p.O[p.t]) / p.C[p.t],
    "upper_shadow": lambda p: (p.H[p.t] - max(p.O[p.t], p.C[p.t])) / p.C[p.t],
    "lower_shadow": lambda p: (min(p.O[p.t], p.C[p.t]) - p.L[p.t]) / p.C[p.t],
    "high_low_range": lambda p: (p.H[p.t] - p.L[p.t]) / p.C[p.t],
    "close_position": lambda p: p.cp(p.t),
    "volume_sma": lambda p: math.log((fmean(p.last(p.V, 5)) + 1) / (fmean(p.last(p.V, 20)) + 1)),
    "volume_ratio": lambda p: p.ratio(),
    "obv": lambda p: p.vsum(5, lambda k: sign(p.C[k] - p.C[k - 1])),
    "volume_price_trend": lambda p: p.ratio() * p.r(),
    "accumulation_distribution": lambda p: p.vsum(20, lambda k: 2 * p.cp(k) - 1),
    "vwap_deviation": lambda p: p.C[p.t] / p.vwap() - 1,
    "vw_momentum_5d": lambda p: p.vsum(5, lambda k: p.C[k] / p.C[k - 1] - 1),
    "vw_momentum_20d": lambda p: p.vsum(20, lambda k: p.C[k] / p.C[k - 1] - 1),
}


@pytest.fixture(scope="module")
def computed(single: Bars) -> pl.DataFrame:
    return build(single, "all").frame


def test_every_feature_of_the_catalogue_has_a_second_writing() -> None:
    assert set(PLAIN) == {spec.name for spec in describe()}


@pytest.mark.parametrize("name", PLAIN)
def test_a_feature_equals_its_definition_written_plainly(name: str, computed: pl.DataFrame, single: Bars) -> None:
    lookback = next(spec.lookback_bars for spec in describe() if spec.name == name)
    for t in (lookback - 1, 130, 151, 152, 237, 299):
        if t >= lookback - 1:
            expected = PLAIN[name](Plain(single.frame, t))
            assert computed[name][t] == pytest.approx(expected, rel=2e-7, abs=1e-9), (name, t)

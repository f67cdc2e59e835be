"""Bounded and normalised oscillators: RSI, MACD in average ranges, stochastics."""

from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    atr,
    change,
    close,
    ema,
    greater,
    high,
    highest,
    lag,
    low,
    lowest,
    mean,
    share,
    total,
    where,
    wilder,
    zscore,
)

_gain = greater(change(close, 1), 0.0)
_loss = greater(-change(close, 1), 0.0)


def _strength(up: Term, down: Term) -> Term:
    # 50 when nothing moved: neither side was stronger.
    moved = up + down
    return where(moved > 0.0, 100.0 * up / moved, 50.0)


def rsi(n: int) -> Term:
    """Wilder's RSI: averages start at the first move."""
    return _strength(wilder(_gain, n), wilder(_loss, n))


macd = share(ema(close, 12) - ema(close, 26), atr)
macd_signal = ema(macd, 9)
macd_histogram = macd - macd_signal
_low14 = lowest(low, 14)
stoch_k = 100.0 * share(close - _low14, highest(high, 14) - _low14, flat=0.5)

rsi_velocity = change(rsi(14), 5)


FAMILY = Family(
    name="oscillators",
    source="Wilder 1978 (RSI, ATR); Cutler's RSI with simple means; Appel (MACD, here divided by ATR); Lane",
    features=(
        Feature("rsi", 15, _strength(total(_gain, 14), total(_loss, 14)), unit="score"),
        Feature("macd", 26, macd, unit="atr"),
        Feature("macd_signal", 34, macd_signal, unit="atr"),
        Feature("macd_histogram", 34, macd_histogram, unit="atr"),
        Feature("stoch_k", 14, stoch_k, unit="score"),
        Feature("stoch_d", 16, mean(stoch_k, 3), unit="score"),
        Feature("rsi_3", 4, rsi(3), unit="score"),
        Feature("rsi_7", 8, rsi(7), unit="score"),
        Feature("rsi_14", 15, rsi(14), unit="score"),
        Feature("rsi_28", 29, rsi(28), unit="score"),
        Feature("rsi_divergence_3_14", 15, rsi(3) - rsi(14), unit="score"),
        Feature("rsi_divergence_3_14_z", 34, zscore(rsi(3) - rsi(14), 20), unit="sd"),
        Feature("rsi_divergence_7_28", 29, rsi(7) - rsi(28), unit="score"),
        Feature("rsi_divergence_7_28_z", 48, zscore(rsi(7) - rsi(28), 20), unit="sd"),
        Feature("rsi_divergence_5d", 15, rsi(5) - rsi(14), unit="score"),
        Feature("rsi_divergence_10d", 15, rsi(10) - rsi(14), unit="score"),
        Feature("rsi_divergence_20d", 21, rsi(20) - rsi(14), unit="score"),
        Feature("rsi_velocity", 20, rsi_velocity, unit="score"),
        Feature("rsi_momentum", 34, (rsi(14) - mean(rsi(14), 20)) / 50.0, unit="ratio"),
        Feature("rsi_cross_30", 16, (lag(rsi(14), 1) < 30.0) & (rsi(14) >= 30.0), unit="flag"),
        Feature("rsi_cross_70", 16, (lag(rsi(14), 1) > 70.0) & (rsi(14) <= 70.0), unit="flag"),
    ),
)

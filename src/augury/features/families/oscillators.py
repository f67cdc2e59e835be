"""Bounded and normalised oscillators: RSI, MACD in average ranges, stochastics."""

from __future__ import annotations

import numpy as np

from augury.core.typing import Floats
from augury.features.block import Block
from augury.features.family import Family, Feature

_RANGE = ("high", "low", "close")


def _strength(up: Floats, down: Floats) -> Floats:
    # 50 when nothing moved: neither side was stronger.
    moved = up + down
    return np.where(moved > 0.0, 100.0 * up / moved, 50.0)


def _gain(b: Block) -> Floats:
    return b.once("gain", lambda: np.maximum(b.close - b.previous_close, 0.0))


def _loss(b: Block) -> Floats:
    return b.once("loss", lambda: np.maximum(b.previous_close - b.close, 0.0))


def _rsi(b: Block, n: int) -> Floats:
    """Wilder's RSI: averages start at the first move."""
    return b.once(("rsi", n), lambda: _strength(b.wilder(_gain(b), n, skip=1), b.wilder(_loss(b), n, skip=1)))


def _cutler_rsi(b: Block) -> Floats:
    return _strength(b.sum(_gain(b), 14), b.sum(_loss(b), 14))


def _macd(b: Block) -> Floats:
    return b.once("macd", lambda: b.share(b.ema(b.close, 12) - b.ema(b.close, 26), b.atr))


def _macd_signal(b: Block) -> Floats:
    return b.ema(_macd(b), 9)


def _stoch_k(b: Block) -> Floats:
    def compute() -> Floats:
        low, high = b.lowest(b.low, 14), b.highest(b.high, 14)
        return 100.0 * b.share(b.close - low, high - low, flat=0.5)

    return b.once("stoch_k", compute)


FAMILY = Family(
    name="oscillators",
    source="Wilder 1978 (RSI, ATR); Cutler's RSI with simple means; Appel (MACD, here divided by ATR); Lane",
    features=(
        Feature("rsi", 15, _cutler_rsi, unit="score"),
        Feature("macd", 26, _macd, _RANGE, unit="atr"),
        Feature("macd_signal", 34, _macd_signal, _RANGE, unit="atr"),
        Feature("macd_histogram", 34, lambda b: _macd(b) - _macd_signal(b), _RANGE, unit="atr"),
        Feature("stoch_k", 14, _stoch_k, _RANGE, unit="score"),
        Feature("stoch_d", 16, lambda b: b.mean(_stoch_k(b), 3), _RANGE, unit="score"),
        Feature("rsi_3", 4, lambda b: _rsi(b, 3), unit="score"),
        Feature("rsi_7", 8, lambda b: _rsi(b, 7), unit="score"),
        Feature("rsi_14", 15, lambda b: _rsi(b, 14), unit="score"),
        Feature("rsi_28", 29, lambda b: _rsi(b, 28), unit="score"),
        Feature("rsi_divergence_3_14", 15, lambda b: _rsi(b, 3) - _rsi(b, 14), unit="score"),
    ),
)

"""A forecast as a chart and as orders: what was said bar by bar, smoothed, fused into positions, cut by floors.

The past of a chart is what the ledger holds, said before its outcome was known; a version is never asked again
about bars it was trained on. Bars on which nothing was said have nulls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from augury.core.errors import UnknownName, UsageError
from augury.core.forecast import Forecast
from augury.core.suggestion import did_you_mean
from augury.models.ensemble.fusion import FusionSettings
from augury.runs.forecasts.positions import Position, positions
from augury.runs.workspace import Workspace

SMOOTHINGS: Final = ("none", "ema", "moving_average")
RISK_PROFILES: Final = {"conservative": 0.5, "balanced": 1.0, "aggressive": 1.5}
"""Name to the factor of every position."""
SPAN_BARS: Final = 5
"""Forecasts that a moving average holds; an exponential one has the same centre of mass."""


@dataclass(frozen=True, slots=True)
class Style:
    """How forecasts become positions and orders.

    Parameters
    ----------
    smoothing : str
        One of ``SMOOTHINGS``: of expected returns over the forecasts before, never after.
    fusion : FusionSettings
    buy_floor, sell_floor : float
        Least probability of a rise to buy, of a fall to sell; 0..1, larger trades less.
    trade_share_floor : float
        Least share of capital worth an order, 0..1.
    risk_profile : str
        One of ``RISK_PROFILES``: every position times its factor, within ``-max_short`` .. 1.
    """

    smoothing: str = "none"
    fusion: FusionSettings = field(default_factory=FusionSettings)
    buy_floor: float = 0.0
    sell_floor: float = 0.0
    trade_share_floor: float = 0.0
    risk_profile: str = "balanced"

    def __post_init__(self) -> None:
        for value, known in ((self.smoothing, SMOOTHINGS), (self.risk_profile, tuple(RISK_PROFILES))):
            if value not in known:
                raise UnknownName(f"unknown name '{value}'{did_you_mean(value, known)} (known: {', '.join(known)})")
        if not all(0 <= value <= 1 for value in (self.buy_floor, self.sell_floor, self.trade_share_floor)):
            raise UsageError("floors are shares and probabilities in 0..1")


@dataclass(frozen=True, slots=True)
class Order:
    """What to do about one forecast.

    Parameters
    ----------
    forecast : Forecast
        As it was said; nothing of it is changed.
    expected_return : float
        Smoothed, a fraction.
    probabilities : (float, float, float)
        Of the classifier, in the order of ``LABELS``.
    fused : float
        What the formula says, share of capital, risk profile applied.
    position : float
        The same after the floors; 0 where the forecast abstains.
    action : str
        ``BUY``, ``SELL`` or ``HOLD``.
    fallback : str
        Empty, or what took the place of the fusion mode.
    """

    forecast: Forecast
    expected_return: float
    probabilities: tuple[float, float, float]
    fused: float
    position: float
    action: str
    fallback: str


def orders(workspace: Workspace, said: Sequence[Forecast], style: Style) -> list[Order]:
    """Turn the forecasts of one cell, the oldest first, into positions and orders."""
    smooth = smoothed([row.expected_return for row in said], style.smoothing)
    seen = [replace(row, expected_return=value) for row, value in zip(said, smooth, strict=True)]
    fused = positions(workspace, seen, style.fusion) if seen else []
    return [order(row, one, style) for row, one in zip(said, fused, strict=True)]


def order(said: Forecast, fused: Position, style: Style) -> Order:
    """Apply risk profile and floors to one fused position."""
    size = fused.fused * RISK_PROFILES[style.risk_profile]
    size = min(1.0, max(-style.fusion.max_short, size))
    bearish, _, bullish = fused.probabilities
    sure = bullish >= style.buy_floor if size > 0 else bearish >= style.sell_floor
    worth = size != 0 and abs(size) >= style.trade_share_floor
    held = size if sure and worth and "abstain" not in said.flags else 0.0
    action = "BUY" if held > 0 else "SELL" if held < 0 else "HOLD"
    return Order(said, fused.forecast.expected_return, fused.probabilities, size, held, action, fused.fallback)


def smoothed(values: Sequence[float], how: str) -> list[float]:
    """Smooth values by those before them.

    Examples
    --------
    >>> smoothed([0.0, 0.3], "none"), smoothed([0.0, 0.3], "moving_average")
    ([0.0, 0.3], [0.0, 0.15])
    """
    series = pl.Series(values, dtype=pl.Float64)
    if how == "ema":
        series = series.ewm_mean(span=SPAN_BARS, adjust=False)
    elif how == "moving_average":
        series = series.rolling_mean(SPAN_BARS, min_samples=1)
    found: list[float] = series.to_list()
    return found

"""Slope of the logarithmic close, in units of the volatility a random walk would show."""

from __future__ import annotations

import numpy as np

from augury.core.typing import Floats
from augury.features.block import Block
from augury.features.family import Family, Feature
from augury.features.windows import window_dot


def _slope_weights(n: int) -> Floats:
    """Weights on the last ``n`` log returns whose sum is the least-squares slope over ``n + 1`` bars.

    The slope is ``sum (i - n/2) x_i / S`` with ``S = n (n + 1) (n + 2) / 12``; written in
    differences of ``x`` the weight of the j-th newest is ``j (n + 1 - j) / (2 S)``, j = 1 … n. No
    price level enters, so scaling all prices changes nothing.
    """
    j = np.arange(1.0, n + 1.0)
    return 6.0 * j * (n + 1.0 - j) / (n * (n + 1.0) * (n + 2.0))


def _velocity(n: int) -> Feature:
    def formula(b: Block) -> Floats:
        slope = window_dot(b.log_returns, _slope_weights(n))
        return b.in_sd(slope * np.sqrt(float(n)), b.sd(b.returns, 20))

    return Feature(f"velocity_{n}d", 21, formula, unit="sd")


FAMILY = Family(
    name="velocity",
    source="least-squares slope of ln C over n + 1 bars, times sqrt(n) over the 20-bar volatility",
    features=(_velocity(5), _velocity(10), _velocity(20)),
)

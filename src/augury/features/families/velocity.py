"""Slope of the logarithmic close, in units of the volatility a random walk would show."""

from math import sqrt

import numpy as np

from augury.features.family import Family, Feature
from augury.features.language import Term, change, dot, in_sd, log_returns, returns, sd


def velocity(n: int) -> Term:
    """Least-squares slope of ln C over ``n + 1`` bars, times sqrt(n), over the 20-bar volatility.

    The slope is ``sum (i - n/2) x_i / S`` with ``S = n (n + 1) (n + 2) / 12``; written in
    differences of ``x`` the weight of the j-th newest is ``j (n + 1 - j) / (2 S)``, j = 1 … n. No
    price level enters, so scaling all prices changes nothing.
    """
    j = np.arange(1.0, n + 1.0)
    weights = 6.0 * j * (n + 1.0 - j) / (n * (n + 1.0) * (n + 2.0))
    return in_sd(dot(log_returns, weights) * sqrt(float(n)), sd(returns, 20))


FAMILY = Family(
    name="velocity",
    source="least-squares slope of ln C over n + 1 bars, times sqrt(n) over the 20-bar volatility",
    features=(
        *(Feature(f"velocity_{n}d", 21, velocity(n), unit="sd") for n in (5, 10, 20)),
        Feature("acceleration_5d", 26, change(velocity(5), 5), unit="sd"),
    ),
)

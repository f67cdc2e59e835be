"""Momentum of the price against momentum of its oscillators."""

from math import sqrt

from augury.features.families.oscillators import macd_histogram, rsi_velocity
from augury.features.family import Family, Feature
from augury.features.language import Term, clip, close, in_sd, lag, returns, sd


def momentum_in_sd(n: int) -> Term:
    """The ``n``-bar return in standard deviations a random walk would show over ``n`` bars."""
    return in_sd(close / lag(close, n) - 1.0, sd(returns, 20) * sqrt(float(n)))


FAMILY = Family(
    name="divergence",
    source="price momentum in its own standard deviations, less the oscillator, both limited",
    features=(
        Feature(
            "momentum_divergence_5d",
            21,
            clip(momentum_in_sd(5), 3.0) / 3.0 - clip(rsi_velocity / 50.0, 1.0),
            unit="ratio",
        ),
        Feature(
            "momentum_divergence_20d", 34, clip(momentum_in_sd(20), 3.0) / 3.0 - clip(macd_histogram, 1.0), unit="ratio"
        ),
    ),
)

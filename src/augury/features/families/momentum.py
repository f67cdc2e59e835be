"""How far the close has come, plainly and in units of its own volatility."""

from augury.features.family import Family, Feature
from augury.features.language import close, in_sd, lag, returns, sd

FAMILY = Family(
    name="momentum",
    source="Jegadeesh and Titman 1993; momentum_1d divides by the volatility known before the move",
    features=(
        Feature("momentum_1d", 22, in_sd(returns, lag(sd(returns, 20), 1)), unit="sd"),
        Feature("momentum_5d", 6, close / lag(close, 5) - 1.0),
        Feature("momentum_20d", 21, close / lag(close, 20) - 1.0),
        Feature("rate_of_change_10d", 11, close / lag(close, 10) - 1.0),
        Feature("vol_ratio_5_20", 21, in_sd(sd(returns, 5), sd(returns, 20)), unit="ratio"),
    ),
)

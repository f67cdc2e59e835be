"""How far the close has come, plainly and in units of its own volatility."""

from augury.features.family import Family, Feature

FAMILY = Family(
    name="momentum",
    source="Jegadeesh and Titman 1993; momentum_1d divides by the volatility known before the move",
    features=(
        Feature("momentum_1d", 22, lambda b: b.in_sd(b.returns, b.lag(b.sd(b.returns, 20), 1)), unit="sd"),
        Feature("momentum_5d", 6, lambda b: b.close / b.lag(b.close, 5) - 1.0),
        Feature("momentum_20d", 21, lambda b: b.close / b.lag(b.close, 20) - 1.0),
        Feature("rate_of_change_10d", 11, lambda b: b.close / b.lag(b.close, 10) - 1.0),
        Feature("vol_ratio_5_20", 21, lambda b: b.in_sd(b.sd(b.returns, 5), b.sd(b.returns, 20)), unit="ratio"),
    ),
)

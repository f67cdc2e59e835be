"""Returns of the last bars and their spread."""

from augury.features.family import Family, Feature

FAMILY = Family(
    name="returns",
    source="simple returns; sample standard deviation",
    features=(
        Feature("returns", 2, lambda b: b.returns),
        Feature("volatility_5d", 6, lambda b: b.sd(b.returns, 5)),
        Feature("volatility_20d", 21, lambda b: b.sd(b.returns, 20)),
        Feature("return_lag_1", 3, lambda b: b.lag(b.returns, 1)),
        Feature("return_lag_2", 4, lambda b: b.lag(b.returns, 2)),
        Feature("return_lag_5", 7, lambda b: b.lag(b.returns, 5)),
    ),
)

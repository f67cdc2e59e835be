"""One-bar returns, their past values and their spread."""

from augury.features.family import Family, Feature
from augury.features.language import lag, log_returns, returns, sd

FAMILY = Family(
    name="returns",
    source="simple one-bar return C / C1 - 1; sample standard deviations",
    features=(
        Feature("returns", 2, returns),
        Feature("log_returns", 2, log_returns),
        Feature("volatility_5d", 6, sd(returns, 5)),
        Feature("volatility_20d", 21, sd(returns, 20)),
        Feature("return_lag_1", 3, lag(returns, 1)),
        Feature("return_lag_2", 4, lag(returns, 2)),
        Feature("return_lag_5", 7, lag(returns, 5)),
    ),
)

"""A symbol against its market: beta, correlation, relative strength, what the market itself does.

The inputs are columns of ``features.market.market_beside`` (the market's level and its own measures,
known at the same close).
"""

from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    close,
    column,
    correlation,
    covariance,
    greater,
    lag,
    mean,
    per,
    returns,
    sd,
    sqrt,
)

market_close = column("market_close")
market_returns = market_close / lag(market_close, 1) - 1.0
_before = column("market_lag_2")
"""The market's return of the session before the bar."""


def beta(n: int) -> Term:
    """Covariance with the market over its variance; unknown while the market does not move."""
    return _slope(market_returns, n)


def _slope(driver: Term, n: int) -> Term:
    return per(covariance(returns, driver, n), sd(driver, n) * sd(driver, n))


def relative_strength(n: int) -> Term:
    """Return minus the market's, over the same dates."""
    return close / lag(close, n) - market_close / lag(market_close, n)


_variance = sd(returns, 60) * sd(returns, 60)
_explained = beta(60) * covariance(returns, market_returns, 60)
idio_vol = sqrt(greater(_variance - _explained, 0.0) * column("bars_per_year"))

FAMILY = Family(
    name="market",
    source="market model (Sharpe 1963) over the symbol's own bars; the market is an index or the mean of the others",
    features=(
        Feature("beta_20", 21, beta(20), unit="ratio"),
        Feature("beta_60", 61, beta(60), unit="ratio"),
        Feature("market_corr_20", 21, correlation(returns, market_returns, 20), unit="ratio"),
        Feature("market_corr_60", 61, correlation(returns, market_returns, 60), unit="ratio"),
        *(Feature(f"rel_strength_{n}", n + 1, relative_strength(n)) for n in (5, 20, 60)),
        Feature("market_lag_1", 2, column("market_lag_1")),
        Feature("market_lag_2", 3, column("market_lag_2")),
        Feature("market_lag_5", 6, column("market_lag_5")),
        Feature("market_vol_20", 21, column("market_vol_20")),
        Feature("market_drawdown", 252, column("market_drawdown")),
        Feature("market_trend", 200, column("market_trend"), unit="flag"),
        Feature("market_dispersion", 2, column("market_dispersion")),
        Feature("alpha_60", 61, mean(returns, 60) - beta(60) * mean(market_returns, 60)),
        Feature("idio_vol_60", 61, idio_vol),
        Feature("market_lead_corr_60", 62, correlation(returns, _before, 60), unit="ratio"),
        Feature("market_lead_60", 62, _slope(_before, 60) * column("market_lag_1")),
    ),
)

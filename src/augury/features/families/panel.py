"""What is asked of every symbol of a cross-section: past returns, volatility, gaps, turnover, the year's range."""

from math import log as ln

from augury.features.families.oscillators import macd_histogram
from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    absolute,
    close,
    column,
    ema,
    high,
    highest,
    lag,
    log,
    low,
    lowest,
    mean,
    per,
    returns,
    sd,
    sqrt,
    total,
    volume,
    zscore,
)

_turnover = volume * close
_year = column("bars_per_year")


def past_return(n: int) -> Term:
    """Simple return over the last ``n`` bars."""
    return close / lag(close, n) - 1.0


def volatility(n: int) -> Term:
    """Annualised sample standard deviation of one-bar returns."""
    return sd(returns, n) * sqrt(_year)


def _impact(n: int) -> Term:
    """Movement for each unit of money traded; days without trade add movement alone."""
    return per(total(absolute(returns), n), total(_turnover, n))


FAMILY = Family(
    name="panel",
    source=(
        "Jegadeesh and Titman 1993 (252-21 momentum); Parkinson 1980; Amihud 2002, here against the symbol's own "
        "120 bars, so that no price level and no currency enters; George and Hwang 2004 (gap to the year's range)"
    ),
    features=(
        *(Feature(f"past_ret_{n}", n + 1, past_return(n)) for n in (1, 5, 10, 20, 60, 120)),
        Feature("mom_252_21", 253, lag(close, 21) / lag(close, 252) - 1.0),
        *(Feature(f"vol_{n}", n + 1, volatility(n)) for n in (5, 20, 60)),
        Feature("parkinson_20", 20, sqrt(mean(log(high / low) * log(high / low), 20) * _year / (4.0 * ln(2.0)))),
        Feature("gap_sma20", 20, close / mean(close, 20) - 1.0),
        Feature("gap_sma60", 60, close / mean(close, 60) - 1.0),
        Feature("gap_ema200", 200, close / ema(close, 200) - 1.0),
        Feature("macd_hist_atr", 34, macd_histogram, unit="atr"),
        Feature("turnover_z60", 60, zscore(_turnover, 60), unit="sd"),
        Feature("amihud_20", 121, per(_impact(20), _impact(120)) - 1.0, unit="ratio"),
        Feature("high_252_gap", 252, close / highest(high, 252) - 1.0),
        Feature("low_252_gap", 252, close / lowest(low, 252) - 1.0),
    ),
)

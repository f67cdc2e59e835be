"""Distance of the close from its averages, and of the averages from each other."""

from augury.features.family import Family, Feature
from augury.features.language import Term, atr, close, ema, mean, share


def _below(average: Term) -> Term:
    return (average - close) / close


def _in_ranges(n: int) -> Term:
    return share(close - mean(close, n), atr)


FAMILY = Family(
    name="trend",
    source="moving averages as a fraction of the close, so that no column is in price units",
    features=(
        *(Feature(f"sma_{n}", n, _below(mean(close, n))) for n in (10, 20, 50)),
        *(Feature(f"ema_{n}", n, _below(ema(close, n))) for n in (12, 26)),
        *(Feature(f"price_to_sma{n}", n, _in_ranges(n), unit="atr") for n in (20, 50)),
        Feature("sma_10_20_cross", 20, mean(close, 10) / mean(close, 20) - 1.0),
        Feature("ema_12_26_cross", 26, ema(close, 12) / ema(close, 26) - 1.0),
    ),
)

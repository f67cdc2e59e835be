"""The eleven relative features as a series; ``RelativeFeatureTransform`` gives them for windows of bars."""

from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    absolute,
    change,
    clip,
    close,
    greater,
    high,
    lesser,
    log,
    low,
    mean,
    open_,
    sd,
    share,
)

_PRICES = {"open": open_, "high": high, "low": low, "close": close}
_ratios = {
    "body_ratio": absolute(close - open_),
    "upper_wick_ratio": high - greater(open_, close),
    "lower_wick_ratio": lesser(open_, close) - low,
}


def _zscore(price: Term) -> Term:
    return clip(share(price - mean(price, 20), sd(price, 20, sample=False), price, flat=0.0), 10.0)


FAMILY = Family(
    name="relative",
    source="log returns, bar shape and 20-bar z-scores of each price; no price level enters",
    features=(
        *(Feature(f"log_return_{name}", 2, change(log(price), 1)) for name, price in _PRICES.items()),
        *(Feature(name, 1, share(part, high - low, flat=0.0), unit="ratio") for name, part in _ratios.items()),
        *(Feature(f"zscore_{name}", 20, _zscore(price), unit="sd") for name, price in _PRICES.items()),
    ),
)

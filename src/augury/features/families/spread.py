"""Realised volatility against the volatility options imply.

Implied volatility comes from beside the bars (``implied_volatility``, in percent, of the asset's
registered proxy, known at the bar's close); without it those features are absent.
"""

from augury.features.family import Family, Feature
from augury.features.language import close, column, high, lag, log, low, mean, open_, per, sd, sqrt, zscore

_BARS = 20
_WEIGHT = 0.34 / (1.34 + (_BARS + 1.0) / (_BARS - 1.0))
_o, _h, _l, _c = log(open_), log(high), log(low), log(close)
_overnight, _inside = _o - lag(_c, 1), _c - _o
_rogers_satchell = (_h - _c) * (_h - _o) + (_l - _c) * (_l - _o)
_variance = (
    sd(_overnight, _BARS) * sd(_overnight, _BARS)
    + _WEIGHT * sd(_inside, _BARS) * sd(_inside, _BARS)
    + (1.0 - _WEIGHT) * mean(_rogers_satchell, _BARS)
)
realized_vol = sqrt(_variance * column("bars_per_year"))
_implied = column("implied_volatility") / 100.0
_spread = per(realized_vol - _implied, _implied)

FAMILY = Family(
    name="spread",
    source="Yang and Zhang 2000 over 20 bars, annualised by the asset's own number of bars a year",
    features=(
        Feature("realized_vol_20d", 21, realized_vol),
        Feature("vix", 1, _implied),
        Feature("rv_iv_spread", 21, _spread, unit="ratio"),
        Feature("rv_iv_spread_zscore", 40, zscore(_spread, 20), unit="sd"),
        Feature("iv_regime_underpriced", 21, _spread > 0.2, unit="flag"),
        Feature("iv_regime_overpriced", 21, _spread < -0.2, unit="flag"),
        Feature("iv_regime_fair", 21, (_spread <= 0.2) & (_spread >= -0.2), unit="flag"),
    ),
)

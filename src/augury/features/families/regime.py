"""Whether the bar's range is small, usual or large for its own last year, and oscillators seen within."""

from augury.features.families.bands import atr_percent, bb_position
from augury.features.families.oscillators import macd, rsi
from augury.features.family import Family, Feature
from augury.features.language import (
    FLAT,
    Term,
    close,
    known_from,
    previous_quantiles,
    returns,
    sd,
    sign,
    total_above,
    where,
)

_settled = known_from(atr_percent, 15)
_low, _high = previous_quantiles(_settled, 252, 0.25, 0.75, least=50)
low_volatility, high_volatility = _settled < _low, _settled > _high
_tilt = (rsi(14) - 50.0) / 50.0
_volatility = sd(returns, 20)
_calmer_than = total_above(sign(close), _volatility, _volatility + FLAT, 253) / 252.0


def _within(regime: Term, value: Term) -> Term:
    return where(regime, value, 0.0)


FAMILY = Family(
    name="regime",
    source="quartiles of the previous 252 bars' average true range in percent, at least 50 of them",
    features=(
        Feature("volatility_regime_normal", 65, ~(low_volatility | high_volatility), unit="flag"),
        Feature("regime_low_vol", 65, low_volatility, unit="flag"),
        Feature("regime_high_vol", 65, high_volatility, unit="flag"),
        Feature("rsi_low_vol", 65, _within(low_volatility, _tilt), unit="ratio"),
        Feature("rsi_high_vol", 65, _within(high_volatility, _tilt), unit="ratio"),
        Feature("macd_low_vol", 65, _within(low_volatility, macd), unit="atr"),
        Feature("macd_high_vol", 65, _within(high_volatility, macd), unit="atr"),
        Feature("volatility_percentile", 273, 1.0 - _calmer_than, unit="ratio"),
        Feature("bb_position_low_vol", 65, _within(low_volatility, bb_position - 0.5), unit="ratio"),
    ),
)

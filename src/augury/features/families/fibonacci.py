"""Distance of the close from retracements of the range of the twenty bars before."""

from augury.features.family import Family, Feature
from augury.features.language import Term, absolute, atr, close, high, highest, lag, lesser, low, lowest

_top, _bottom = lag(highest(high, 20), 1), lag(lowest(low, 20), 1)


def _retracement(part: float) -> Term:
    return _top - part * (_top - _bottom)


_LEVELS = {"382": _retracement(0.382), "500": _retracement(0.5), "618": _retracement(0.618)}
retracements = tuple(_LEVELS.values())
_gaps = [absolute(close - level) for level in retracements]
_nearest = lesser(lesser(_gaps[0], _gaps[1]), _gaps[2])

FAMILY = Family(
    name="fibonacci",
    source="retracements of the previous 20 bars' range; a zone is half an average range wide",
    features=(
        *(Feature(f"distance_to_fib_{name}", 21, (close - level) / close) for name, level in _LEVELS.items()),
        Feature("in_consolidation_zone", 21, _nearest <= 0.5 * atr, unit="flag"),
    ),
)

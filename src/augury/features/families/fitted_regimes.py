"""What fold-fitted transforms say of a bar; present when their columns are given beside the bars.

The columns come from ``features.transforms``, fitted on the rows of a fold's fit slice and applied to
every bar without looking ahead.
"""

from augury.features.family import Family, Feature
from augury.features.language import column

_UNITS = {
    "hmm_p_calm": "ratio",
    "hmm_p_usual": "ratio",
    "hmm_p_wild": "ratio",
    "garch_volatility": "fraction",
    "day_stress": "ratio",
    "day_regime": "count",
}

FAMILY = Family(
    name="fitted_regimes",
    source="Hamilton 1989 (filtered regime probabilities); Bollerslev 1986 (GARCH); market volatility and correlation",
    features=tuple(Feature(name, 1, column(name), unit=unit) for name, unit in _UNITS.items()),
)

"""Support and resistance as six methods see them, blended.

Each method names levels; of those at or below the close the nearest is its support, of those above the
close the nearest its resistance. The blend is their weighted mean distance, in average ranges, over the
methods that have one on that side; its strength is the weight of those within half a range of it. A
method further than ten ranges away has none; where no method has one the distance is ten, the strength 0.

volume      .25   price of the most volume among 60 bars (null when nothing was traded)
turns       .20   turning points of the close, merged (family ``levels``)
polynomial  .20   parabola through 60 closes, two residual standard deviations to either side
averages    .15   means of 20 and 50 closes
fibonacci   .10   .382, .500, .618 of the range of the previous 20 bars
ichimoku    .10   base line of 26 bars, and the two edges of the cloud drawn 26 bars ago
"""

from functools import reduce

import numpy as np

from augury.features.families.fibonacci import retracements
from augury.features.families.profile import poc
from augury.features.family import Family, Feature
from augury.features.language import (
    Term,
    absolute,
    atr,
    close,
    dot,
    greater,
    high,
    highest,
    lag,
    lesser,
    levels,
    low,
    lowest,
    mean,
    sd,
    share,
    sqrt,
    where,
)

_FARTHEST, _AGREE, _BARS = 10.0, 0.5, 60
_ROUNDING = 1e-9
"""Average ranges: a level no further above the close is at the close."""
_below, _touches_below, _above, _touches_above = levels(close, 0.5 * atr, 61, around=5)


def _parabola(n: int) -> tuple[Term, Term]:
    """End of the parabola through ``n`` closes, and the standard deviation of closes around it."""
    basis, _ = np.linalg.qr(np.vander(np.arange(0.0, -n, -1.0) / n, 3, increasing=True))
    line, curve = (dot(close, basis[:, k] - basis[:, k].mean()) for k in (1, 2))
    spread = sd(close, n, sample=False)
    rest = greater(n * spread * spread - line * line - curve * curve, 0.0)
    end = mean(close, n) + float(basis[0, 1]) * line + float(basis[0, 2]) * curve
    return end, sqrt(rest / (n - 3.0))


def _middle(n: int) -> Term:
    return (highest(high, n) + lowest(low, n)) / 2.0


_end, _around = _parabola(_BARS)
_METHODS: dict[str, tuple[float, tuple[Term, ...], tuple[Term, ...]]] = {
    "volume": (0.25, (poc,), (poc,)),
    "turns": (
        0.20,
        (where(_touches_below > 0.0, _below, 0.0),),
        (where(_touches_above > 0.0, _above, 0.0),),
    ),
    "polynomial": (0.20, (_end - 2.0 * _around, _end, _end + 2.0 * _around), ()),
    "averages": (0.15, (mean(close, 20), mean(close, 50)), ()),
    "fibonacci": (0.10, retracements, ()),
    "ichimoku": (0.10, (_middle(26), lag((_middle(9) + _middle(26)) / 2.0, 26), lag(_middle(52), 26)), ()),
}


def _distance(level: Term, side: float) -> Term:
    """In average ranges when the level lies on that side of the close (-1 below), else the farthest."""
    gap = share(level - close, atr, flat=0.0)
    return where(gap > _ROUNDING, gap, _FARTHEST) if side > 0 else where(gap <= _ROUNDING, -gap, _FARTHEST)


def _nearest(named: tuple[Term, ...], side: float) -> Term:
    return greater(lesser(reduce(lesser, [_distance(level, side) for level in named]), _FARTHEST), 0.0)


def _blend(side: float) -> tuple[Term, Term]:
    """Distance of the blend, and the weight of the methods that agree with it."""
    parts = []
    for weight, below, above in _METHODS.values():
        named = (above or below) if side > 0 else below
        parts.append((weight, _nearest(named, side)))
    there = [weight * (gap < _FARTHEST) for weight, gap in parts]
    whole = reduce(Term.__add__, there)
    far = reduce(Term.__add__, [here * gap for here, (_, gap) in zip(there, parts, strict=True)])
    distance = where(whole > 0.0, far / whole, _FARTHEST)
    agree = [here * (absolute(gap - distance) <= _AGREE) for here, (_, gap) in zip(there, parts, strict=True)]
    return distance, reduce(Term.__add__, agree)


support, support_strength = _blend(-1.0)
resistance, resistance_strength = _blend(1.0)
_support_is_nearer = support <= resistance

FAMILY = Family(
    name="level_blend",
    source="volume profile, turning points, polynomial channel, averages, retracements and Ichimoku by fixed weights",
    features=(
        Feature("blend_support_distance", 78, support, unit="atr"),
        Feature("blend_resistance_distance", 78, resistance, unit="atr"),
        Feature("blend_support_strength", 78, support_strength, unit="ratio"),
        Feature("blend_resistance_strength", 78, resistance_strength, unit="ratio"),
        Feature("blend_nearest_distance", 78, where(_support_is_nearer, -support, resistance), unit="atr"),
        Feature(
            "blend_nearest_strength",
            78,
            where(_support_is_nearer, support_strength, resistance_strength),
            unit="ratio",
        ),
    ),
)

"""Hand-off: how surely one timeframe passes a forecast on to the next longer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from augury.core.timeframe import Timeframe

CASCADE: Final = (Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1)
"""Timeframes in the order in which they hand on; only neighbours in this row are partners."""
_EXACT: Final = 1e-9
"""0.70 - 0.50 is a shade under 0.20 in binary: a limit is compared with this much room."""


def handoff_confidence(
    confidences: tuple[float, float], labels: tuple[str, str], targets: tuple[float, float]
) -> float:
    """Confidence of the hand-off between two timeframes that speak about the same duration.

    ``mean(conf_a, conf_b)``, + 0.15 when both name the same direction or + 0.05 when one is NEUTRAL, + 0.10
    for targets within 5 % or + 0.05 within 10 %, - 0.10 for a gap of confidence above 0.30 or - 0.05 above
    0.20; clipped to [0, 1]. It orders and weighs; it is no probability.

    Parameters
    ----------
    confidences : (float, float)
        In [0, 1].
    labels : (str, str)
        Of ``LABELS``.
    targets : (float, float)
        Median prices, above 0; their distance is a part of the lower one.

    Examples
    --------
    >>> round(handoff_confidence((0.60, 0.70), ("BULLISH", "BULLISH"), (100.0, 102.0)), 9)
    0.9
    >>> round(handoff_confidence((0.60, 0.70), ("BULLISH", "NEUTRAL"), (100.0, 107.0)), 9)
    0.75
    >>> round(handoff_confidence((0.35, 0.70), ("BULLISH", "BEARISH"), (100.0, 120.0)), 9)
    0.425
    """
    apart = max(targets) / min(targets) - 1.0
    gap = abs(confidences[0] - confidences[1])
    found = sum(confidences) / 2
    if labels[0] == labels[1]:
        found += 0.15
    elif "NEUTRAL" in labels:
        found += 0.05
    found += 0.10 if apart <= 0.05 + _EXACT else 0.05 if apart <= 0.10 + _EXACT else 0.0
    found -= 0.10 if gap > 0.30 + _EXACT else 0.05 if gap > 0.20 + _EXACT else 0.0
    return min(1.0, max(0.0, found))


def partners(timeframes: Sequence[str]) -> list[tuple[str, str]]:
    """List the neighbours among timeframes, the shorter first.

    Examples
    --------
    >>> partners(["w1", "h4", "m15", "d1"])
    [('h4', 'd1'), ('d1', 'w1')]
    """
    names = [str(frame) for frame in CASCADE]
    return [(a, b) for a, b in pairwise(names) if a in timeframes and b in timeframes]


def of_each(timeframes: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> dict[str, float | None]:
    """Give each timeframe the mean of its hand-offs; null without a partner.

    Examples
    --------
    >>> of_each(["h4", "d1", "m15"], {("h4", "d1"): 0.9})
    {'h4': 0.9, 'd1': 0.9, 'm15': None}
    """
    found = {name: [value for pair, value in pairs.items() if name in pair] for name in timeframes}
    return {name: sum(values) / len(values) if values else None for name, values in found.items()}

"""Drawing: numbers as the points of a picture that the server draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 240


def curve_lines(curves: Sequence[tuple[str, Sequence[float], str]]) -> list[dict[str, str]]:
    """Return the points of each curve, all on one scale from the lowest value to the highest.

    Parameters
    ----------
    curves : sequence of (name, values, last)
        ``last`` is how the newest value is said in the legend. The last curve is drawn as what the others are
        held against.

    Returns
    -------
    list of dict
        ``name``, ``points`` for a polyline of 720 by 240, ``last``.

    Examples
    --------
    >>> curve_lines([("a", [1.0, 3.0], "3"), ("b", [2.0, 2.0], "2")])[0]["points"]
    '0.0,240.0 720.0,0.0'
    """
    values = [value for _, curve, _ in curves for value in curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    span = (high - low) or 1.0
    return [{"name": name, "points": _points(curve, low, span), "last": last} for name, curve, last in curves]


def _points(curve: Sequence[float], low: float, span: float) -> str:
    step = WIDTH / max(1, len(curve) - 1)
    return " ".join(f"{at * step:.1f},{HEIGHT * (1 - (one - low) / span):.1f}" for at, one in enumerate(curve))

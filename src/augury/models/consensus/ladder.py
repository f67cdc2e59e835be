"""The ladder: take-profits and a stop at levels where the price turned, kept apart from the median forecast."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.typing import Floats, Json

BARS: Final = 250
"""How far back levels are looked for."""
_SIDE: Final = 2
_ATR_BARS: Final = 14
_APART_ATR: Final = 0.5
_RUNGS: Final = 3


@dataclass(frozen=True, slots=True)
class Ladder:
    """Prices at which others may act; a forecast's median is something else and is never replaced by them.

    Parameters
    ----------
    take_profits : tuple of float
        At most three prices, the nearest first, each further from the price than the one before.
    stop : float or None
        Nearest level on the other side; null when there is none.
    """

    take_profits: tuple[float, ...]
    stop: float | None

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"take_profits": list(self.take_profits)}


def ladder(label: str, price: float, high: Floats, low: Floats, close: Floats) -> Ladder | None:
    """Find the rungs for a direction among the turning points of past bars.

    A level is a high above (low below) the two bars on either side, so it is known two bars later; levels
    closer than half an average true range to a nearer one are left out, and so is one closer than that to
    the price. Too few levels give a shorter ladder: none is made up.

    Parameters
    ----------
    label : str
        Of ``LABELS``; NEUTRAL has no ladder.
    price : float
        Above 0.
    high, low, close : (n,)
        Closed bars, oldest first; the newest 250 are read.

    Returns
    -------
    Ladder or None
        None without a direction or without a level on its side.

    Examples
    --------
    >>> peaks = np.array([100.0, 101, 105, 101, 100, 99, 101, 103, 101, 100, 97, 100, 100])
    >>> ladder("BULLISH", 100.0, peaks + 0.5, peaks - 0.5, peaks)
    Ladder(take_profits=(103.5, 105.5), stop=98.5)
    >>> ladder("NEUTRAL", 100.0, peaks, peaks, peaks) is None
    True
    """
    if not len(high) == len(low) == len(close) or not price > 0:
        raise DataError(f"a ladder needs equal columns and a price above 0, found {len(high)} bars and price {price}")
    if label == "NEUTRAL" or len(close) < 2 * _SIDE + 1:
        return None
    high, low, close = high[-BARS:], low[-BARS:], close[-BARS:]
    gap = _APART_ATR * _average_true_range(high, low, close)
    levels = np.concatenate([high[_turns(high)], low[_turns(-low)]])
    above = _spaced(np.sort(levels[levels > price]), price, gap)
    below = _spaced(-np.sort(-levels[levels < price]), price, gap)
    ahead, behind = (above, below) if label == "BULLISH" else (below, above)
    if not ahead:
        return None
    return Ladder(tuple(ahead[:_RUNGS]), behind[0] if behind else None)


def _turns(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.zeros(len(values), dtype=bool)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * _SIDE + 1)
    middle = windows[:, _SIDE]
    beside = np.delete(windows, _SIDE, axis=1)
    found[_SIDE:-_SIDE] = middle > beside.max(axis=1)
    return found


def _average_true_range(high: Floats, low: Floats, close: Floats) -> float:
    before = close[:-1]
    ranges = np.maximum(high[1:], before) - np.minimum(low[1:], before)
    return float(ranges[-_ATR_BARS:].mean())


def _spaced(ordered: Floats, price: float, gap: float) -> list[float]:
    """Keep the levels that lie at least a gap beyond the price and beyond the level kept before."""
    kept: list[float] = []
    for level in ordered.tolist():
        if abs(level - (kept[-1] if kept else price)) >= gap:
            kept.append(level)
    return kept

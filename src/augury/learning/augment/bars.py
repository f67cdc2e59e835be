"""Changes of prices that leave every bar a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from augury.core.typing import Floats, Ints
from augury.learning.augment.settings import AugmentSettings

KNOTS: Final = 4
_SLOWEST: Final = 0.1
"""Time never stands still and never runs back."""


@dataclass(frozen=True)
class BarDraw:
    """What was drawn for the bars of each sample.

    Parameters
    ----------
    places : (N, T), optional
        Which bar of the window stands at each place; not descending, first and last bar stay. None: all stay.
    stretch : (N,), optional
        Factor on each bar's range. None: no range changes.
    """

    places: Ints | None
    stretch: Floats | None

    def apply(self, prices: Floats) -> Floats:
        """Change windows ``(N, T, 4)`` of open, high, low, close; what was not drawn is the input itself."""
        warped = self.moved(prices)
        return warped if self.stretch is None else _stretched(warped, self.stretch)

    def moved(self, values: NDArray[Any]) -> NDArray[Any]:
        """Move anything that has one row a bar, ``(N, T, ...)``, as the bars were moved: spans, structure labels."""
        if self.places is None:
            return values
        found: NDArray[Any] = values[np.arange(len(values))[:, None], self.places]
        return found


def draw_bars(n: int, n_bars: int, settings: AugmentSettings, generator: np.random.Generator) -> BarDraw:
    """Draw time warps and volatility factors for ``n`` windows.

    Parameters
    ----------
    n, n_bars : int
    settings : AugmentSettings
    generator : numpy Generator
        Equal state gives equal draws; nothing is drawn for what is off.

    Examples
    --------
    >>> off = draw_bars(2, 105, AugmentSettings(), np.random.default_rng(0))
    >>> bars = np.full((2, 105, 4), 7.0)
    >>> off.apply(bars) is bars
    True

    Notes
    -----
    Speeds N(1, sigma) at four knots, joined by the cubic through them, summed and rounded to whole bars
    (after Um et al. 2017; ours never interpolates prices, so that no bar is invented).
    """
    places = stretch = None
    if settings.time_warp_prob > 0:
        chosen = generator.random(n) < settings.time_warp_prob
        speeds = generator.normal(1.0, settings.time_warp_sigma, (n, KNOTS))
        places = np.where(chosen[:, None], _places(speeds, n_bars), np.arange(n_bars))
    if settings.volatility_prob > 0:
        chosen = generator.random(n) < settings.volatility_prob
        stretch = np.where(chosen, generator.uniform(settings.volatility_low, settings.volatility_high, n), 1.0)
    return BarDraw(places, stretch)


def _places(speeds: Floats, n_bars: int) -> Ints:
    knots, at = np.linspace(0.0, 1.0, KNOTS), np.linspace(0.0, 1.0, n_bars - 1)
    # Lagrange: row t holds the weight of each knot in the cubic at t.
    cubic = np.stack(
        [np.prod([(at - b) / (a - b) for b in knots if b != a], axis=0) for a in knots],
        axis=1,
    )
    steps = np.maximum(speeds @ cubic.T, _SLOWEST)
    passed = np.concatenate([np.zeros((len(speeds), 1)), np.cumsum(steps, axis=1)], axis=1)
    places: Ints = np.rint(passed / passed[:, -1:] * (n_bars - 1)).astype(np.int64)
    return places


def _stretched(prices: Floats, stretch: Floats) -> Floats:
    o, h, low, c = np.moveaxis(prices, 2, 0)
    factor = stretch[:, None]
    middle, half = (h + low) / 2.0, (h - low) / 2.0 * factor
    # A range near its own price would reach below nothing: such a bar keeps its low.
    bottom = np.where(middle - half > 0, middle - half, low)
    top = np.maximum(middle + half, np.maximum(o, c))
    # A factor of 1 leaves the prices as they are, to the last bit.
    same = factor == 1.0
    return np.stack([o, np.where(same, h, top), np.where(same, low, np.minimum(bottom, np.minimum(o, c))), c], axis=2)

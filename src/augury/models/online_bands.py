"""Bands followed online: widened after misses and narrowed after hits as outcomes arrive."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np

from augury.core.errors import DataError, InsufficientHistory
from augury.core.typing import Floats, Json
from augury.models.conformal import BANDS, AdaptiveConformal, conformal_index


@dataclass(frozen=True)
class OnlineBands:
    """Half-widths of one symbol, regime or horizon, corrected each time an outcome arrives.

    A half-width is the conformal rank of the last ``window`` residual sizes at a level that
    :class:`AdaptiveConformal` moves. What a forecast said is scored when its outcome is known: with
    a horizon of h bars the correction runs h bars late, never early.

    Parameters
    ----------
    states : dict
        Nominal coverage to its correction.
    sizes : tuple of float
        Newest residual sizes in units of the scale, oldest first.
    window : int
        Sizes kept, default 500; more is steadier and slower to follow.
    least : int
        Sizes needed before a band is given, default 250.

    Examples
    --------
    >>> bands = OnlineBands.start((0.8,), least=9, window=9)
    >>> for size in range(1, 10):
    ...     bands = bands.after(outcome=float(size), centre=0.0, scale=1.0, said={})
    >>> bands.factors()
    {0.8: 8.0}
    >>> wider = bands.after(outcome=20.0, centre=0.0, scale=1.0, said={0.8: 8.0})
    >>> round(wider.states[0.8].level, 3)
    0.808
    """

    states: dict[float, AdaptiveConformal]
    sizes: tuple[float, ...] = ()
    window: int = 500
    least: int = 250

    @classmethod
    def start(
        cls, levels: Sequence[float] = tuple(BANDS), *, gamma: float = 0.01, window: int = 500, least: int = 250
    ) -> Self:
        """Begin without residuals.

        Parameters
        ----------
        levels : sequence of float
            Coverage wanted, each in (0, 1).
        gamma : float
            Step of the correction; larger follows faster and swings more.
        window, least : int
            See the class.
        """
        return cls({level: AdaptiveConformal(1 - level, gamma) for level in sorted(levels)}, (), window, least)

    @property
    def ready(self) -> bool:
        """Whether there are residuals enough for a band."""
        return len(self.sizes) >= self.least

    def factors(self) -> dict[float, float]:
        """Half-width of each band now, in units of the scale; a wider level is never narrower.

        Raises
        ------
        InsufficientHistory
            Fewer than ``least`` matured outcomes.
        """
        if not self.ready:
            raise InsufficientHistory(f"{len(self.sizes)} matured outcomes carry no band, {self.least} are needed")
        ranked = np.sort(self.sizes)
        found, widest = {}, 0.0
        for level, state in self.states.items():
            rank = min(len(ranked), max(1, conformal_index(len(ranked), state.level)))
            found[level] = widest = max(widest, float(ranked[rank - 1]))
        return found

    def after(self, *, outcome: float, centre: float, scale: float, said: dict[float, float]) -> OnlineBands:
        """Return the state once an outcome is known.

        Parameters
        ----------
        outcome, centre, scale : float
            What happened, and the centre and the positive scale of the forecast that was made.
        said : dict
            The factors that forecast was given; empty where it had no band.
        """
        if not (math.isfinite(outcome) and math.isfinite(centre) and scale > 0):
            raise DataError(f"an outcome of {outcome} about {centre} with scale {scale} says nothing of a band")
        size = abs(outcome - centre) / scale
        states = {
            level: state.after(missed=size > said[level]) if level in said else state
            for level, state in self.states.items()
        }
        return replace(self, states=states, sizes=(*self.sizes, size)[-self.window :])

    def to_json(self) -> Json:
        """Write as a JSON object."""
        states = [[level, asdict(state)] for level, state in self.states.items()]
        return {"states": states, "sizes": list(self.sizes), "window": self.window, "least": self.least}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        states = {level: AdaptiveConformal(**state) for level, state in value["states"]}
        return cls(states, tuple(value["sizes"]), value["window"], value["least"])


def rolling_bands(
    centre: Floats, scale: Floats, outcome: Floats, horizon_bars: int, bands: OnlineBands
) -> dict[float, tuple[Floats, Floats]]:
    """Run bands over a history as they would have run live.

    Parameters
    ----------
    centre, scale : array (n,)
        Of the forecast at each row; a row without a positive, finite scale is passed over.
    outcome : array (n,)
        What followed; NaN where it has not yet.
    horizon_bars : int
        Rows until an outcome is known, at least 1.
    bands : OnlineBands
        Where to start from.

    Returns
    -------
    dict
        Nominal coverage to (lower, upper), each ``(n,)``; NaN until there are residuals enough.
    """
    n = len(outcome)
    ends = {level: (np.full(n, np.nan), np.full(n, np.nan)) for level in bands.states}
    said: list[dict[float, float]] = []
    usable = np.isfinite(centre) & np.isfinite(scale) & (scale > 0)
    for row in range(n):
        known = row - horizon_bars
        if known >= 0 and usable[known] and math.isfinite(outcome[known]):
            bands = bands.after(
                outcome=float(outcome[known]), centre=centre[known], scale=scale[known], said=said[known]
            )
        said.append(bands.factors() if usable[row] and bands.ready else {})
        for level, factor in said[row].items():
            ends[level][0][row] = centre[row] - factor * scale[row]
            ends[level][1][row] = centre[row] + factor * scale[row]
    return ends

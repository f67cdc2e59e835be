"""Bands with a promise: split-conformal widths, corrected online, never narrower for longer horizons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Final, Self

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.forecast import QUANTILES
from augury.core.typing import Floats, Json

LEVELS: Final = (0.50, 0.80, 0.90, 0.95)
LOWEST_RETURN: Final = -1.0
"""Nothing loses more than all of it: band ends stop here."""
BANDS: Final = {0.50: ("q25", "q75"), 0.80: ("q10", "q90"), 0.90: ("q05", "q95"), 0.95: ("q025", "q975")}
"""Coverage to the quantiles at the ends of the band."""


def conformal_index(n: int, level: float, n_eff: float | None = None) -> int:
    """Rank of the residual (1 = smallest) whose size is the half-width of a band.

    ``ceil((n + 1) * level)``; with ``n_eff`` independent rows among ``n`` the finite-sample
    correction is that of ``n_eff``: ``ceil(n * (1 + 1 / n_eff) * level)``. A rank above ``n`` means
    that no finite band holds the promise.

    Examples
    --------
    >>> [conformal_index(100, level) for level in (0.80, 0.95)], conformal_index(18, 0.95)
    ([81, 96], 19)
    """
    return math.ceil(n * (1 + 1 / (n_eff or n)) * level - 1e-9)


@dataclass(frozen=True)
class ConformalBands:
    """Half-widths in units of a scale known before the outcome, usually ``vol * sqrt(h)``.

    Parameters
    ----------
    factors : dict
        Level of the band to its factor; non-decreasing in the level.
    n : int
        Residuals behind them.
    extrapolated : tuple of float
        Levels that had too few independent residuals for a finite promise, see :meth:`fit`.

    Examples
    --------
    >>> bands = ConformalBands.fit(np.arange(1.0, 101.0), np.ones(100), levels=(0.80, 0.95))
    >>> bands.factors
    {0.8: 81.0, 0.95: 96.0}
    """

    factors: dict[float, float]
    n: int
    extrapolated: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls, residuals: Floats, scale: Floats, levels: Sequence[float] = LEVELS, n_eff: float | None = None
    ) -> Self:
        """Take the factors from residuals of rows the model had not seen.

        Parameters
        ----------
        residuals : (n,)
            Outcome minus centre.
        scale : (n,)
            Positive, known when the forecast was made; other rows are left out.
        levels : sequence of float
            Coverage wanted, each in (0, 1).
        n_eff : float, optional
            Independent rows among the ``n``: ``n / h`` for overlapping h-bar returns. Where they
            are too few for a finite band, the factor is the largest residual or the normal
            factor, whichever is wider, and the level is listed in ``extrapolated``.

        Raises
        ------
        InsufficientHistory
            Too few rows altogether: 95 % needs 19.
        """
        usable = np.isfinite(residuals) & np.isfinite(scale) & (scale > 0)
        sizes = np.sort(np.abs(residuals[usable]) / scale[usable])
        return cls._of_sizes(dict.fromkeys(sorted(levels), sizes), n_eff)

    @classmethod
    def fit_about(cls, ladder: Mapping[str, Floats], outcome: Floats, scale: Floats, n_eff: float) -> Self:
        """Take the factors from how far outcomes lie outside bands that were said, in units of the scale.

        A factor below 0 draws a band in: what was said was too wide.

        Parameters
        ----------
        ladder : mapping
            ``QUANTILES`` names to ``(n,)`` returns said of rows the model had not seen.
        outcome, scale : (n,)
        n_eff : float
            See :meth:`fit`.
        """
        outside = {
            level: np.maximum(ladder[low] - outcome, outcome - ladder[high]) / scale
            for level, (low, high) in BANDS.items()
        }
        return cls._of_sizes({level: np.sort(sizes) for level, sizes in outside.items()}, n_eff)

    @classmethod
    def _of_sizes(cls, sorted_sizes: Mapping[float, Floats], n_eff: float | None) -> Self:
        """Factors of each level from its own ascending sizes."""
        n, factors, extrapolated = 0, {}, []
        for level, sizes in sorted_sizes.items():
            n = len(sizes)
            if n < 1 or conformal_index(n, level) > n:
                needs = math.ceil(level / (1 - level) - 1e-9)
                raise InsufficientHistory(f"{n} out-of-fold residuals carry no {level:.0%} band (needs {needs})")
            rank = conformal_index(n, level, n_eff)
            factors[level] = float(sizes[min(rank, n) - 1])
            if rank > n:
                factors[level] = max(factors[level], NormalDist().inv_cdf((1 + level) / 2))
                extrapolated.append(level)
        return cls(factors, n, tuple(extrapolated))

    @classmethod
    def normal(cls) -> Self:
        """Bands of a normal return, for when there are no residuals to learn from."""
        return cls({level: NormalDist().inv_cdf((1 + level) / 2) for level in LEVELS}, 0, LEVELS)

    def quantiles(self, centre: Floats, scale: Floats, about: Mapping[str, Floats] | None = None) -> dict[str, Floats]:
        """Return the quantiles of each row: symmetric about ``centre``, ordered, never below -100 %.

        Parameters
        ----------
        centre, scale : (n,)
            Conditional centre, and the scale of :meth:`fit` for the same rows.
        about : mapping, optional
            What was said of these rows, as in :meth:`fit_about`; the bands then start from it and
            ``centre`` is not read.
        """
        said = dict.fromkeys(QUANTILES, centre) if about is None else about
        inner_low = inner_high = np.maximum(said["q50"], LOWEST_RETURN)
        ladder = {"q50": inner_low}
        for level, (low, high) in BANDS.items():
            half = self.factors[level] * scale
            # A band that was drawn in further than the one inside it ends where that one does.
            ladder[low] = inner_low = np.minimum(inner_low, np.maximum(said[low] - half, LOWEST_RETURN))
            ladder[high] = inner_high = np.maximum(inner_high, np.maximum(said[high] + half, LOWEST_RETURN))
        return {name: ladder[name] for name in QUANTILES}

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"factors": [[level, factor] for level, factor in self.factors.items()]}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(dict(value["factors"]), value["n"], tuple(value["extrapolated"]))


@dataclass(frozen=True)
class AdaptiveConformal:
    """Online correction of a band's level from its own misses.

    ``alpha_{t+1} = alpha_t + gamma * (alpha - miss_t)``: after a miss the next band is wider, after
    a hit a little narrower, so that the long-run miss rate is ``alpha`` whatever the market does.

    Parameters
    ----------
    alpha : float
        Miss rate wanted, 0.2 for an 80 % band.
    gamma : float
        Step, default 0.01; larger follows faster and swings more.
    current : float, optional
        The corrected alpha; starts at ``alpha``. At 0 or below the band is the widest known.

    Examples
    --------
    >>> round(AdaptiveConformal(0.2).after(missed=True).level, 3)
    0.808

    Notes
    -----
    Gibbs and Candès (2021), *Adaptive conformal inference under distribution shift*.
    """

    alpha: float
    gamma: float = 0.01
    current: float | None = None

    @property
    def level(self) -> float:
        """Coverage to ask of the residuals now, in [0, 1]."""
        return min(1.0, max(0.0, 1 - self.asked))

    @property
    def asked(self) -> float:
        """Miss rate to ask for now; below 0 after more misses than any band of the residuals would have."""
        return self.alpha if self.current is None else self.current

    def after(self, *, missed: bool, counts: float = 1.0) -> AdaptiveConformal:
        """Return the state after one matured forecast.

        Parameters
        ----------
        missed : bool
        counts : float
            How much of an independent outcome it is, in (0, 1]; the step is that share of ``gamma``.
        """
        step = self.gamma * counts * (self.alpha - float(missed))
        return AdaptiveConformal(self.alpha, self.gamma, self.asked + step)


def widen_by_horizon(ladders: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Make the bands of one symbol non-decreasing in width over its horizons.

    Each band keeps its own median; its two half-widths become the running maximum over the
    horizons so far.

    Parameters
    ----------
    ladders : sequence of mapping
        One quantile ladder a horizon, in order of duration.

    Examples
    --------
    >>> near = dict(zip(QUANTILES, (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)))
    >>> far = dict(zip(QUANTILES, (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5)))
    >>> near = {name: value / 100 for name, value in near.items()}
    >>> round(widen_by_horizon([far, near])[1]["q975"], 6)
    0.4
    """
    below: dict[str, float] = {}
    above: dict[str, float] = {}
    width: dict[str, float] = {}
    widened = []
    for ladder in ladders:
        median = inner_low = inner_high = ladder["q50"]
        made = {"q50": median}
        for low, high in BANDS.values():
            below[low] = max(below.get(low, 0.0), median - ladder[low])
            above[high] = max(above.get(high, 0.0), ladder[high] - median)
            made[low] = inner_low = max(min(inner_low, ladder[low], median - below[low]), LOWEST_RETURN)
            # A lower end that stops at -100 % gives what it lost to the upper end.
            least = made[low] + width.get(low, 0.0)
            made[high] = max(inner_high, ladder[high], median + above[high], least)
            while made[high] - made[low] < width.get(low, 0.0):
                made[high] = math.nextafter(made[high], math.inf)
            inner_high, width[low] = made[high], made[high] - made[low]
        widened.append({name: made[name] for name in QUANTILES})
    return widened

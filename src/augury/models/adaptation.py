"""Bands corrected by their own misses: what matured of a cell decides at which miss rate its next are read."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import Final, Self

import numpy as np

from augury.core.forecast import QUANTILES
from augury.models.conformal import BANDS, LOWEST_RETURN, AdaptiveConformal

OUTCOMES_MIN: Final = 50
"""Independent outcomes below which nothing is corrected: as for every score, fewer say too little."""
KNEE: Final = 0.01
"""Miss rate below which a band widens evenly with every further miss: it can be asked for less than no misses."""
_WIDEST: Final = NormalDist().inv_cdf(1 - KNEE / 2)
_SLOPE: Final = 1 / (2 * NormalDist().pdf(_WIDEST))


@dataclass(frozen=True, slots=True)
class MaturedBand:
    """The bands of one forecast, and the return that came.

    Parameters
    ----------
    forecast_id : int
        Key of the ledger's row.
    symbol, timeframe, horizon : str
    horizon_bars : int
    label_spec_hash : str
        64 hex; outcomes of another spec are those of another question.
    data_until, matures_at, evaluated_at : datetime
        The last two: when the outcome came, and when it was written down.
    realised_return : float
        Simple return.
    quantiles : dict
        ``QUANTILES`` names to the returns that were said.
    """

    forecast_id: int
    symbol: str
    timeframe: str
    horizon: str
    horizon_bars: int
    label_spec_hash: str
    data_until: datetime
    matures_at: datetime
    evaluated_at: datetime
    realised_return: float
    quantiles: dict[str, float]

    def missed(self, level: float) -> bool:
        """Tell whether the outcome lies outside the band of a nominal level; its ends are inside."""
        low, high = BANDS[level]
        return not self.quantiles[low] <= self.realised_return <= self.quantiles[high]


def one_a_bar(matured: Iterable[MaturedBand]) -> list[MaturedBand]:
    """Keep the forecast that was written last of each bar, horizon and label spec, in order of maturity.

    A bar that was forecast ten times, because somebody looked ten times, has one outcome.
    """
    last: dict[tuple[str, str, str, str, datetime], MaturedBand] = {}
    for row in sorted(matured, key=lambda row: row.forecast_id):
        last[row.symbol, row.timeframe, row.horizon, row.label_spec_hash, row.data_until] = row
    return sorted(last.values(), key=lambda row: (row.matures_at, row.forecast_id))


def shares(matured: Sequence[MaturedBand]) -> list[float]:
    """How much of an independent outcome each one is: one over the forecasts that were open when it was said.

    Parameters
    ----------
    matured : sequence of MaturedBand
        Of one cell, in order of maturity. Each of many daily forecasts of h bars counts ``1 / h``; one that
        begins when the one before it has ended counts whole.
    """
    ends = [row.matures_at for row in matured]
    return [1 / (1 + at - bisect_right(ends, row.data_until, hi=at)) for at, row in enumerate(matured)]


@dataclass(frozen=True)
class BandCorrection:
    """For which miss rate each band of a cell is read, so that it covers what its name says.

    The miss rate asked for follows ``alpha_{t+1} = alpha_t + 0.01 s_t (alpha - miss_t)`` over the outcomes
    of the cell (:class:`augury.models.conformal.AdaptiveConformal`), where ``s_t`` is the share of an
    independent outcome (:func:`shares`), 1 without overlap: twenty daily forecasts of twenty bars miss
    together, once. It is a function of the outcomes alone, so that anybody who has them finds the same.
    A band that would become wider than the next one moves that one along.

    Parameters
    ----------
    alphas : dict
        Nominal coverage to the miss rate to ask for, falling; 0 and less after many misses. Empty corrects nothing.
    n : int
        Outcomes behind it.
    n_eff : float
        How many independent ones they count.
    """

    alphas: dict[float, float]
    n: int
    n_eff: float

    @classmethod
    def of(cls, matured: Iterable[MaturedBand], *, gamma: float = 0.01) -> Self:
        """Follow the misses of one cell.

        Parameters
        ----------
        matured : iterable of MaturedBand
            Of one cell and label spec, all that were known at the moment of forecasting.
        gamma : float
            Step; larger follows faster and swings more.

        Examples
        --------
        >>> BandCorrection.of([])
        BandCorrection(alphas={}, n=0, n_eff=0)
        """
        rows = one_a_bar(matured)
        counts = shares(rows)
        n_eff = sum(counts)
        # A sum of fifths reaches 50 but for its last bit.
        if n_eff < OUTCOMES_MIN - 1e-9:
            return cls({}, len(rows), n_eff)
        alphas, most = {}, math.inf
        for level in BANDS:
            state = AdaptiveConformal(1 - level, gamma)
            for row, share in zip(rows, counts, strict=True):
                state = state.after(missed=row.missed(level), counts=share)
            alphas[level] = most = min(most, state.asked)
        return cls(alphas, len(rows), n_eff)

    def ladder(self, quantiles: Mapping[str, float]) -> dict[str, float]:
        """Read every band of a ladder for its corrected miss rate.

        A half-width of the ladder is a function of the miss rate: linear between its rungs in the score
        (:func:`score`), 0 at the median, in proportion beyond the widest. It never falls with the score, so
        that fewer misses never mean a narrower band and the quantiles stay ordered. Nothing goes below -100 %.

        Parameters
        ----------
        quantiles : mapping
            ``QUANTILES`` names to returns, ordered, as the ensemble says them.

        Returns
        -------
        dict
            The very same numbers where nothing is corrected.

        Examples
        --------
        >>> said = {name: NormalDist().inv_cdf(level) / 10 for name, level in QUANTILES.items()}
        >>> wider = BandCorrection({0.5: 0.5, 0.8: 0.1, 0.9: 0.1, 0.95: 0.05}, 60, 60).ladder(said)
        >>> round(wider["q10"], 9) == round(said["q05"], 9), wider["q50"] == said["q50"]
        (True, True)
        """
        made = dict(quantiles)
        scores = [0.0, *(score(1 - level) for level in BANDS)]
        median = quantiles["q50"]
        for side, sign in ((0, -1.0), (1, 1.0)):
            rungs = [0.0, *(sign * (quantiles[ends[side]] - median) for ends in BANDS.values())]
            for level, alpha in self.alphas.items():
                if alpha != 1 - level:
                    half = _read(score(alpha), scores, rungs)
                    made[BANDS[level][side]] = max(median + sign * half, LOWEST_RETURN)
        return _ordered(made)


def score(alpha: float) -> float:
    """How many standard deviations of a normal miss this share of it, along the tangent below 1 %.

    Parameters
    ----------
    alpha : float
        Miss rate asked for. 1 and more asks for no width; 0 and less still gives a finite one, wider with
        every miss: about a third of a standard deviation for one of a 95 % band.

    Examples
    --------
    >>> [round(score(alpha), 3) for alpha in (1.2, 0.2, 0.05, 0.01, 0.0, -0.01)]
    [0.0, 1.282, 1.96, 2.576, 2.922, 3.267]
    """
    if alpha < KNEE:
        return _WIDEST + (KNEE - alpha) * _SLOPE
    return NormalDist().inv_cdf(1 - alpha / 2) if alpha < 1 else 0.0


def _read(wanted: float, scores: Sequence[float], rungs: Sequence[float]) -> float:
    if wanted > scores[-1]:
        return rungs[-1] * (wanted / scores[-1])
    return float(np.interp(wanted, scores, rungs))


def _ordered(ladder: Mapping[str, float]) -> dict[str, float]:
    """Let no band end inside the one within it, by the last bit of a rounding."""
    made = {"q50": ladder["q50"]}
    inner_low = inner_high = ladder["q50"]
    for low, high in BANDS.values():
        made[low] = inner_low = min(inner_low, ladder[low])
        made[high] = inner_high = max(inner_high, ladder[high])
    return {name: made[name] for name in QUANTILES}

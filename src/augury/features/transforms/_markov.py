"""Three Gaussian regimes and the chain between them: expectation-maximisation and the forward filter.

Baum, Petrie, Soules and Weiss 1970; Hamilton 1989. Many series are worked on side by side, one time
step at a time; each stops by its own gain, so a series has the same chain alone and among others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.typing import Floats, Ints, Json

REGIMES: Final = 3
_STEPS: Final = 100
_GAIN: Final = 1e-5
"""Steps end when the mean log likelihood of a value rises by less."""
_STAY: Final = 0.95
_SPREADS: Final = (0.3, 1.0, 3.0)
"""Start of the three variances, in variances of the series."""
_PRIOR: Final = 0.1
"""Each move, and each start, is counted so many times more than seen: none is impossible, whatever comes."""
_FLOOR: Final = 1e-3
"""A regime's variance is at least this share of the series' variance: days without trade are no regime of their own."""


@dataclass(frozen=True)
class Chain:
    """Regimes in ascending order of variance.

    Parameters
    ----------
    means, variances : tuple of 3 floats
        Of a value in each regime.
    start : tuple of 3 floats
        Probabilities at the first value.
    moves : tuple of 3 tuples of 3 floats
        ``moves[i][j]``: probability of regime j after regime i.
    """

    means: tuple[float, ...]
    variances: tuple[float, ...]
    start: tuple[float, ...]
    moves: tuple[tuple[float, ...], ...]

    def to_json(self) -> Json:
        """Write as a JSON object."""
        lists = {name: list(getattr(self, name)) for name in ("means", "variances", "start")}
        return lists | {"moves": [list(row) for row in self.moves]}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        means, variances, start = (tuple(value[name]) for name in ("means", "variances", "start"))
        return cls(means, variances, start, tuple(tuple(row) for row in value["moves"]))


@dataclass(frozen=True)
class _Chains:
    """Chains of many series as arrays: (series, 3), moves (series, 3, 3)."""

    means: Floats
    variances: Floats
    start: Floats
    moves: Floats

    def of(self, which: Ints) -> _Chains:
        return _Chains(self.means[which], self.variances[which], self.start[which], self.moves[which])

    def put(self, which: Ints, better: _Chains) -> None:
        self.means[which], self.variances[which] = better.means, better.variances
        self.start[which], self.moves[which] = better.start, better.moves

    def chain(self, k: int) -> Chain:
        """One series' chain, its regimes in ascending order of variance."""
        order = np.argsort(self.variances[k], kind="stable")
        means, variances, start = (tuple(part[k][order].tolist()) for part in (self.means, self.variances, self.start))
        return Chain(means, variances, start, tuple(tuple(row) for row in self.moves[k][np.ix_(order, order)].tolist()))


def filtered(x: Floats, chains: Sequence[Chain]) -> Floats:
    """Probability of each regime given the values so far.

    Parameters
    ----------
    x : array (times, series)
        NaN is a value that is not known: the chain moves on, nothing is learned from it.
    chains : sequence of Chain
        One for each series.

    Returns
    -------
    array (times, series, 3)
        NaN where the value is.

    Examples
    --------
    >>> chain = Chain((0.0,) * 3, (1.0, 4.0, 25.0), (0.4, 0.3, 0.3), ((0.9, 0.05, 0.05),) * 3)
    >>> filtered(np.array([[0.0], [9.0]]), [chain]).round(2)[:, 0].tolist()
    [[0.66, 0.25, 0.1], [0.0, 0.0, 1.0]]
    """
    names = ("means", "variances", "start", "moves")
    together = _Chains(*(np.array([getattr(chain, name) for chain in chains]) for name in names))
    found, _ = _forward(_likelihood(x, together)[0], together)
    return np.where(np.isnan(x)[:, :, None], np.nan, found)


def fit(x: Floats) -> list[Chain]:
    """Fit a chain to each series.

    Parameters
    ----------
    x : array (times, series)
        NaN where a series has no value; each has some that differ.
    """
    total, squared = _moments(x)
    variance = squared - total * total
    chains = _first_guess(total, variance)
    running = np.arange(x.shape[1])
    before = np.full(x.shape[1], -np.inf)
    for _ in range(_STEPS):
        better, level = _step(x[:, running], chains.of(running), _FLOOR * variance[running])
        chains.put(running, better)
        gained = level - before[running]
        before[running] = level
        running = running[gained > _GAIN]
        if not len(running):
            break
    return [chains.chain(k) for k in range(x.shape[1])]


def _moments(x: Floats) -> tuple[Floats, Floats]:
    count = (~np.isnan(x)).sum(axis=0)
    zero = np.where(np.isnan(x), 0.0, x)
    return _over_time(zero) / count, _over_time(zero * zero) / count


def _first_guess(mean: Floats, variance: Floats) -> _Chains:
    n = len(mean)
    away = (1.0 - _STAY) / (REGIMES - 1)
    moves = np.full((REGIMES, REGIMES), away) + np.eye(REGIMES) * (_STAY - away)
    means = np.repeat(mean[:, None], REGIMES, axis=1)
    return _Chains(
        means, variance[:, None] * np.array(_SPREADS), np.full((n, REGIMES), 1 / 3), np.tile(moves, (n, 1, 1))
    )


def _likelihood(x: Floats, chains: _Chains) -> tuple[Floats, Floats]:
    """Likelihood of each value in each regime over that of the likeliest; and the logarithm of the latter."""
    gap = x[:, :, None] - chains.means
    log_likelihood = -0.5 * (gap * gap / chains.variances + np.log(2.0 * np.pi * chains.variances))
    log_likelihood[np.isnan(x)] = 0.0
    best = log_likelihood.max(axis=2)
    return np.exp(log_likelihood - best[:, :, None]), best


def _forward(likelihood: Floats, chains: _Chains) -> tuple[Floats, Floats]:
    """Filtered probabilities, and the likelihood of each value given those before."""
    out = np.empty_like(likelihood)
    scale = np.empty(likelihood.shape[:2])
    expected = chains.start
    for t, now in enumerate(likelihood):
        joint = expected * now
        scale[t] = joint[:, 0] + joint[:, 1] + joint[:, 2]
        out[t] = joint / scale[t][:, None]
        expected = _moved(out[t], chains.moves)
    return out, scale


def _moved(p: Floats, moves: Floats) -> Floats:
    return p[:, 0, None] * moves[:, 0] + p[:, 1, None] * moves[:, 1] + p[:, 2, None] * moves[:, 2]


def _step(x: Floats, chains: _Chains, floor: Floats) -> tuple[_Chains, Floats]:
    """One round of expectation and maximisation, and the mean log likelihood before it."""
    likelihood, best = _likelihood(x, chains)
    alpha, scale = _forward(likelihood, chains)
    level = _over_time(np.where(np.isnan(x), 0.0, np.log(scale) + best)) / (~np.isnan(x)).sum(axis=0)
    belief, moves = _backward(alpha, likelihood, scale, chains)
    start = (belief[0] + _PRIOR) / (1.0 + REGIMES * _PRIOR)
    belief[np.isnan(x)] = 0.0
    value = np.where(np.isnan(x), 0.0, x)[:, :, None]
    weight = np.maximum(belief.sum(axis=0), 1e-12)
    means = (belief * value).sum(axis=0) / weight
    gap = value - means
    variances = np.maximum((belief * gap * gap).sum(axis=0) / weight, floor[:, None])
    return _Chains(means, variances, start, moves / moves.sum(axis=2, keepdims=True)), level


def _backward(alpha: Floats, likelihood: Floats, scale: Floats, chains: _Chains) -> tuple[Floats, Floats]:
    """Smoothed probabilities (for fitting alone), and the expected number of moves between regimes."""
    belief = np.empty_like(alpha)
    belief[-1] = alpha[-1]
    count = np.full_like(chains.moves, _PRIOR)
    after = np.ones_like(chains.start)
    across = np.ascontiguousarray(chains.moves.transpose(0, 2, 1))
    for t in range(len(alpha) - 1, 0, -1):
        seen = likelihood[t] * after / scale[t][:, None]
        count += alpha[t - 1][:, :, None] * seen[:, None, :] * chains.moves
        after = _moved(seen, across)
        belief[t - 1] = alpha[t - 1] * after
    return belief, count


def _over_time(values: Floats) -> Floats:
    """Sum down the columns, one time after the other whatever the number of columns."""
    out: Floats = np.add.accumulate(values, axis=0)[-1]
    return out

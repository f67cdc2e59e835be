"""Synthetic windows are used only when they behave like real ones; each gate is measured and each one blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import GateRefused
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats
from augury.labels.windows.rules import broken_bars

LEAST: Final = {
    "integrity": 0.90, "returns": 0.70, "clustering": 0.65, "autocorrelation": 0.60, "kurtosis": 0.60, "shape": 0.55,
    "overall": 0.65,
}  # fmt: skip
"""What each measure must reach, in [0, 1]."""
RATIO_MAX: Final = 2.0
"""Synthetic windows for each real one."""
LAGS: Final = 5
UNLIKE: Final = 0.25
"""A mean difference of autocorrelations that counts as nothing in common."""
COMPARED: Final = 24
"""Windows of each kind that are compared in shape."""


@dataclass(frozen=True, slots=True)
class SyntheticQuality:
    """Measures in [0, 1], larger is more alike.

    Parameters
    ----------
    integrity : float
        Share of bars that obey the rules of prices.
    returns : float
        1 minus the largest distance of the distributions of log returns (Kolmogorov and Smirnov).
    clustering, autocorrelation : float
        Likeness of the autocorrelations of absolute returns and of returns, lags 1 to 5.
    kurtosis : float
        The smaller over the larger.
    shape : float
        How near the nearest real path is, by dynamic time warping, against real paths among themselves.
    """

    integrity: float
    returns: float
    clustering: float
    autocorrelation: float
    kurtosis: float
    shape: float

    @property
    def overall(self) -> float:
        """Mean of the six."""
        return float(np.mean([getattr(self, name) for name in LEAST if name != "overall"]))

    @property
    def failed(self) -> dict[str, float]:
        """Measures below what they must reach."""
        return {name: getattr(self, name) for name, least in LEAST.items() if getattr(self, name) < least}


def synthetic_quality(synthetic: Floats, real: Floats, *, seed: int = DEFAULT_SEED) -> SyntheticQuality:
    """Measure how alike synthetic windows are to real ones.

    Parameters
    ----------
    synthetic, real : (n, bars, 4)
        Open, high, low, close.
    seed : int
        Of which windows are compared in shape.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.labels.windows import extract_windows
    >>> cut = extract_windows(SyntheticMarket(n_symbols=2, n_bars=3000).bars())
    >>> synthetic_quality(cut.prices[::2], cut.prices[1::2]).failed
    {}
    """
    a, b = _log_returns(synthetic), _log_returns(real)
    kurtosis = sorted((_kurtosis(a), _kurtosis(b)))
    return SyntheticQuality(
        integrity=float(1 - broken_bars(synthetic).mean()),
        returns=1 - _distance(a.ravel(), b.ravel()),
        clustering=_alike(np.abs(a), np.abs(b)),
        autocorrelation=_alike(a, b),
        kurtosis=float(kurtosis[0] / kurtosis[1]) if kurtosis[1] > 0 else 1.0,
        shape=_shape(a, b, np.random.default_rng(seed)),
    )


def refuse_unlike(synthetic: Floats, real: Floats, *, seed: int = DEFAULT_SEED) -> SyntheticQuality:
    """Return the quality of synthetic windows, or stop the run.

    Raises
    ------
    GateRefused
        A measure is too low, or there are more than two synthetic windows for each real one.
    """
    if len(synthetic) > RATIO_MAX * len(real):
        raise GateRefused(
            f"{len(synthetic)} synthetic windows beside {len(real)} real ones: at most {RATIO_MAX:g} each may be used"
        )
    found = synthetic_quality(synthetic, real, seed=seed)
    if found.failed:
        told = ", ".join(f"{name} {value:.2f} < {LEAST[name]}" for name, value in found.failed.items())
        raise GateRefused(
            f"synthetic windows are not like real ones: {told} (rule: none is used)", failed=list(found.failed)
        )
    return found


def _log_returns(prices: Floats) -> Floats:
    # A broken bar counts against integrity; here only what has a logarithm is compared.
    close = np.where(prices[:, :, 3] > 0, prices[:, :, 3], np.nan)
    said = np.diff(np.log(close), axis=1)
    kept: Floats = said[np.isfinite(said).all(axis=1)]
    if not len(kept):
        raise GateRefused("no window has prices above 0 throughout: nothing is like a real one")
    return kept


def _distance(a: Floats, b: Floats) -> float:
    grid = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(one), grid, side="right") / len(one) for one in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def _alike(a: Floats, b: Floats) -> float:
    apart = float(np.mean([abs(_lagged(a, lag) - _lagged(b, lag)) for lag in range(1, LAGS + 1)]))
    return float(np.clip(1 - apart / UNLIKE, 0.0, 1.0))


def _lagged(values: Floats, lag: int) -> float:
    centred = values - values.mean()
    spread = float((centred**2).mean())
    return float((centred[:, lag:] * centred[:, :-lag]).mean() / spread) if spread > 0 else 0.0


def _kurtosis(values: Floats) -> float:
    centred = values - values.mean()
    variance = float((centred**2).mean())
    return float((centred**4).mean() / variance**2) if variance > 0 else 0.0


def _shape(a: Floats, b: Floats, rng: np.random.Generator) -> float:
    some, others = (_paths(one, rng) for one in (a, b))
    across, among = _warped(some, others), _warped(others, others)
    np.fill_diagonal(among, np.inf)
    far, near = float(across.min(axis=1).mean()), float(among.min(axis=1).mean())
    return float(min(1.0, near / far)) if far > 0 else 1.0


def _paths(returns: Floats, rng: np.random.Generator) -> Floats:
    chosen = rng.permutation(len(returns))[:COMPARED]
    path = np.cumsum(returns[np.sort(chosen)], axis=1)
    spread = path.std(axis=1, keepdims=True)
    return np.asarray((path - path.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0))


def _warped(a: Floats, b: Floats) -> Floats:
    """Distances of dynamic time warping of every pair, all pairs step by step at once."""
    steps = a.shape[1]
    cost = np.full((len(a), len(b), steps + 1), np.inf)
    cost[:, :, 0] = 0.0
    for i in range(steps):
        row = np.full_like(cost, np.inf)
        for j in range(steps):
            apart = np.abs(a[:, None, i] - b[None, :, j])
            row[:, :, j + 1] = apart + np.minimum(np.minimum(cost[:, :, j + 1], row[:, :, j]), cost[:, :, j])
        cost = row
    ends: Floats = cost[:, :, -1] / steps
    return ends

"""Feature drift: have the inputs of a model another distribution than those it learned from?

Only features are compared (returns and relative measures): raw prices drift by themselves. Rows that
follow each other are alike, so that any plain test calls every slow feature drifted; here each feature
is held against what stretches of its own reference do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import DataError, InsufficientHistory
from augury.core.typing import Floats
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import Limits

FLOOR: Final = 1e-4
"""Least share of a bin: an empty one would make the index infinite."""
BLOCKS: Final = 20
"""Block means that a live stretch is cut into for the Kolmogorov-Smirnov statistic."""
_TENTHS: Final = np.arange(1, 10) / 10


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """How far one feature moved.

    Parameters
    ----------
    feature : str
    psi : float or None
        Population stability index; None when the reference does not move.
    ks : float or None
        Kolmogorov-Smirnov statistic of block means, 0..1; .1, .2 and .3 are slight, moderate and strong.
    wasserstein : float or None
        Distance of the distributions in interquartile ranges of the reference.
    limit : float
        The index above which this feature is flagged.
    flagged : bool
    """

    feature: str
    psi: float | None
    ks: float | None
    wasserstein: float | None
    limit: float
    flagged: bool


def psi(expected: Floats, found: Floats) -> float:
    """Population stability index of shares of bins, ``sum (f - e) ln(f / e)``.

    Parameters
    ----------
    expected, found : (bins,)
        Shares; each is at least ``FLOOR``.

    Examples
    --------
    >>> round(psi(np.full(10, 0.1), np.array([0.05, 0.05, *[0.1] * 7, 0.2])), 4)
    0.1386
    """
    e, f = np.maximum(expected, FLOOR), np.maximum(found, FLOOR)
    return float(np.sum((f - e) * np.log(f / e)))


def decile_shares(edges: Floats, values: Floats) -> Floats:
    """Shares of the ten bins between fixed edges; the outer two are open.

    Parameters
    ----------
    edges : (9,)
        Deciles of the reference. What lies beyond all of it falls into the first or last bin.
    values : (n,)

    Examples
    --------
    >>> decile_shares(np.arange(1.0, 10.0), np.array([-1e9, 4.5, 1e9, 1e9])).tolist()
    [0.25, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.5]
    """
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=10)[:10] / len(values)


def ks_of_blocks(reference: Floats, live: Floats, block: int) -> float:
    """Largest distance between the distributions of the means of blocks of rows.

    Parameters
    ----------
    reference, live : (n,)
        In order of time.
    block : int
        Rows of one block, >= 1.

    Examples
    --------
    >>> ks_of_blocks(np.arange(100.0) % 10, 5 + np.arange(40.0) % 10, 10)
    1.0
    """
    a, b = np.sort(_block_means(reference, block)), np.sort(_block_means(live, block))
    both = np.concatenate([a, b])
    below = np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b)
    return float(np.abs(below).max())


def wasserstein(reference: Floats, live: Floats) -> float | None:
    """Distance of two distributions in interquartile ranges of the reference; None when that is 0.

    The live values are held against the reference's quantiles of the same rank.

    Examples
    --------
    >>> wasserstein(np.arange(5.0), np.arange(5.0) + 1.0)
    0.5
    """
    return None if (found := _distances(reference, live[None, :])) is None else float(found[0])


def feature_shifts(
    reference: Mapping[str, Floats], live: Mapping[str, Floats], thresholds: Limits | None = None
) -> list[FeatureShift]:
    """Compare live features with those a model learned from.

    The limit of a feature is the threshold, or more where the feature wanders by itself: half as much again
    as the largest index that a stretch of the reference, as long as the live one, has against all of it.
    A feature is flagged above it, or when it lies twice as far off as any such stretch.

    Parameters
    ----------
    reference, live : mapping
        Feature to its rows in order of time; the same names. Rows without a value are left out.
    thresholds : Limits, optional

    Returns
    -------
    list of FeatureShift
        In the order of ``reference``.

    Raises
    ------
    DataError
        The names differ.
    InsufficientHistory
        Fewer live rows than ``features.rows_min``, or a reference of fewer than five such stretches.
    """
    limits = thresholds or load_thresholds()
    if list(reference) != list(live):
        raise DataError(f"live features {sorted(set(reference) ^ set(live))[:5]} do not match the reference's")
    return [_shift(name, _known(reference[name]), _known(live[name]), limits) for name in reference]


def drift_score(shifts: Sequence[FeatureShift]) -> float | None:
    """Share of the features above their own limit; None without features.

    Examples
    --------
    >>> drift_score([FeatureShift("a", 0.3, 0.2, 0.1, 0.2, True), FeatureShift("b", 0.1, 0.2, 0.1, 0.2, False)])
    0.5
    """
    return sum(one.flagged for one in shifts) / len(shifts) if shifts else None


def _shift(name: str, reference: Floats, live: Floats, limits: Limits) -> FeatureShift:
    needed = int(limits["features.rows_min"])
    if len(live) < needed or len(reference) < limits["features.stretches_min"] * len(live):
        raise InsufficientHistory(
            f"{name} has {len(live)} live rows and {len(reference)} of reference; needs {needed} and"
            f" {limits['features.stretches_min']:.0f} times the live ones (insufficient_history)"
        )
    edges = np.unique(np.quantile(reference, _TENTHS))
    expected, stretches = decile_shares(edges, reference), _stretches(reference, len(live))
    found, distance = psi(expected, decile_shares(edges, live)), wasserstein(reference, live)
    own = max(psi(expected, decile_shares(edges, stretch)) for stretch in stretches)
    limit = max(limits["features.psi"], limits["features.null_factor"] * own)
    wander = _distances(reference, stretches)
    far = distance is not None and wander is not None and distance > max(limits["features.distance"], 2 * wander.max())
    ks = ks_of_blocks(reference, live, max(1, len(live) // BLOCKS))
    return FeatureShift(name, found, ks, distance, limit, bool(found > limit or far))


def _stretches(reference: Floats, length: int) -> Floats:
    """Stretches of the reference as rows, each beginning a quarter of its length after the one before."""
    windows = np.lib.stride_tricks.sliding_window_view(reference, length)
    return np.asarray(windows[:: max(1, length // 4)])


def _distances(reference: Floats, stretches: Floats) -> Floats | None:
    low, high = np.quantile(reference, [0.25, 0.75])
    if high <= low:
        return None
    length = stretches.shape[1]
    same_rank = np.quantile(reference, (np.arange(length) + 0.5) / length, method="hazen")
    return np.asarray(np.abs(np.sort(stretches, axis=1) - same_rank).mean(axis=1) / (high - low))


def _block_means(values: Floats, block: int) -> Floats:
    whole = len(values) // block * block
    return np.asarray(values[len(values) - whole :].reshape(-1, block).mean(axis=1), np.float64)


def _known(values: Floats) -> Floats:
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values)]

"""The thresholds of drift: one versioned file, each value with its reason."""

from __future__ import annotations

from functools import lru_cache

from augury.proof.limits import Limits, read_limits


@lru_cache(maxsize=1)
def load_thresholds() -> Limits:
    """Read the thresholds shipped with the package.

    Examples
    --------
    >>> thresholds = load_thresholds()
    >>> thresholds["levels.drift"], set(thresholds.values) == set(thresholds.reasons)
    (0.15, True)
    """
    return read_limits("drift.yaml", "drift")

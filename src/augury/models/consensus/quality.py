"""Quality: what a forecast is worth by now, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.core.errors import UsageError

STALE_H: Final = 6.0
CRITICAL_H: Final = 12.0
"""Hours of open market after which a forecast is stale, and critically so."""
LOW_CONFIDENCE: Final = 0.40
"""Below this the most probable class is hardly above the third that every class has."""
DISAGREEMENT: Final = 0.60
"""Below this share of the weight behind the label, the sources disagree."""
_DECAY: Final = 0.95


@dataclass(frozen=True, slots=True)
class Quality:
    """Value and issues.

    Parameters
    ----------
    value : float or None
        In [0, 1]; null where there is no agreement to multiply with.
    issues : tuple of str
        ``low_confidence``, ``stale``, ``stale_critical``, ``disagreement``, ``single_source``.
    """

    value: float | None
    issues: tuple[str, ...] = ()


def quality(confidence: float, agreement: float | None, age_hours: float) -> Quality:
    """Judge a forecast: ``confidence * agreement * 0.95^(age / 6 h)``.

    Parameters
    ----------
    confidence : float
        In [0, 1].
    agreement : float or None
        Share of the weight that names the label; None with a single source.
    age_hours : float
        Hours of **open market** since it was made, >= 0: a weekend does not age it.

    Examples
    --------
    >>> quality(0.8, 0.9, 0.0)
    Quality(value=0.7200000000000001, issues=())
    >>> quality(0.8, 0.5, 6.0)
    Quality(value=0.38, issues=('stale', 'disagreement'))
    >>> quality(0.35, None, 12.0)
    Quality(value=None, issues=('low_confidence', 'stale_critical', 'single_source'))
    """
    if age_hours < 0:
        raise UsageError(f"age_hours={age_hours} is below 0: a forecast cannot be judged before it is made")
    aged = {"stale_critical": age_hours >= CRITICAL_H, "stale": STALE_H <= age_hours < CRITICAL_H}
    found = {
        "low_confidence": confidence < LOW_CONFIDENCE,
        **aged,
        "disagreement": agreement is not None and agreement < DISAGREEMENT,
        "single_source": agreement is None,
    }
    value = None if agreement is None else confidence * agreement * _DECAY ** (age_hours / STALE_H)
    return Quality(value, tuple(name for name, true in found.items() if true))

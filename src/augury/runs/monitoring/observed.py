"""What a running process saw: single observations, kept for a window, and what they add up to."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.runs.monitoring.measured import Measured

WINDOW: Final = timedelta(hours=1)
KEPT_MAX: Final = 10_000
"""Observations of one metric; beyond them the oldest go."""
_STATISTICS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "p50": lambda values: float(np.quantile(values, 0.50)),
    "p95": lambda values: float(np.quantile(values, 0.95)),
    "p99": lambda values: float(np.quantile(values, 0.99)),
    "mean": lambda values: float(np.mean(values)),
    "max": lambda values: float(np.max(values)),
}


class Observed:
    """Observations by subject and metric.

    A metric named like a statistic of another (``latency_p95``) is computed over the window of that
    other (``latency``); any other is the value last observed.

    Parameters
    ----------
    window : timedelta
        What is older is forgotten; longer reacts later and swings less.

    Examples
    --------
    >>> from datetime import UTC
    >>> seen, noon = Observed(), datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> for latency_s in (0.1, 0.1, 0.3):
    ...     seen.add({"latency": latency_s}, noon, "live")
    >>> round(seen.measured(("latency_p95",), noon)[0].values["latency_p95"], 3)
    0.28
    """

    def __init__(self, window: timedelta = WINDOW) -> None:
        if window <= timedelta(0):
            raise UsageError(f"window={window} is not above zero")
        self.window = window
        self._seen: dict[str, dict[str, deque[tuple[datetime, float]]]] = defaultdict(dict)

    def add(self, values: Mapping[str, float], at: datetime, subject: str) -> None:
        """Note what was seen, durations in seconds and shares as fractions.

        Raises
        ------
        UsageError
            A moment without a time zone.
        """
        if at.tzinfo is None:
            raise UsageError(f"an observation at {at} has no time zone")
        for name, value in values.items():
            self._seen[subject].setdefault(name, deque(maxlen=KEPT_MAX)).append((at, float(value)))

    def measured(self, metrics: Sequence[str], now: datetime) -> list[Measured]:
        """Return what the observations of the window say of some metrics, by subject."""
        found = []
        for subject in sorted(self._seen):
            seen = {name: self._lately(subject, name, now) for name in self._seen[subject]}
            told = [(name, *said) for name in metrics if (said := _said(name, seen)) is not None]
            if told:
                values = {name: value for name, value, _ in told}
                found.append(Measured(subject, values, [row for *_, row in told if row is not None]))
        return found

    def _lately(self, subject: str, name: str, now: datetime) -> list[tuple[datetime, float]]:
        return [(at, value) for at, value in list(self._seen[subject][name]) if now - self.window < at <= now]


def _said(name: str, seen: Mapping[str, list[tuple[datetime, float]]]) -> tuple[float | None, Json | None] | None:
    """Value and row of a metric; None when this subject never had it."""
    base, _, word = name.rpartition("_")
    source = name if name in seen else base if word in _STATISTICS and base in seen else None
    if source is None:
        return None
    lately = seen[source]
    if not lately:
        return None, None
    numbers = [value for _, value in lately]
    value = numbers[-1] if source == name else _STATISTICS[word](numbers)
    shown = value if math.isfinite(value) else None
    return value, {
        "metric": name,
        "value": shown,
        "n": len(lately),
        "from": iso(lately[0][0]),
        "to": iso(lately[-1][0]),
    }

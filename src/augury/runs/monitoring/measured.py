"""What was measured: values of one subject, beside the rows they were computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from augury.core.catalog import Catalog
from augury.core.typing import Json
from augury.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Measured:
    """Values of one subject at one moment.

    Parameters
    ----------
    subject : str
        What was measured, e.g. ``SPY d1``.
    values : mapping
        Metric to value, durations in seconds and shares as fractions; None: it could not be measured.
    rows : sequence of dict
        What the values were computed from; no number in them that is not finite.
    """

    subject: str
    values: Mapping[str, float | None]
    rows: Sequence[Json] = ()


@dataclass(frozen=True)
class Reading:
    """One thing that can be measured.

    Parameters
    ----------
    metrics : tuple of str
        What its values are called.
    read : callable
        Workspace and moment to what was found.
    """

    metrics: tuple[str, ...]
    read: Callable[[Workspace, datetime], Sequence[Measured]]


READINGS: Final[Catalog[Reading]] = Catalog("reading", ("augury.runs.monitoring.readings",), "READING")

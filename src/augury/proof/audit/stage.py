"""What can be audited: a function of the history whose values, or whose division of rows, can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError

KNOWN_AT: Final = "known_at"
"""Column that says when a row's values may be known; without it they are known at their own ``ts``."""
KEYS: Final = ("symbol", "ts")
TRAIN, SCORED = "train", "scored"


@dataclass(frozen=True)
class Stage:
    """Values that must not change when only the future does.

    Parameters
    ----------
    name : str
        As it is printed, e.g. ``features``.
    run : callable
        Bars to a frame with ``symbol``, ``ts``, optionally ``known_at``, and the columns to compare.
        A row may be about something else than a symbol (an edge, a fitted parameter): any text will do.
        Every column and every row whose ``known_at`` (default ``ts``) lies at or before a cut must be
        equal bit for bit. A label's ``known_at`` is its ``label_end``: it may look ahead that far.
    since : datetime, optional
        Nothing is known earlier, such as before the end of a fit slice: earlier cuts are not tried.
    cuts_max : int, optional
        Try no more cuts than this: for stages that take long.

    Examples
    --------
    >>> gain = Stage("gain", lambda bars: bars.frame.select("symbol", "ts", gain=pl.col("close") / pl.col("open")))
    >>> gain.name, gain.cuts_max
    ('gain', None)
    """

    name: str
    run: Callable[[Bars], pl.DataFrame]
    since: datetime | None = None
    cuts_max: int | None = None


@dataclass(frozen=True)
class Division:
    """Rows divided into those that train and those that score: a split, a sampler.

    In every fold the label of each train row must end before the first scored row.

    Parameters
    ----------
    name : str
        As it is printed, e.g. ``splits``.
    run : callable
        Bars to a frame with ``fold`` (text), ``side`` (``train`` or ``scored``), ``symbol``, ``ts`` and
        ``label_end``.
    """

    name: str
    run: Callable[[Bars], pl.DataFrame]


def checked(stage: str, frame: object, needed: tuple[str, ...] = KEYS) -> pl.DataFrame:
    """Return what a stage answered when it can be looked at.

    Raises
    ------
    UsageError
        It is not a polars frame, lacks a column, or repeats a row.
    """
    if not isinstance(frame, pl.DataFrame):
        raise UsageError(f"stage '{stage}' answered a {type(frame).__name__}, the audit needs a polars DataFrame")
    if lacking := [name for name in needed if name not in frame.columns]:
        raise UsageError(f"stage '{stage}' answered {frame.columns[:8]}, without {lacking}")
    return frame

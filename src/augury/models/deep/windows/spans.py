"""How well spans are found: hits within k bars beside what chance and the best constant would hit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.score import ENOUGH
from augury.core.typing import Bools, Floats, Ints, Json
from augury.labels.windows.rules import INNER_BARS, INNER_FIRST, INNER_LAST
from augury.labels.windows.spans import SpanTargets, span_of, span_targets

REACHES: Final = (0, 1, 3)
"""Bars within which a pointer hits."""


def random_hits(k: int, positions: int = INNER_BARS) -> float:
    """Share of hits within ``k`` bars when both the answer and the truth are anywhere alike.

    Examples
    --------
    >>> [round(100 * random_hits(k), 1) for k in (0, 1, 3)]
    [2.2, 6.6, 15.0]
    """
    return (positions * (2 * k + 1) - k * (k + 1)) / positions**2


def constant_hits(truth: Ints, k: int, positions: int = INNER_BARS) -> float:
    """Share of hits of the best answer that is always the same, chosen on these very rows.

    Examples
    --------
    >>> constant_hits(np.array([3, 4, 20]), 1)
    0.6666666666666666
    """
    near = np.abs(np.arange(positions)[:, None] - truth[None, :]) <= k
    return float(near.mean(axis=1).max())


@dataclass(frozen=True, slots=True)
class PointerScore:
    """Hits of one end within ``k`` bars.

    Parameters
    ----------
    end : str
        ``start`` or ``end``.
    k : int
    hits : float
        Share of windows.
    random, constant : float
        The same share for an answer drawn evenly from 45 places, and for the best constant place.
    n : int
        Windows with a span.
    """

    end: str
    k: int
    hits: float
    random: float
    constant: float
    n: int

    def text(self) -> str:
        """One line."""
        if self.n < ENOUGH:
            return f"{self.end} Hit@{self.k} insufficient (n={self.n})"
        beside = f"random {self.random:.1%}, constant {self.constant:.1%}, n={self.n}"
        return f"{self.end} Hit@{self.k} {self.hits:.1%} ({beside})"


@dataclass(frozen=True, slots=True)
class SpanReport:
    """Everything about found spans; windows without a true span are left out.

    Parameters
    ----------
    pointers : tuple of PointerScore
    error_bars : float
        Mean distance of both ends in bars.
    f1 : float
        Of the bars inside the span, over all windows.
    joint : float or None
        Share of windows whose class is right and whose both ends lie within 3 bars.
    n : int
    """

    pointers: tuple[PointerScore, ...]
    error_bars: float
    f1: float
    joint: float | None
    n: int

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"pointers": [asdict(score) for score in self.pointers]}


def span_report(start: Ints, end: Ints, truth: SpanTargets, right: Bools | None = None) -> SpanReport:
    """Compare found ends with the true ones.

    Parameters
    ----------
    start, end : array of int, shape (n,)
        Found bars of the inner zone, 0..44.
    truth : SpanTargets
    right : array of bool, optional
        Whether the class of each window was named; for ``joint``.

    Raises
    ------
    DataError
        No window has a span.

    Examples
    --------
    >>> from augury.labels.windows.spans import span_targets
    >>> report = span_report(np.array([0, 5]), np.array([10, 9]), span_targets([30, 36], [40, 40]))
    >>> [(p.end, p.k, p.hits) for p in report.pointers][:2], report.error_bars
    ([('start', 0, 0.5), ('start', 1, 1.0)], 0.5)
    """
    known = truth.known
    if not known.any():
        raise DataError("no window has a span: there is nothing to find")
    pairs = {"start": (start[known], truth.start[known]), "end": (end[known], truth.end[known])}
    n = int(known.sum())
    pointers = tuple(
        PointerScore(name, k, float((np.abs(found - true) <= k).mean()), random_hits(k), constant_hits(true, k), n)
        for name, (found, true) in pairs.items()
        for k in REACHES
    )
    distance = {name: np.abs(found - true) for name, (found, true) in pairs.items()}
    near = (distance["start"] <= REACHES[-1]) & (distance["end"] <= REACHES[-1])
    joint = None if right is None else float((near & right[known]).mean())
    error = float((distance["start"] + distance["end"]).mean() / 2)
    return SpanReport(pointers, error, _f1(*pairs["start"], *pairs["end"]), joint, n)


def _f1(start: Ints, true_start: Ints, end: Ints, true_end: Ints) -> float:
    shared = np.maximum(0, np.minimum(end, true_end) - np.maximum(start, true_start) + 1).sum()
    said = np.maximum(0, end - start + 1).sum()
    return float(2 * shared / (said + (true_end - true_start + 1).sum()))


def ends_of(start: Floats | None, end: Floats | None, extent: Floats | None) -> tuple[Ints, Ints] | None:
    """Read the most likely ends from pointer logits ``(n, 45)``, or from centre and length; start before end.

    Of all pairs in order the one with the largest sum of logits is taken, not each end by itself.

    Examples
    --------
    >>> start, end = np.zeros((1, 45)), np.zeros((1, 45))
    >>> start[0, 10], end[0, 5], end[0, 20] = 1.0, 2.0, 1.5
    >>> [int(side[0]) for side in ends_of(start, end, None)]
    [10, 20]
    """
    if start is not None and end is not None:
        both = start[:, :, None] + end[:, None, :]
        both[:, ~np.triu(np.ones(both.shape[1:], dtype=bool), 1)] = -np.inf
        flat = both.reshape(len(both), -1).argmax(axis=1)
        return (flat // both.shape[2]).astype(np.int64), (flat % both.shape[2]).astype(np.int64)
    return None if extent is None else span_of(extent[:, 0], extent[:, 1])


def pick_spans(spans: SpanTargets | None, rows: Ints) -> SpanTargets | None:
    """Pick the targets of some windows."""
    if spans is None:
        return None
    ends = spans.start[rows], spans.end[rows]
    return SpanTargets(spans.known[rows], *ends, spans.centre[rows], spans.length[rows], spans.mask[rows])


def moved_spans(spans: SpanTargets, places: Ints) -> SpanTargets:
    """Move spans as a time warp moved the bars; one that leaves the inner zone is unknown.

    Parameters
    ----------
    spans : SpanTargets
    places : array of int, shape (n, n_bars)
        Which bar of the window stands at each place.

    Examples
    --------
    >>> from augury.labels.windows.spans import span_targets
    >>> moved = moved_spans(span_targets([40], [50]), np.maximum(np.arange(105) - 3, 0)[None])
    >>> int(moved.start[0]) + 30, int(moved.end[0]) + 30
    (43, 53)
    """
    first, last = spans.start[:, None] + INNER_FIRST, spans.end[:, None] + INNER_FIRST
    start = (places >= first).argmax(axis=1)
    end = places.shape[1] - 1 - (places[:, ::-1] <= last).argmax(axis=1)
    inside = spans.known & (start >= INNER_FIRST) & (end <= INNER_LAST) & (start < end)
    sides = ([int(at) if known else None for at, known in zip(side, inside, strict=True)] for side in (start, end))
    return span_targets(*sides)

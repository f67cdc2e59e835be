"""Scores of three-class answers: codes -1, 0, +1 and probabilities in the order of ``LABELS``.

None looks at anything but its arguments; a metric that is undefined on the rows is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from augury.core.labelspec import CODES
from augury.core.metrics._rows import NAN, same_rows
from augury.core.typing import Codes, Floats, Ints, Probabilities

CLASSES = len(CODES)
CLIP = 1e-15
"""A probability below this counts as this much in the log loss: one row costs at most 34.5 nats."""


class PrecisionRecallF1(NamedTuple):
    """Averages over classes, weighted by how often each class occurs; each in [0, 1]."""

    precision: float
    recall: float
    f1: float


def accuracy(y: Codes, codes: Codes) -> float:
    """Share of rows whose class was named, in [0, 1].

    Parameters
    ----------
    y, codes : (n,)
        What happened and what was said.

    Examples
    --------
    >>> accuracy(np.array([1, 1, 0, -1], np.int8), np.array([1, 0, 0, -1], np.int8))
    0.75
    """
    same_rows("accuracy", y, codes)
    return float(np.mean(y == codes))


def confusion(y: Codes, codes: Codes) -> Ints:
    """Count rows by what happened (row) and what was said (column), ``(3, 3)``.

    Examples
    --------
    >>> confusion(np.array([1, 1, -1], np.int8), np.array([1, 0, -1], np.int8)).tolist()
    [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    """
    same_rows("confusion", y, codes)
    cells = _positions(y) * CLASSES + _positions(codes)
    return np.bincount(cells, minlength=CLASSES * CLASSES).astype(np.int64).reshape(CLASSES, CLASSES)


def balanced_accuracy(y: Codes, codes: Codes) -> float:
    """Mean over the classes that occur of the share named, in [0, 1]: a constant answer earns 1/classes.

    Examples
    --------
    >>> balanced_accuracy(np.array([1, 1, 1, -1], np.int8), np.array([1, 1, 1, 1], np.int8))
    0.5
    """
    table = confusion(y, codes)
    happened = table.sum(axis=1)
    occurs = happened > 0
    return float(np.mean(np.diag(table)[occurs] / happened[occurs]))


def precision_recall_f1(y: Codes, codes: Codes) -> PrecisionRecallF1:
    """Weighted precision, recall and F1; a class never named has precision 0.

    The weighted F1 flatters a constant answer (see the example); read it beside balanced accuracy.

    Examples
    --------
    A constant on 14 of 20 majority rows:

    >>> y = np.array([1] * 14 + [-1] * 6, np.int8)
    >>> [round(value, 4) for value in precision_recall_f1(y, np.ones(20, np.int8))]
    [0.49, 0.7, 0.5765]
    """
    table = confusion(y, codes)
    hits, happened, named = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    precision = np.divide(hits, named, out=np.zeros(CLASSES), where=named > 0)
    recall = np.divide(hits, happened, out=np.zeros(CLASSES), where=happened > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros(CLASSES), where=both > 0)
    weights = happened / happened.sum()
    return PrecisionRecallF1(*(float(weights @ values) for values in (precision, recall, f1)))


def log_losses(y: Codes, proba: Probabilities) -> Floats:
    """Minus the log of the probability given to what happened, row by row, in [0, 34.5] nats."""
    n = same_rows("log_loss", y, proba)
    return -np.log(np.clip(proba[np.arange(n), _positions(y)], CLIP, 1.0))


def log_loss(y: Codes, proba: Probabilities) -> float:
    """Mean of :func:`log_losses`; smaller is better, ln 3 = 1.0986 for equal shares.

    Examples
    --------
    >>> round(log_loss(np.array([1, 0], np.int8), np.full((2, 3), 1 / 3)), 4)
    1.0986
    """
    return float(np.mean(log_losses(y, proba)))


def briers(y: Codes, proba: Probabilities) -> Floats:
    """Squared distance of the probabilities from what happened, row by row, in [0, 2]."""
    n = same_rows("brier", y, proba)
    happened = np.zeros((n, CLASSES))
    happened[np.arange(n), _positions(y)] = 1.0
    return np.asarray(((proba - happened) ** 2).sum(axis=1), dtype=np.float64)


def brier(y: Codes, proba: Probabilities) -> float:
    """Mean of :func:`briers` (Brier 1950, all classes); smaller is better, 2/3 for equal shares.

    Examples
    --------
    >>> round(brier(np.array([1, 0], np.int8), np.full((2, 3), 1 / 3)), 4)
    0.6667
    """
    return float(np.mean(briers(y, proba)))


def direction(score: Floats, returns: Floats) -> float:
    """Share of rows whose sign was named, in [0, 1]; NaN when no row counts.

    Rows that did not move and rows on which the score takes no side are left out: counting them
    either way moves the figure by their share.

    Examples
    --------
    >>> direction(np.array([0.2, -0.1, 0.3, 0.0]), np.array([0.01, 0.02, 0.0, 0.01]))
    0.5
    """
    same_rows("direction", score, returns)
    counted = (score != 0) & (returns != 0)
    return float(np.mean(np.sign(score[counted]) == np.sign(returns[counted]))) if counted.any() else NAN


def _positions(codes: Codes) -> Ints:
    return codes.astype(np.int64) - CODES[0]

"""Which weight rule: asked by name, or chosen by inner folds that always lie after what they learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from augury.core.catalog import Catalog
from augury.core.errors import UsageError
from augury.core.labelspec import CODES
from augury.core.typing import Codes, Floats, Ints, Json, Probabilities
from augury.models.ensemble.pooling import pool
from augury.models.ensemble.weights._shape import Rule, Weighed

WEIGHT_RULES: Final = Catalog[Rule]("weight rule", ("augury.models.ensemble.weights",), "RULE")
NESTED: Final = "nested"
BASE: Final = "ridge"
"""What weighs where there is nothing to choose by."""
STANDING: Final = "equal"
"""Stays unless another rule beats it by more than one standard error."""
FOLDS: Final = 4
ROWS_MIN: Final = 60
"""Rows the first inner fold learns from at least."""
Fold: TypeAlias = tuple[Ints, Ints]


def weigh(name: str, predictions: Mapping[str, Probabilities], codes: Codes, horizon_bars: int) -> Weighed:
    """Weigh members by a rule of the catalogue, or by the one that inner folds choose.

    Parameters
    ----------
    name : str
        Rule of ``models/ensemble/weights``, or ``nested``.
    predictions : mapping
        Member to out-of-fold probabilities, ``(n, 3)``, rows in time order.
    codes : array (n,)
        What came.
    horizon_bars : int
        h >= 1: outcomes of neighbouring rows overlap.

    Raises
    ------
    UnknownName
        No such rule.
    """
    if name == NESTED:
        return chosen(predictions, codes, horizon_bars)
    return WEIGHT_RULES.load(name)(predictions, codes)


def inner_folds(n: int, horizon_bars: int, folds: int = FOLDS) -> list[Fold]:
    """Cut rows into expanding folds: each learns from the past of its test, a horizon apart; nothing is shuffled.

    Parameters
    ----------
    n : int
        Rows in time order.
    horizon_bars : int
        Rows left out before each test: their outcomes lie in it.
    folds : int

    Returns
    -------
    list of (past, test)
        Empty when the first would learn from fewer than 60 rows.

    Examples
    --------
    >>> [(len(past), len(test), int(test[0])) for past, test in inner_folds(500, horizon_bars=5)]
    [(95, 100, 100), (195, 100, 200), (295, 100, 300), (395, 100, 400)]
    """
    edges = [round(at * n / (folds + 1)) for at in range(1, folds + 2)]
    if edges[0] - horizon_bars < ROWS_MIN:
        return []
    rows = np.arange(n, dtype=np.int64)
    return [(rows[: first - horizon_bars], rows[first:end]) for first, end in pairwise(edges)]


def chosen(
    predictions: Mapping[str, Probabilities],
    codes: Codes,
    horizon_bars: int,
    *,
    folds: Sequence[Fold] | None = None,
    rules: Sequence[str] = (),
) -> Weighed:
    """Choose a rule by the Brier score of its pool on inner folds, then weigh all rows by it.

    Equal weights stand unless the best rule's mean gain over them is above one standard error, counted on
    rows / h: among many rules one is always ahead by luck.

    Parameters
    ----------
    predictions, codes, horizon_bars
        As :func:`weigh`.
    folds : sequence of (past, test), optional
        Row indices; default :func:`inner_folds`.
    rules : sequence of str, optional
        Default the whole catalogue.

    Returns
    -------
    Weighed
        Its first event, ``nested``, holds the rule and the loss of every rule tried; ``ridge`` weighs, and the
        event says why, where the rows do not carry the folds.

    Raises
    ------
    UsageError
        A fold learns from rows whose outcome is not known before its test begins.
    """
    cut = inner_folds(len(codes), horizon_bars) if folds is None else list(folds)
    _check_order(cut, horizon_bars)
    if not cut or len(predictions) == 1:
        reason = "one member" if len(predictions) == 1 else f"{len(codes)} rows do not carry {FOLDS} folds"
        return _told(weigh(BASE, predictions, codes, horizon_bars), {"rule": BASE, "reason": reason})
    names = sorted({*(rules or WEIGHT_RULES.names()), STANDING})
    losses = {name: np.concatenate([_loss(name, predictions, codes, fold) for fold in cut]) for name in names}
    best = _best(losses, horizon_bars)
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    facts: Json = {"rule": best, "folds": len(cut), "rows": len(losses[best]), "brier": means}
    return _told(WEIGHT_RULES.load(best)(predictions, codes), facts)


def _best(losses: Mapping[str, Floats], horizon_bars: int) -> str:
    best = min(losses, key=lambda name: (float(losses[name].mean()), name))
    gain = losses[STANDING] - losses[best]
    error = float(gain.std()) / math.sqrt(max(len(gain) / horizon_bars, 1.0))
    return best if gain.mean() > error else STANDING


def _loss(name: str, predictions: Mapping[str, Probabilities], codes: Codes, fold: Fold) -> Floats:
    past, test = fold
    weights = WEIGHT_RULES.load(name)({member: said[past] for member, said in predictions.items()}, codes[past]).weights
    return brier_rows(pool({member: said[test] for member, said in predictions.items()}, weights), codes[test])


def brier_rows(proba: Probabilities, codes: Codes) -> Floats:
    """Return the Brier score of each row, 0..2: what weights are compared by.

    Examples
    --------
    >>> brier_rows(np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]), np.array([1, -1], np.int8)).tolist()
    [0.0, 0.5]
    """
    came = np.asarray(codes)[:, None] == np.array(CODES)
    loss: Floats = ((proba - came) ** 2).sum(axis=1)
    return loss


def _told(weighed: Weighed, facts: Json) -> Weighed:
    return Weighed(weighed.weights, ({"event": NESTED, **facts}, *weighed.events))


def _check_order(folds: Sequence[Fold], horizon_bars: int) -> None:
    for number, (past, test) in enumerate(folds):
        if not len(past) or not len(test) or past.max() + horizon_bars >= test.min():
            raise UsageError(
                f"fold {number + 1} learns from row {past.max() if len(past) else None} and is scored from row"
                f" {test.min() if len(test) else None} on, with outcomes {horizon_bars} bars ahead (rule: nested"
                " folds lie after what they learn from; K-fold with shuffling is refused)"
            )

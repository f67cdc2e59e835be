"""Ridge weights with a guard against one member deciding alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from augury.core.errors import UnknownName, UsageError
from augury.core.labelspec import CODES, LABELS
from augury.core.typing import Floats, Json
from augury.models.ensemble.simplex import MAX_WEIGHT, MIN_WEIGHT, TOLERANCE, as_weights, capped, dominates

GUARD_ALPHA: Final = 10.0


class EnsembleWeightOptimizer:
    """Weigh members by how well their signed scores explain the labels.

    ``w = (S'S + alpha I)^-1 S'y`` without intercept, where a member's score is
    ``p_bullish - p_bearish`` (or the code of its label). Negative weights become 0, each weight is
    lifted to ``min_weight`` so that every member stays measurable, and the sum is 1. When all are
    zero the weights are uniform.

    Parameters
    ----------
    alpha : float
        Ridge penalty, >= 0, default 1.0; larger pulls the weights together.
    min_weight : float
        Floor of each weight, default 0.02.
    max_weight : float
        Above it the fit is repeated with alpha 10, then capped; default 0.80.
    class_order : sequence of str
        Names of the three classes: bearish, neutral, bullish.

    Attributes
    ----------
    weights_ : dict
        Member to weight of the last fit.
    history_ : list of dict
        One record a fit: rows, alpha, weights, events.

    Examples
    --------
    >>> optimizer = EnsembleWeightOptimizer()
    >>> labels = ["BULLISH", "BULLISH", "BEARISH", "BEARISH"]
    >>> weights = optimizer.optimize_weights({"a": labels, "b": ["BULLISH", "NEUTRAL", "NEUTRAL", "BEARISH"]}, labels)
    >>> {name: round(weight, 4) for name, weight in weights.items()}, optimizer.validate_weights()
    ({'a': 0.8, 'b': 0.2}, True)
    """

    def __init__(
        self,
        alpha: float = 1.0,
        min_weight: float = MIN_WEIGHT,
        max_weight: float = MAX_WEIGHT,
        class_order: Sequence[str] = LABELS,
    ) -> None:
        if not (alpha >= 0 and 0 < min_weight < max_weight <= 1):
            raise UsageError(
                f"alpha={alpha}, min_weight={min_weight}, max_weight={max_weight} (rule: 0 < min < max <= 1)"
            )
        self.alpha = alpha
        self.min_weight = min_weight
        self.max_weight = max_weight
        self.class_order = tuple(class_order)
        self.weights_: dict[str, float] = {}
        self.history_: list[Json] = []

    def optimize_weights(self, predictions: Mapping[str, Any], labels: Sequence[str] | Any) -> dict[str, float]:
        """Fit the weights.

        Parameters
        ----------
        predictions : mapping
            Member to labels ``(n,)`` or probabilities ``(n, 3)``; rows need not sum to 1.
        labels : (n,)
            True classes by name, or codes -1, 0, +1. Rows that neither trained nor will score.

        Raises
        ------
        ValueError
            A negative or non-finite probability, or rows that do not match.
        UnknownName
            A label outside ``class_order``.
        """
        names = list(predictions)
        scores, truth = self.scores(predictions, labels)
        weights, alpha, events = self._guarded(scores, truth, names)
        self.weights_ = dict(zip(names, weights.tolist(), strict=True))
        self.history_.append(
            {"n": len(truth), "alpha": alpha, "weights": dict(self.weights_), "events": events},
        )
        return dict(self.weights_)

    def scores(self, predictions: Mapping[str, Any], labels: Sequence[str] | Any) -> tuple[Floats, Floats]:
        """Return signed scores ``(n, m)`` and codes ``(n,)``: what every rule weighs by.

        Raises
        ------
        ValueError, UnknownName
            As :meth:`optimize_weights`.
        """
        truth = self._codes(labels)
        if not predictions or not len(truth):
            raise ValueError("weights need at least one member and one row")
        columns = [self._score(name, said, len(truth)) for name, said in predictions.items()]
        return np.column_stack(columns), truth

    def validate_weights(self) -> bool:
        """Say whether the last weights are positive, finite and sum to 1."""
        weights = np.array(list(self.weights_.values()))
        whole = len(weights) > 0 and bool(np.isfinite(weights).all() and (weights > 0).all())
        return whole and abs(float(weights.sum()) - 1) <= TOLERANCE and set(self.weights_) == self._known

    @property
    def events_(self) -> list[Json]:
        """What the guard did in the last fit."""
        return list(self.history_[-1]["events"]) if self.history_ else []

    @property
    def _known(self) -> set[str]:
        return set(self.history_[-1]["weights"]) if self.history_ else set()

    def _guarded(self, scores: Floats, truth: Floats, names: list[str]) -> tuple[Floats, float, list[Json]]:
        weights = self._solve(scores, truth, self.alpha)
        if not dominates(weights, self.max_weight):
            return weights, self.alpha, []
        refit = self._solve(scores, truth, GUARD_ALPHA)
        final = capped(refit, self.max_weight)
        event = {
            "event": "dominance",
            "alpha": GUARD_ALPHA,
            "before": dict(zip(names, weights.tolist(), strict=True)),
            "after": dict(zip(names, final.tolist(), strict=True)),
            "capped": dominates(refit, self.max_weight),
        }
        return final, GUARD_ALPHA, [event]

    def _solve(self, scores: Floats, truth: Floats, alpha: float) -> Floats:
        gram = scores.T @ scores + alpha * np.eye(scores.shape[1])
        # lstsq, so that alpha 0 with identical members has an answer: the one of least norm.
        raw = np.linalg.lstsq(gram, scores.T @ truth, rcond=None)[0]
        return as_weights(raw.astype(np.float64, copy=False), self.min_weight)

    def _codes(self, labels: Any) -> Floats:
        found = np.asarray(labels)
        if found.dtype.kind in "iuf":
            if not np.isin(found, CODES).all():
                raise UnknownName(f"label codes {sorted(set(found.tolist()) - set(CODES))[:3]} are not among {CODES}")
            return found.astype(np.float64)
        known = dict(zip(self.class_order, CODES, strict=True))
        strange = sorted({str(label) for label in found} - set(known))
        if strange:
            raise UnknownName(f"labels {strange[:3]} are not among {self.class_order}")
        return np.array([known[str(label)] for label in found], dtype=np.float64)

    def _score(self, name: str, prediction: Any, n: int) -> Floats:
        answer = np.asarray(prediction)
        if len(answer) != n or answer.ndim not in (1, 2) or (answer.ndim == 2 and answer.shape[1] != len(CODES)):
            raise ValueError(f"member '{name}' answers {answer.shape}, needs ({n},) labels or ({n}, 3) probabilities")
        if answer.ndim == 1:
            return self._codes(answer)
        if not np.isfinite(answer).all() or (answer < 0).any() or (answer.sum(axis=1) <= 0).any():
            raise ValueError(f"member '{name}' holds probabilities that are negative, not finite, or all zero in a row")
        shares = answer / answer.sum(axis=1, keepdims=True)
        score: Floats = shares[:, 2] - shares[:, 0]
        return score

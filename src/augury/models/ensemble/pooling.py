"""Members' answers under their weights: one distribution, one score, one measure of agreement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from augury.core.typing import Codes, Floats, Probabilities


def renormalised(weights: Mapping[str, float], present: Mapping[str, object]) -> dict[str, float]:
    """Return the weights of the members that are present; unchanged, to the bit, when all are.

    Examples
    --------
    >>> renormalised({"rf": 0.5, "gb": 0.25, "lgbm": 0.25}, {"rf": ..., "gb": ...})
    {'rf': 0.6666666666666666, 'gb': 0.3333333333333333}
    """
    kept = {name: weight for name, weight in weights.items() if name in present}
    if len(kept) == len(weights):
        return kept
    total = sum(kept.values())
    return {name: weight / total for name, weight in kept.items()}


def pool(answers: Mapping[str, Probabilities], weights: Mapping[str, float]) -> Probabilities:
    """Return the weighted mean of the members' probabilities, ``(n, 3)``.

    Parameters
    ----------
    answers : mapping
        Member to its calibrated or raw probabilities, ``(n, 3)``, in the order of ``LABELS``.
    weights : mapping
        Member to weight; those of members that did not answer are shared out.

    Examples
    --------
    >>> pool({"a": np.array([[0.2, 0.2, 0.6]]), "b": np.array([[0.6, 0.2, 0.2]])}, {"a": 0.75, "b": 0.25}).round(3)
    array([[0.3, 0.2, 0.5]])
    """
    pooled = sum(weight * answers[name] for name, weight in renormalised(weights, answers).items())
    return np.asarray(pooled, dtype=np.float64)


def signed_score(proba: Probabilities) -> Floats:
    """Return ``p_bullish - p_bearish``, ``(n,)``.

    Examples
    --------
    >>> signed_score(np.array([[0.2, 0.2, 0.6]])).round(3)
    array([0.4])
    """
    score: Floats = proba[:, 2] - proba[:, 0]
    return score


def agreement(answers: Mapping[str, Probabilities], weights: Mapping[str, float], codes: Codes) -> Floats | None:
    """Return the weight of the members whose own answer is ``codes``, ``(n,)``; None with a single member.

    Parameters
    ----------
    answers : mapping
        Member to its probabilities, ``(n, 3)``.
    weights : mapping
        Member to weight.
    codes : array, shape (n,)
        What the ensemble said: -1, 0 or +1.

    Examples
    --------
    >>> up, down = np.array([[0.2, 0.2, 0.6]]), np.array([[0.6, 0.2, 0.2]])
    >>> agreement({"a": up, "b": down}, {"a": 0.75, "b": 0.25}, np.array([1], np.int8))
    array([0.75])
    """
    if len(answers) < 2:
        return None
    shares = renormalised(weights, answers)
    votes = [weight * (answers[name].argmax(axis=1) - 1 == codes) for name, weight in shares.items()]
    return np.asarray(sum(votes), dtype=np.float64)

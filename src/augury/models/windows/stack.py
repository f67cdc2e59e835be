"""A model of models: it learns from answers out of fold how far to trust whom (stacking, Wolpert 1992)."""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np

from augury.core.errors import InsufficientHistory, SchemaMismatch
from augury.core.hashing import sha256_bytes
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats, Json
from augury.models.windows.out_of_fold import WindowAnswers

FOREST_ROWS: Final = 200
"""Fewer rows are given to logistic regression instead of a forest."""
ROWS_MIN: Final = 20


def meta_features(proba: dict[str, Floats]) -> Floats:
    """Put the blocks of all models side by side, and three figures of their disagreement behind.

    Returns
    -------
    (n, models * classes + 3)
        The probabilities in the order of names; standard deviation of the models' top probability,
        entropy of the mean probability (nats), highest probability any model gives.

    Examples
    --------
    >>> meta_features({"a": np.array([[0.5, 0.5]]), "b": np.array([[0.5, 0.5]])}).round(3).tolist()
    [[0.5, 0.5, 0.5, 0.5, 0.0, 0.693, 0.5]]
    """
    blocks = [proba[name] for name in sorted(proba)]
    top = np.stack([block.max(axis=1) for block in blocks])
    mean = np.mean(blocks, axis=0)
    entropy = -np.sum(mean * np.log(np.clip(mean, 1e-12, 1.0)), axis=1)
    return np.column_stack([*blocks, top.std(axis=0), entropy, top.max(axis=0)])


class Stack:
    """Random forest over answers, or logistic regression when there are few.

    Parameters
    ----------
    n_estimators, max_depth : int
        Of the forest.
    random_state : int

    Attributes
    ----------
    manifest_ : dict
        Models, rows, kind, and the hash of every block it learnt from.
    """

    def __init__(self, n_estimators: int = 1000, max_depth: int = 12, random_state: int = DEFAULT_SEED) -> None:
        self.n_estimators, self.max_depth, self.random_state = n_estimators, max_depth, random_state

    def fit(self, answers: WindowAnswers) -> Self:
        """Learn from the rows that were answered out of fold; other rows are never looked at.

        Raises
        ------
        InsufficientHistory
            Fewer than 20 rows.
        """
        rows = answers.answered
        if rows.sum() < ROWS_MIN:
            raise InsufficientHistory(f"{int(rows.sum())} rows were answered out of fold, stacking needs {ROWS_MIN}")
        blocks = {name: said[rows] for name, said in answers.proba.items()}
        self.classes_, self.models_ = answers.classes, tuple(sorted(blocks))
        self.classifier_ = self._classifier(int(rows.sum()))
        self.classifier_.fit(meta_features(blocks), answers.codes[rows])
        self.manifest_: Json = {
            "kind": type(self.classifier_).__name__, "models": list(self.models_), "rows": int(rows.sum()),
            "blocks": {name: sha256_bytes(np.ascontiguousarray(block).tobytes()) for name, block in blocks.items()},
        }  # fmt: skip
        return self

    def predict_proba(self, proba: dict[str, Floats]) -> Floats:
        """Return ``(n, classes)`` probabilities from the answers of the same models.

        Raises
        ------
        SchemaMismatch
            Other models answered than it learnt from.
        """
        if tuple(sorted(proba)) != self.models_:
            raise SchemaMismatch(f"the stack learnt from {', '.join(self.models_)}, got {', '.join(sorted(proba))}")
        said: Floats = self.classifier_.predict_proba(meta_features(proba))
        full = np.zeros((len(said), len(self.classes_)))
        full[:, self.classifier_.classes_] = said
        return full

    def _classifier(self, rows: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression

        if rows < FOREST_ROWS:
            return LogisticRegression(max_iter=1000, random_state=self.random_state)
        return RandomForestClassifier(
            self.n_estimators, max_depth=self.max_depth, random_state=self.random_state, n_jobs=1
        )

"""Multinomial logistic regression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from augury.core.typing import Features, Floats, Ints
from augury.models.tabular._base import TabularMember

_FILE = "linear.safetensors"
_CLIP = 5.0
_STEPS = 500


class Logistic(TabularMember):
    """Linear log-odds of standardised features: the control every richer member must beat.

    Weak and monotone relations are where it is strongest: it spends one number a feature, so little
    of what it learns is noise. Columns are centred and scaled with the train rows' own mean and
    spread and clipped at five spreads, so one wild bar cannot decide an answer.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge penalty, > 0, default 0.01; larger trusts the rows more.
    random_state : int
        Unused, the solver draws nothing; present so that every member is seeded alike.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 60, dtype=np.float32).reshape(-1, 1)
    >>> Logistic().fit(X, X[:, 0] > 0).predict([[-0.9], [0.9]])
    array([False,  True])
    """

    def __init__(self, C: float = 0.01, random_state: int = 42) -> None:
        self.C = C
        self.random_state = random_state

    def _fit(self, X: Features, codes: Ints) -> None:
        from sklearn.linear_model import LogisticRegression  # a forecast only reads arrays

        self.mean_ = X.mean(axis=0, dtype=np.float64)
        spread = X.std(axis=0, dtype=np.float64)
        # A column that stands still carries nothing; a spread of one leaves it at zero.
        self.spread_ = np.where(spread > 1e-9 * np.maximum(np.abs(self.mean_), 1e-12), spread, 1.0)
        n_classes = len(self.classes_)
        if n_classes == 1:
            self.weights_, self.offsets_ = np.zeros((1, X.shape[1])), np.zeros(1)
        else:
            fitted = LogisticRegression(C=self.C, max_iter=_STEPS).fit(self._scaled(X), codes)
            # Two classes come as one row of log-odds; written as two rows all cases read alike.
            pair = n_classes == 2
            weights = np.vstack([-fitted.coef_, fitted.coef_]) / 2 if pair else fitted.coef_
            # In C order as they will be read back: the order of a sum is part of its last bit.
            self.weights_ = np.ascontiguousarray(weights)
            self.offsets_ = np.concatenate([-fitted.intercept_, fitted.intercept_]) / 2 if pair else fitted.intercept_
        self.facts_ = {"largest_weight": float(np.abs(self.weights_).max())}

    def _scaled(self, X: Features) -> Floats:
        scaled: Floats = np.clip((X.astype(np.float64) - self.mean_) / self.spread_, -_CLIP, _CLIP)
        return scaled

    def _proba(self, X: Features) -> Floats:
        # einsum rather than @: the sum of a row must not depend on how many rows stand beside it.
        odds = np.einsum("ij,kj->ik", self._scaled(X), self.weights_) + self.offsets_
        shares = np.exp(odds - odds.max(axis=1, keepdims=True))
        proba: Floats = shares / shares.sum(axis=1, keepdims=True)
        return proba

    def _save(self, folder: Path) -> None:
        arrays = {"mean": self.mean_, "spread": self.spread_, "weights": self.weights_, "offsets": self.offsets_}
        save_file(arrays, folder / _FILE)

    def _restore(self, folder: Path) -> None:
        try:
            arrays = load_file(folder / _FILE)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        self.mean_, self.spread_ = arrays["mean"], arrays["spread"]
        self.weights_, self.offsets_ = arrays["weights"], arrays["offsets"]


MEMBER = Logistic

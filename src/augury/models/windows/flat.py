"""A classifier of rows made a classifier of windows: the relative features of every bar, side by side."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from augury.core.errors import NotTrained
from augury.core.typing import Features, Floats
from augury.features.relative import RelativeFeatureTransform


class FlatWindows:
    """Eleven relative features of each bar, flattened, standardised on the training windows, and classified.

    Parameters
    ----------
    classifier : object
        Of scikit-learn's shape.
    bars : int
        The last bars of a window that are looked at. All of them is a thousand columns: few windows
        do not carry that many.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    """

    def __init__(self, classifier: Any, bars: int = 105) -> None:
        self.classifier, self.bars = classifier, bars

    def fit(self, X: Floats, y: Any, times: Any = None) -> Self:
        """Learn from windows ``(n, 105, 4)`` of open, high, low, close and their labels."""
        flat = self._flat(X)
        self.mean_, spread = flat.mean(axis=0), flat.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        self.classifier.fit((flat - self.mean_) / self.spread_, np.asarray(y))
        self.classes_ = self.classifier.classes_
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Return ``(n, classes)`` probabilities in the order of ``classes_``.

        Raises
        ------
        NotTrained
            Before :meth:`fit`.
        """
        if not hasattr(self, "classes_"):
            raise NotTrained("the window model was not fitted yet")
        proba: Floats = self.classifier.predict_proba((self._flat(X) - self.mean_) / self.spread_)
        return proba

    def predict(self, X: Floats) -> Any:
        """Return the most probable label of each window."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _flat(self, X: Floats) -> Features:
        said = RelativeFeatureTransform().fit_transform(np.asarray(X, dtype=np.float64))
        return np.ascontiguousarray(said[:, -self.bars :, :].reshape(len(said), -1))

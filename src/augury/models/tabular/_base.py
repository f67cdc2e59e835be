"""What every tabular member shares: input checks, the answer as a class, reading its own files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from augury.core.errors import CorruptArtifact
from augury.core.hashing import canonical_json
from augury.core.typing import Features, Floats, Ints, Json

FACTS_FILE = "member.json"


class TabularMember(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]  # sklearn ships no types
    """Base of the tabular members; follows scikit-learn and :class:`augury.core.protocols.Member`.

    A subclass implements ``_fit``, ``_proba``, ``_save`` and ``_restore``. Rows are in time order,
    oldest first, and hold no missing value: a row whose features are not all known is not a row.
    """

    rows_min: ClassVar[int] = 50
    """Below this many train rows the member is ``unavailable``."""

    classes_: NDArray[Any]
    n_features_in_: int
    facts_: Json

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from rows in time order.

        Parameters
        ----------
        X : (n, n_features)
            Finite numbers; used as float32.
        y : (n,)
            Class of each row, integers or strings.

        Raises
        ------
        ValueError
            Missing or infinite numbers, or shapes that do not fit.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit(X, codes.astype(np.int64))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return ``(n, len(classes_))`` probabilities in the order of ``classes_``; rows sum to 1."""
        check_is_fitted(self)
        if not self._is_ready(X):
            X = validate_data(self, X, dtype=np.float32, reset=False)
        proba: Floats = self._proba(X)
        return proba

    def _is_ready(self, X: Any) -> bool:
        """Say whether rows need no more checks, which for one row cost more than the answer."""
        return (
            type(X) is np.ndarray
            and X.dtype == np.float32
            and X.ndim == 2
            and X.shape[0] > 0
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
            and bool(np.isfinite(X).all())
        )

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        proba = self.predict_proba(X)
        answer: NDArray[Any] = self.classes_[proba.argmax(axis=1)]
        return answer

    def facts(self) -> Json:
        """What the fit decided; JSON-ready, the same in every process."""
        check_is_fitted(self)
        return dict(self.facts_)

    def save(self, folder: Path) -> None:
        """Write into an existing folder: ``member.json`` and the model in a safe format."""
        check_is_fitted(self)
        record = {
            "settings": self.get_params(deep=False),
            "classes": self.classes_.tolist(),
            "n_features": self.n_features_in_,
            "facts": self.facts_,
        }
        (folder / FACTS_FILE).write_text(canonical_json(record) + "\n", encoding="utf-8")
        self._save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; probabilities are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            A file is missing or is not what was written.
        """
        with _damage(folder):
            record = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
            member = cls(**record["settings"])
            member.classes_ = np.asarray(record["classes"])
            member.n_features_in_ = int(record["n_features"])
            member.facts_ = record["facts"]
            member._restore(folder)
        return member

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "facts_")

    @abstractmethod
    def _fit(self, X: Features, codes: Ints) -> None:
        """Learn; ``codes`` index ``classes_``. Sets ``facts_``."""

    @abstractmethod
    def _proba(self, X: Features) -> Floats:
        """Probabilities of checked rows."""

    @abstractmethod
    def _save(self, folder: Path) -> None:
        """Write the model itself."""

    @abstractmethod
    def _restore(self, folder: Path) -> None:
        """Read the model itself; raise ValueError or KeyError when it is not whole."""


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(
            f"member {folder.name} cannot be read: {type(error).__name__}: {error}",
            fix="augury doctor",
            path=str(folder),
        ) from error

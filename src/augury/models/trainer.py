"""``ModelTrainer``: train members on plain arrays or frames and read a record of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.errors import UnknownName
from augury.core.labelspec import CODES, LABELS, base_label
from augury.core.metrics.classification import accuracy, balanced_accuracy, confusion, log_loss, precision_recall_f1
from augury.core.protocols import Member
from augury.core.timeframe import Timeframe
from augury.core.typing import Codes, Features
from augury.models import MEMBERS
from augury.models.alignment import align_proba

DEFAULT_MEMBERS: Final = ("rf", "gb", "lgbm")


@dataclass(frozen=True)
class TrainingRecord:
    """One member, fitted and scored.

    Parameters
    ----------
    name : str
    member : Member
        Fitted; answers classes -1, 0, +1.
    train_accuracy, valid_accuracy, balanced_accuracy : float
        Shares in [0, 1]; all but the first on the validation rows.
    precision, recall, f1 : float
        Weighted by class frequency, on the validation rows.
    log_loss : float
        Of the validation probabilities, in nats.
    confusion : list of list of int
        Rows true, columns named, in the order of ``LABELS``.
    n_train, n_valid, n_features : int
    seconds : float
        Fit and scoring.
    """

    name: str
    member: Member
    train_accuracy: float
    valid_accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    f1: float
    log_loss: float
    confusion: list[list[int]]
    n_train: int
    n_valid: int
    n_features: int
    seconds: float


class ModelTrainer:
    """Train members for one symbol and timeframe from features and labels.

    Parameters
    ----------
    symbol : str
    timeframe : str or Timeframe
        ``d1`` or its alias ``1d``.
    horizon_bars : int, optional
        Bars ahead the labels look; default the timeframe's base label.
    random_state : int
        Default 42.

    Examples
    --------
    >>> X = np.tile(np.arange(120, dtype=np.float32).reshape(-1, 1) % 3, (1, 2))
    >>> y = (X[:, 0] - 1).astype(int)
    >>> record = ModelTrainer("AAPL", "d1").train_random_forest(X[:80], y[:80], X[80:], y[80:])
    >>> record.valid_accuracy, record.n_train, record.n_features
    (1.0, 80, 2)
    """

    def __init__(
        self, symbol: str, timeframe: str | Timeframe, *, horizon_bars: int | None = None, random_state: int = 42
    ) -> None:
        self.symbol = symbol
        self.timeframe = Timeframe.parse(str(timeframe))
        self.horizon_bars = horizon_bars or base_label(self.timeframe)[0]
        self.random_state = random_state

    def train_random_forest(self, train_f: Any, train_l: Any, valid_f: Any, valid_l: Any) -> TrainingRecord:
        """Train the ``rf`` member; see :meth:`train_all_models`."""
        return self._train("rf", _features(train_f), _codes(train_l), _features(valid_f), _codes(valid_l))

    def train_gradient_boosting(self, train_f: Any, train_l: Any, valid_f: Any, valid_l: Any) -> TrainingRecord:
        """Train the ``gb`` member; see :meth:`train_all_models`."""
        return self._train("gb", _features(train_f), _codes(train_l), _features(valid_f), _codes(valid_l))

    def train_all_models(
        self, train_f: Any, train_l: Any, valid_f: Any, valid_l: Any, members: tuple[str, ...] = DEFAULT_MEMBERS
    ) -> dict[str, TrainingRecord]:
        """Train members and return a record of each.

        Parameters
        ----------
        train_f, valid_f : (n, n_features) array or polars frame
            Features in time order; the train part ends before the validation part begins.
        train_l, valid_l : (n,) array or polars series
            Labels by name (``BULLISH``) or code (+1).
        members : tuple of str
            Catalogue names.

        Raises
        ------
        UnknownName
            A member or a label that does not exist.
        ValueError
            Missing numbers, or lengths that differ.
        """
        given = _features(train_f), _codes(train_l), _features(valid_f), _codes(valid_l)
        return {name: self._train(name, *given) for name in members}

    def _train(self, name: str, X: Features, y: Codes, X_valid: Features, y_valid: Codes) -> TrainingRecord:
        start = time.perf_counter()
        kind: Any = MEMBERS.load(name)
        own = {"random_state": self.random_state, "horizon_bars": self.horizon_bars}
        known = kind().get_params()
        member: Member = kind(**{key: value for key, value in own.items() if key in known}).fit(X, y)
        proba = align_proba(member.predict_proba(X_valid), member.classes_)
        codes, fitted = _named(proba), _named(align_proba(member.predict_proba(X), member.classes_))
        weighted = precision_recall_f1(y_valid, codes)
        return TrainingRecord(
            name=name,
            member=member,
            train_accuracy=accuracy(y, fitted),
            valid_accuracy=accuracy(y_valid, codes),
            balanced_accuracy=balanced_accuracy(y_valid, codes),
            precision=weighted.precision,
            recall=weighted.recall,
            f1=weighted.f1,
            log_loss=log_loss(y_valid, proba),
            confusion=confusion(y_valid, codes).tolist(),
            n_train=len(y),
            n_valid=len(y_valid),
            n_features=X.shape[1],
            seconds=time.perf_counter() - start,
        )


def _named(proba: Any) -> Codes:
    return np.asarray(proba.argmax(axis=1) - 1, dtype=np.int8)


def _features(rows: Any) -> Features:
    matrix = rows.to_numpy() if isinstance(rows, pl.DataFrame) else np.asarray(rows)
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _codes(labels: Any) -> Codes:
    found = labels.to_numpy() if isinstance(labels, pl.Series) else np.asarray(labels)
    known: dict[Any, int] = {
        **dict(zip(LABELS, CODES, strict=True)),
        **dict(zip(CODES, CODES, strict=True)),
    }
    strange = [label for label in found.tolist() if label not in known]
    if strange:
        raise UnknownName(f"label {strange[0]!r} is not among {LABELS} or {CODES}")
    return np.array([known[label] for label in found.tolist()], dtype=np.int8)

"""XGBoost, for who wants to compare: an extra, never a default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from augury.core.errors import ModelError
from augury.core.extras import require
from augury.core.typing import Features, Floats, Ints, Json
from augury.models.tabular._base import TabularMember

_EXTRA: Final = "xgboost"
_FILE: Final = "model.json"


class XGBoost(TabularMember):
    """Boosted trees by the package ``xgboost``, one thread, histogram method, JSON on disk.

    Needs ``pip install "augury[xgboost]"``; without it a fit raises ``MissingExtra`` and the member
    is recorded as ``unavailable``. It stays an extra as long as ``lgbm`` is not beaten by it.

    Parameters
    ----------
    n_estimators : int
        Stages, default 100; each adds one tree per class.
    learning_rate : float
        Share of each tree that is used, default 0.05; smaller needs more stages.
    max_depth : int
        Levels, default 4; larger fits interactions and noise.
    min_child_weight : float
        Least sum of second derivatives in a leaf, default 5; larger is smoother.
    subsample, colsample : float
        Share of rows and of columns a tree sees, in (0, 1], default 0.85.
    reg_lambda : float
        L2 penalty on leaf values, default 1.
    random_state : int
        Default 42.

    Notes
    -----
    Chen and Guestrin (2016), *XGBoost: a scalable tree boosting system*.
    """

    package: ClassVar[str] = "xgboost"
    """What must be installed; contract tests leave the member out where it is not."""

    def __init__(
        self,
        n_estimators: int = 100,
        learning_rate: float = 0.05,
        max_depth: int = 4,
        min_child_weight: float = 5.0,
        subsample: float = 0.85,
        colsample: float = 0.85,
        reg_lambda: float = 1.0,
        random_state: int = 42,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample = colsample
        self.reg_lambda = reg_lambda
        self.random_state = random_state

    def _fit(self, X: Features, codes: Ints) -> None:
        package = require(self.package, extra=_EXTRA)
        self.booster_: Any = None
        if len(self.classes_) > 1:
            rows = package.DMatrix(X, label=codes, nthread=1)
            try:
                self.booster_ = package.train(self._parameters(), rows, num_boost_round=self.n_estimators)
            except package.core.XGBoostError as error:
                raise ModelError(f"XGBoost refused {len(X)} rows: {error}") from error
        self.facts_ = {"n_trees": self.n_estimators if self.booster_ else 0}

    def _parameters(self) -> Json:
        return {
            "objective": "multi:softprob",
            "num_class": len(self.classes_),
            "tree_method": "hist",
            "max_bin": 64,
            "eta": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample,
            "lambda": self.reg_lambda,
            "seed": self.random_state,
            "nthread": 1,
            "verbosity": 0,
        }

    def _proba(self, X: Features) -> Floats:
        if self.booster_ is None:
            return np.ones((len(X), 1))
        package = require(self.package, extra=_EXTRA)
        proba = np.asarray(self.booster_.predict(package.DMatrix(X, nthread=1)), dtype=np.float64)
        shares: Floats = proba / proba.sum(axis=1, keepdims=True)
        return shares

    def _save(self, folder: Path) -> None:
        text = "null" if self.booster_ is None else self.booster_.save_raw(raw_format="json").decode()
        (folder / _FILE).write_text(text, encoding="utf-8")

    def _restore(self, folder: Path) -> None:
        text = (folder / _FILE).read_text(encoding="utf-8")
        # Parsed here first: the package would end the process on some damaged files.
        self.booster_ = None
        if json.loads(text) is None:
            return
        package = require(self.package, extra=_EXTRA)
        booster = package.Booster()
        try:
            booster.load_model(bytearray(text, encoding="utf-8"))
        except package.core.XGBoostError as error:
            raise ValueError(str(error)) from error
        self.booster_ = booster


MEMBER = XGBoost

"""Boosted trees on LightGBM: one thread, one seed, text on disk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import numpy as np

from augury.core.errors import ModelError
from augury.core.typing import Features, Floats, Ints, Json
from augury.models.tabular._base import TabularMember

_FILE = "model.txt"
# Statistics of the fit that the prediction never reads: half of the text, two thirds of the parsing.
_UNREAD: Final = (
    "split_gain=", "leaf_weight=", "leaf_count=", "internal_value=", "internal_weight=", "internal_count=",
    "tree_sizes=",
)  # fmt: skip
_END: Final = "\nend of trees"
_FIXED: Final[Json] = {
    "objective": "multiclass",
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


class BoostedTrees(TabularMember):
    """Shared by ``gb`` and ``lgbm``: fitting a booster, the text file, probabilities.

    A train part that holds a single class needs no tree: the answer is that class.
    """

    booster_: lgb.Booster | None
    random_state: int

    @abstractmethod
    def _parameters(self) -> Json:
        """LightGBM parameters of this member's settings."""

    def _boost(
        self, X: Features, codes: Ints, rounds: int, watched: tuple[Features, Ints] | None = None, patience: int = 0
    ) -> lgb.Booster:
        parameters = _FIXED | {"num_class": len(self.classes_), "seed": self.random_state} | self._parameters()
        rows = lgb.Dataset(X, codes, params=parameters)
        late = [] if watched is None else [lgb.Dataset(*watched, reference=rows, params=parameters)]
        calls: list[Callable[..., Any]] = [] if watched is None else [lgb.early_stopping(patience, verbose=False)]
        try:
            return lgb.train(parameters, rows, rounds, valid_sets=late, callbacks=calls)
        except lgb.basic.LightGBMError as error:
            raise ModelError(f"LightGBM refused {len(X)} rows: {error}") from error

    def _proba(self, X: Features) -> Floats:
        if self.booster_ is None:
            return np.ones((len(X), 1))
        proba = np.asarray(self.booster_.predict(X, num_threads=1), dtype=np.float64)
        shares: Floats = proba / proba.sum(axis=1, keepdims=True)
        return shares

    def _save(self, folder: Path) -> None:
        text = "" if self.booster_ is None else _short(self.booster_.model_to_string())
        (folder / _FILE).write_text(text, encoding="utf-8")

    def _restore(self, folder: Path) -> None:
        text = (folder / _FILE).read_text(encoding="utf-8")
        if not text and len(self.classes_) == 1:
            self.booster_ = None
            return
        if not text.rstrip().endswith(_END.strip()):
            raise ValueError("the model text ends early")
        try:
            self.booster_ = lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(str(error)) from error


def _short(text: str) -> str:
    trees = text.partition(_END)[0]
    kept = [line for line in trees.split("\n") if not line.startswith(_UNREAD)]
    return "\n".join(kept) + _END + "\n"

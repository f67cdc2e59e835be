"""LightGBM across names: the baseline a network has to beat."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Features, Floats, Ints
from augury.models.panel.ranker import LastRowRanker


class BoostedRanker(LastRowRanker):
    """Boosted regression trees, one model a horizon; trees see what is not known as such.

    Parameters
    ----------
    seed : int
        Of the rows and columns a tree sees.
    trees_max : int
        Most trees, default 400; the select slice stops earlier.
    learning_rate : float
        Default 0.03.
    leaves : int
        Default 15; more finds interactions, and noise.
    leaf_rows : int
        Fewest rows of a leaf, default 200.
    patience : int
        Trees without a smaller squared error on the select slice before stopping, default 40.
    threads : int
        Default 1.
    """

    def __init__(
        self,
        seed: int = DEFAULT_SEED,
        trees_max: int = 400,
        learning_rate: float = 0.03,
        leaves: int = 15,
        leaf_rows: int = 200,
        patience: int = 40,
        threads: int = 1,
    ) -> None:
        self.seed, self.trees_max, self.learning_rate, self.leaves = seed, trees_max, learning_rate, leaves
        self.leaf_rows, self.patience, self.threads = leaf_rows, patience, threads

    def _fit(self, x: Features, y: Features, x_select: Features, y_select: Features, day: Ints) -> Any:
        import lightgbm

        data = lightgbm.Dataset(x, y, params={"max_bin": 63, "verbosity": -1})
        watched = lightgbm.Dataset(x_select, y_select, reference=data)
        stop = lightgbm.early_stopping(self.patience, verbose=False)
        return lightgbm.train(self._parameters(), data, self.trees_max, valid_sets=[watched], callbacks=[stop])

    def _score(self, model: object, x: Features) -> Floats:
        booster = cast(Any, model)
        return np.asarray(booster.predict(x, num_iteration=booster.best_iteration), dtype=np.float64)

    def _parameters(self) -> dict[str, Any]:
        return {
            "objective": "regression",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.leaf_rows,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "max_bin": 63,
            "seed": derive(self.seed, "boosted ranker"),
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }

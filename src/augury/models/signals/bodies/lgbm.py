"""Boosted trees on the last row, with a focal loss of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Self

import lightgbm as lgb
import numpy as np

from augury.core.errors import CorruptArtifact
from augury.core.hashing import canonical_json
from augury.core.typing import Bools, Features, Floats, Json
from augury.models.signals.body import GAMMA, weight_of_hits

_MODEL: Final = "model.txt"
_SETTINGS: Final = "body.json"
_DEFAULTS: Final[Json] = {
    "n_estimators": 500, "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 40, "bagging_fraction": 0.85,
    "feature_fraction": 0.85, "patience": 50, "random_state": 42,
}  # fmt: skip
_HESSIAN_MIN: Final = 1e-4


def focal_terms(logits: Floats, hit: Bools, weight: float, gamma: float = GAMMA) -> tuple[Floats, Floats, Floats]:
    """Loss of each row, and its first and second derivative by the logit.

    ``L = -w (1 - q)^g ln q`` with q the probability of what came and w the weight of its class.

    Examples
    --------
    >>> loss, slope, bend = focal_terms(np.zeros(1), np.array([True]), 0.25)
    >>> round(float(loss[0]), 6), round(float(slope[0]), 6)
    (0.043322, -0.074572)
    """
    sign = np.where(hit, 1.0, -1.0)
    w = np.where(hit, weight, 1 - weight)
    log_q = -np.logaddexp(0.0, -sign * logits)
    q, rest = np.exp(log_q), -np.expm1(log_q)
    inner = gamma * q * log_q - rest
    slope = sign * w * rest**gamma * inner
    bend = w * q * (rest ** (gamma + 1) * (gamma * log_q + gamma + 1) - gamma * rest**gamma * inner)
    return -w * rest**gamma * log_q, slope, np.maximum(bend, _HESSIAN_MIN * w)


class BoostedBody:
    """LightGBM with the focal loss as its objective; the stop slice decides how many trees help.

    Parameters
    ----------
    **settings
        ``n_estimators`` 500, ``learning_rate`` 0.03, ``num_leaves`` 15, ``min_data_in_leaf`` 40,
        ``bagging_fraction`` and ``feature_fraction`` 0.85, ``patience`` 50, ``random_state`` 42.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = _DEFAULTS | settings
        self.booster: lgb.Booster | None = None

    def fit(self, X: Features, hit: Bools, stop_X: Features, stop_hit: Bools) -> Self:
        """Learn; see :class:`~augury.models.signals.body.Body`."""
        weight = weight_of_hits(hit)

        def objective(said: Floats, rows: lgb.Dataset) -> tuple[Floats, Floats]:
            return focal_terms(said, np.asarray(rows.get_label()) > 0.5, weight)[1:]

        def measured(said: Floats, rows: lgb.Dataset) -> tuple[str, float, bool]:
            came = np.asarray(rows.get_label()) > 0.5
            return "focal", float(focal_terms(said, came, weight)[0].mean()), False

        own = {key: value for key, value in self.settings.items() if key not in ("n_estimators", "patience")}
        parameters = own | {
            "objective": objective, "metric": "none", "bagging_freq": 1, "max_bin": 63, "num_threads": 1,
            "deterministic": True, "force_col_wise": True, "verbosity": -1,
        }  # fmt: skip
        rows = lgb.Dataset(X, hit.astype(np.float64), params={"max_bin": 63, "verbosity": -1})
        late = lgb.Dataset(stop_X, stop_hit.astype(np.float64), reference=rows)
        stop = lgb.early_stopping(self.settings["patience"], verbose=False)
        made = lgb.train(parameters, rows, self.settings["n_estimators"], [late], feval=measured, callbacks=[stop])
        # Read back from its own text, so that a kept body answers the same to the last bit.
        self.booster = lgb.Booster(model_str=made.model_to_string(num_iteration=made.best_iteration))
        return self

    def logits(self, X: Features) -> Floats:
        """Score rows."""
        assert self.booster is not None
        return np.asarray(self.booster.predict(X, raw_score=True, num_threads=1), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write the trees as text and the settings as JSON."""
        assert self.booster is not None
        (folder / _MODEL).write_text(self.booster.model_to_string(), encoding="utf-8")
        (folder / _SETTINGS).write_text(canonical_json(self.settings) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        CorruptArtifact
            The text of the trees can not be read.
        """
        made = cls(**json.loads((folder / _SETTINGS).read_text(encoding="utf-8")))
        try:
            made.booster = lgb.Booster(model_str=(folder / _MODEL).read_text(encoding="utf-8"))
        except lgb.basic.LightGBMError as error:
            raise CorruptArtifact(f"{folder / _MODEL} holds no trees: {error}") from error
        return made


BODY = BoostedBody

"""The models of windows by name; an alias means one class, never another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from augury.core.errors import UnknownName
from augury.core.seeds import DEFAULT_SEED
from augury.core.suggestion import did_you_mean


def _logreg(seed: int, **settings: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    from augury.models.windows.flat import FlatWindows

    return FlatWindows(LogisticRegression(**({"C": 0.01, "max_iter": 500, "random_state": seed} | settings)))


def _rf(seed: int, **settings: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    from augury.models.windows.flat import FlatWindows

    usual = {"n_estimators": 1000, "class_weight": "balanced_subsample", "random_state": seed, "n_jobs": 1}
    return FlatWindows(RandomForestClassifier(**(usual | settings)))


def _lgbm(seed: int, **settings: Any) -> Any:
    from lightgbm import LGBMClassifier

    from augury.models.windows.flat import FlatWindows

    usual = {"n_estimators": 200, "num_leaves": 15, "learning_rate": 0.05, "min_child_samples": 5, "random_state": seed,
             "n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}  # fmt: skip
    return FlatWindows(LGBMClassifier(**(usual | settings)))


def _xgb(seed: int, **settings: Any) -> Any:
    from augury.core.extras import require
    from augury.models.windows.flat import FlatWindows

    kind = require("xgboost", extra="xgboost").XGBClassifier
    usual = {"n_estimators": 200, "max_depth": 4, "learning_rate": 0.1, "random_state": seed, "n_jobs": 1}
    return FlatWindows(kind(**(usual | settings)))


def _simple_lstm(seed: int, **settings: Any) -> Any:
    from augury.models.deep.windows.simple_lstm import SimpleLSTM

    return SimpleLSTM(random_state=seed, **settings)


def _production_simple_lstm(seed: int, **settings: Any) -> Any:
    from augury.models.deep.windows.simple_lstm import ProductionSimpleLSTM

    return ProductionSimpleLSTM(random_state=seed, **settings)


def _cnn_transformer(seed: int, **settings: Any) -> Any:
    from augury.models.deep.windows.classifier import WindowClassifier

    return WindowClassifier("cnn_transformer", random_state=seed, **settings)


WINDOW_MODELS: Final[dict[str, Callable[..., Any]]] = {
    "cnn_transformer": _cnn_transformer,
    "lgbm": _lgbm,
    "logreg": _logreg,
    "production_simple_lstm": _production_simple_lstm,
    "relative_transform_lstm": _simple_lstm,
    "rf": _rf,
    "simple_lstm": _simple_lstm,
    "xgb": _xgb,
}
"""``relative_transform_lstm`` is ``simple_lstm``: the relative features are its default."""


def window_model(name: str, seed: int = DEFAULT_SEED, **settings: Any) -> Any:
    """Build an unfitted model of windows.

    Parameters
    ----------
    name : str
        Of ``WINDOW_MODELS``.
    seed : int
    **settings
        What differs from its defaults.

    Raises
    ------
    UnknownName
        With the nearest name.
    MissingExtra
        Its package is not installed.
    """
    if name not in WINDOW_MODELS:
        hint = did_you_mean(name, WINDOW_MODELS)
        raise UnknownName(f"unknown window model '{name}'{hint} (known: {', '.join(WINDOW_MODELS)})", name=name)
    return WINDOW_MODELS[name](seed, **settings)

"""Augury: market bars into forecasts that prove themselves.

Names load on first use: ``import augury`` touches neither a model library nor the disk.

Examples
--------
>>> import augury
>>> "RelativeFeatureTransform" in dir(augury)
True
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "augury.bootstrap": (
        "forecast",
        "open_workspace",
        "train_all_timeframes_all_symbols",
        "train_ensemble_for_symbol_timeframe",
    ),
    "augury.core.labelspec": ("LABELS", "LabelSpec"),
    "augury.core.recipe": ("Recipe",),
    "augury.data.feeds.collect": ("collect_training_data",),
    "augury.data.canonical.normalize": ("normalize",),
    "augury.data.demo": ("load_demo",),
    "augury.data.synthetic": ("SyntheticMarket",),
    "augury.data.validation.validator": ("DataValidator", "ValidationResult"),
    "augury.features.relative": ("RelativeFeatureTransform",),
    "augury.labels.direction": ("create_labels",),
    "augury.labels.integrity": ("validate_data_integrity",),
    "augury.labels.splits": ("WalkForward", "prepare_train_validation_split"),
    "augury.labels.windows": ("extract_windows",),
    "augury.models.ensemble.optimizer": ("EnsembleWeightOptimizer",),
    "augury.models.trainer": ("ModelTrainer",),
    "augury.records.loader": ("EnsembleLoader", "get_production_ensemble_with_trained_weights"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF), "__version__", "errors"]


def __getattr__(name: str) -> Any:
    if name == "errors":
        value = importlib.import_module("augury.core.errors")
    elif name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module 'augury' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})

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
    "augury.learning.losses": ("get_custom_objects", "register_custom_objects"),
    "augury.learning.losses.focal": ("FocalLoss",),
    "augury.learning.losses.focal_with_alpha": ("FocalLossWithAlpha",),
    "augury.learning.losses.multi_horizon_rank_preserving": ("MultiHorizonRankPreservingLoss",),
    "augury.learning.losses.rank_preserving": ("RankPreservingLoss",),
    "augury.learning.optim.adabelief": ("AdaBelief",),
    "augury.models.ensemble.optimizer": ("EnsembleWeightOptimizer",),
    "augury.models.deep.windows.simple_lstm": ("ProductionSimpleLSTM", "SimpleLSTM"),
    "augury.models.trainer": ("ModelTrainer",),
    "augury.proof.drift.metrics": ("PerformanceMetrics",),
    "augury.runs.durable.training_jobs": (
        "download_results",
        "get_job_metrics",
        "is_job_complete",
        "run_training_pipeline",
        "submit_training_job",
    ),
    "augury.runs.registry.legacy": ("ModelPaths",),
    "augury.runs.registry.model_registry": ("ModelRegistry",),
    "augury.runs.monitoring.alerts.rule": ("Alert",),
    "augury.runs.monitoring.model_monitor": ("ModelMonitor", "setup_monitoring"),
    "augury.records.registry.loader": ("EnsembleLoader", "get_production_ensemble_with_trained_weights"),
    "augury.runs.monitoring.daily_check": (
        "fetch_actual_results",
        "fetch_yesterday_forecasts",
        "run_daily_drift_check",
    ),
    "augury.runs.monitoring.drift_monitor": ("DriftMonitor",),
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

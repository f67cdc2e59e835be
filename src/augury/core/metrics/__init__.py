"""metrics: the one set of rulers of the whole product.

Plain arrays in, a float out; a metric that is undefined on the rows is NaN. One group a file:
``classification``, ``calibration``, ``ranking``, ``regression``, ``intervals``, ``uncertainty``
(closed forms), ``bootstrap`` (drawn again in blocks) and ``comparison`` (two forecasters).
"""

from augury.core.metrics.bootstrap import block_length, bootstrap_difference, bootstrap_mean
from augury.core.metrics.calibration import ReliabilityBin, ece, reliability
from augury.core.metrics.classification import (
    accuracy,
    balanced_accuracy,
    brier,
    confusion,
    direction,
    log_loss,
    precision_recall_f1,
)
from augury.core.metrics.comparison import diebold_mariano
from augury.core.metrics.intervals import coverage, crps_draws, crps_normal, pinball, pit, width, winkler
from augury.core.metrics.ranking import ic, ic_by_day, icir, rank_ic
from augury.core.metrics.regression import bias, mae, r2_vs_zero, rmse
from augury.core.metrics.uncertainty import effective_rows, fisher_interval, noise_floor, wilson

__all__ = [
    "ReliabilityBin",
    "accuracy",
    "balanced_accuracy",
    "bias",
    "block_length",
    "bootstrap_difference",
    "bootstrap_mean",
    "brier",
    "confusion",
    "coverage",
    "crps_draws",
    "crps_normal",
    "diebold_mariano",
    "direction",
    "ece",
    "effective_rows",
    "fisher_interval",
    "ic",
    "ic_by_day",
    "icir",
    "log_loss",
    "mae",
    "noise_floor",
    "pinball",
    "pit",
    "precision_recall_f1",
    "r2_vs_zero",
    "rank_ic",
    "reliability",
    "rmse",
    "width",
    "wilson",
    "winkler",
]

"""metrics: the one set of rulers of the whole product.

Plain arrays in, a float out; a metric that is undefined on the rows is NaN. One group a file:
``classification``, ``calibration``, ``ranking``, ``regression``, ``intervals``, ``uncertainty``
(closed forms), ``bootstrap`` (drawn again in blocks), ``bca`` (Sharpe ratio and drawdown),
``comparison`` (two forecasters), ``newey_west`` (one mean), ``selection`` (the best of many) and
``performance`` (series of returns).
"""

from augury.core.metrics.bca import drawdown_interval, sharpe_interval
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
from augury.core.metrics.newey_west import newey_west
from augury.core.metrics.ranking import ic, ic_by_day, icir, rank_ic, rank_ic_rows
from augury.core.metrics.regression import bias, mae, r2, r2_vs_zero, rmse
from augury.core.metrics.selection import (
    best_sharpe_of_noise,
    deflated_sharpe,
    expected_best,
    overfitting,
    probabilistic_sharpe,
)
from augury.core.metrics.uncertainty import effective_rows, fisher_interval, noise_floor, wilson

__all__ = [
    "ReliabilityBin",
    "accuracy",
    "balanced_accuracy",
    "best_sharpe_of_noise",
    "bias",
    "block_length",
    "bootstrap_difference",
    "bootstrap_mean",
    "brier",
    "confusion",
    "coverage",
    "crps_draws",
    "crps_normal",
    "deflated_sharpe",
    "diebold_mariano",
    "direction",
    "drawdown_interval",
    "ece",
    "effective_rows",
    "expected_best",
    "fisher_interval",
    "ic",
    "ic_by_day",
    "icir",
    "log_loss",
    "mae",
    "newey_west",
    "noise_floor",
    "overfitting",
    "pinball",
    "pit",
    "precision_recall_f1",
    "probabilistic_sharpe",
    "r2",
    "r2_vs_zero",
    "rank_ic",
    "rank_ic_rows",
    "reliability",
    "rmse",
    "sharpe_interval",
    "width",
    "wilson",
    "winkler",
]

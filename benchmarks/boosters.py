"""XGBoost or LightGBM? Equal trees, depth, rate, rows, splits and seeds, compared in pairs; a JSON line a panel.

    python benchmarks/boosters.py [--data FILE ...] [--symbols-every 1] [--set starter] [--seeds 0 1 2]

Needs ``pip install "augury[xgboost]"``. Without ``--data`` the bundled series are asked (package arch: two
indices). Both learn the base label from the same purged walk-forward folds, on one thread. ``difference`` is
XGBoost less LightGBM: the mean over the days of a figure of each day, with its 95 % interval by blocks of days
kept in pairs. A log loss below 0 speaks for XGBoost; accuracy and RankIC speak for it above 0. RankIC needs
twenty names a day, and stands beside its deflated value for the configurations this command scored.

Equal settings are not equal steps: with K classes the curvature XGBoost divides by is 2 p (1 - p), LightGBM's is
K / (K - 1) p (1 - p). ``lightgbm_step`` is LightGBM with rate, penalty and least curvature times 3/4, which makes
its steps those of XGBoost.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.labelspec import LabelSpec, base_label
from augury.core.metrics.bootstrap import block_length, bootstrap_difference
from augury.core.metrics.classification import log_losses
from augury.core.metrics.ranking import ic_by_day
from augury.core.protocols import Member
from augury.core.tables import LabelledTable
from augury.core.typing import Json
from augury.features import build
from augury.labels import attach
from augury.labels.splits import WalkForward
from augury.models import MEMBERS
from augury.models.alignment import align_proba
from augury.models.tabular.gb import GradientBoosting
from augury.proof.selection import deflate

TREES, DEPTH, RATE, SHARE, HESSIAN, BINS, RIDGE = 100, 4, 0.05, 0.85, 5.0, 64, 1.0
TRAIN_DAYS_EVERY: Final = 5
"""Outcomes of five bars overlap: every fifth date of the past teaches almost all there is to learn."""


class EqualLightGBM(GradientBoosting):
    """The ``gb`` member with the sampling, bins and penalties of the ``xgboost`` member."""

    step = 1.0

    def _parameters(self) -> Json:
        return super()._parameters() | {
            "learning_rate": RATE * self.step, "min_sum_hessian_in_leaf": HESSIAN * self.step,
            "lambda_l2": RIDGE * self.step, "min_data_in_leaf": 1, "max_bin": BINS,
            "bagging_fraction": SHARE, "bagging_freq": 1, "feature_fraction": SHARE,
        }  # fmt: skip


class EqualStep(EqualLightGBM):
    """The same with the steps of XGBoost."""

    step = 0.75


def main() -> None:
    """Compare on every panel and print one JSON line each."""
    asked = _arguments()
    for name, bars in _panels(asked.data, asked.symbols_every):
        print(json.dumps(compare(name, bars, asked.set, asked.seeds)), flush=True)


def compare(name: str, bars: Bars, feature_set: str, seeds: list[int]) -> dict[str, Any]:
    """Fit both on every fold with every seed; days are compared in pairs, the mean over the seeds of each."""
    ahead, threshold = base_label(bars.timeframe)
    spec = LabelSpec(bars.timeframe, f"{ahead}d", ahead, threshold)
    table = attach(build(bars, feature_set), bars, spec).known()
    daily, seconds, by_seed = {}, {}, {}
    for model, make in MODELS.items():
        start = time.perf_counter()
        runs = [_walk(table, make, seed) for seed in seeds]
        seconds[model] = round(time.perf_counter() - start, 1)
        daily[model] = {figure: np.mean([run[figure] for run in runs], axis=0) for figure in runs[0]}
        by_seed[model] = [round(float(run["log_loss"].mean()), 5) for run in runs]
    return {
        "bench": "boosters", "panel": name, "symbols": len(bars.symbols), "features": len(table.manifest.names),
        "rows": len(table), "seeds": len(seeds), "seconds": seconds, "log_loss_by_seed": by_seed,
        **{figure: _figure({model: found[figure] for model, found in daily.items()}, ahead, figure, len(seeds))
           for figure in daily[FIRST]},
    }  # fmt: skip


def _walk(table: LabelledTable, make: Callable[[int], Member], seed: int) -> dict[str, np.ndarray]:
    """One value a day and figure over all scored folds."""
    parts = []
    date = table.frame["ts"].rank("dense").to_numpy()
    X, y = table.X, table.y
    for train, test in WalkForward().split(table):
        learned = train[date[train] % TRAIN_DAYS_EVERY == 0]
        member = make(seed).fit(X[learned], y[learned])
        proba = align_proba(member.predict_proba(X[test]), member.classes_)
        parts.append(table.frame[test].select("ts", "fwd_ret").with_columns(
            loss=log_losses(y[test], proba), hit=(proba.argmax(axis=1) - 1) == y[test], score=proba[:, 2] - proba[:, 0],
        ))  # fmt: skip
    rows = pl.concat(parts)
    days = rows.group_by("ts").agg(pl.col("loss").mean(), pl.col("hit").mean()).sort("ts")
    found = {"log_loss": days["loss"].to_numpy(), "accuracy": days["hit"].to_numpy()}
    ranked = ic_by_day(
        rows["score"].to_numpy(), rows["fwd_ret"].to_numpy(), rows["ts"].to_physical().to_numpy(), ranked=True
    )
    return found | ({"rank_ic": ranked} if len(ranked) else {})


def _xgboost(seed: int) -> Member:
    kind: Any = MEMBERS.load("xgboost")
    member: Member = kind(
        n_estimators=TREES, learning_rate=RATE, max_depth=DEPTH, min_child_weight=HESSIAN, subsample=SHARE,
        colsample=SHARE, reg_lambda=RIDGE, random_state=seed,
    )  # fmt: skip
    return member


FIRST: Final = "xgboost"
MODELS: Final[dict[str, Callable[[int], Member]]] = {
    FIRST: _xgboost,
    "lightgbm": lambda seed: EqualLightGBM(n_estimators=TREES, max_depth=DEPTH, random_state=seed),
    "lightgbm_step": lambda seed: EqualStep(n_estimators=TREES, max_depth=DEPTH, random_state=seed),
}


def _figure(daily: dict[str, np.ndarray], ahead: int, figure: str, seeds: int) -> dict[str, Any]:
    """Means of every model, and XGBoost less each of the others on the same days."""
    found: dict[str, Any] = {"days": len(daily[FIRST])}
    if figure == "rank_ic":
        every = np.column_stack(list(daily.values()))
        tried = {"trials": len(daily) * seeds, "metric": "rank_ic", "others": every, "horizon_bars": ahead}
        found |= {model: deflate(series, **tried).text() for model, series in daily.items()}
    else:
        found |= {model: round(float(series.mean()), 5) for model, series in daily.items()}
    for model in list(daily)[1:]:
        low, high = bootstrap_difference(daily[FIRST], daily[model], block_length(len(daily[FIRST]), ahead))
        value = float((daily[FIRST] - daily[model]).mean())
        found[f"less {model}"] = [round(one, 5) for one in (value, low, high)]
    return found


def _panels(files: list[Path], every: int) -> list[tuple[str, Bars]]:
    from augury.data.canonical.normalize import normalize
    from augury.data.sources.arch import SOURCE

    if not files:
        return [("arch", SOURCE.load())]
    return [(path.stem, _thinned(normalize(path).bars, every)) for path in files]


def _thinned(bars: Bars, every: int) -> Bars:
    """Every k-th symbol by name: which ones does not depend on how they fared."""
    kept = bars.frame["symbol"].unique().sort().gather_every(every).to_list()
    return bars.with_frame(bars.frame.filter(pl.col("symbol").is_in(kept)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="files of daily bars")
    parser.add_argument("--symbols-every", type=int, default=1, help="take every k-th symbol by name")
    parser.add_argument("--set", default="starter", help="feature set")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


if __name__ == "__main__":
    main()

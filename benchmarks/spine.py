"""The spine, measured: train, weigh, judge, register and forecast a panel; one JSON line.

    python benchmarks/spine.py [--data FILE] [--symbols 24] [--horizons 5d 15d 30d]

The peer in the same run is plain scikit-learn under joblib on the same matrices: a random forest of
200 trees and a gradient boosting of 100 stages, both with the settings of the members ``rf`` and ``gb``.
Without ``--data`` the seeded synthetic market stands in for a real panel, and the line says so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

from augury.bootstrap import open_workspace
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.labels.splits import time_ordered
from augury.models import MEMBERS
from augury.runs.cells import Cell, plan_cells
from augury.runs.executors.pool import Pool
from augury.runs.forecasts.forecasting import forecast
from augury.runs.intake import bars_of, import_file
from augury.runs.jobs.train import label_cell
from augury.runs.training import train
from augury.runs.workspace import Workspace

RATIO_CELLS = 4


def main() -> None:
    """Run every part and print one JSON line."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        with open_workspace(folder) as workspace:
            symbols = _fill(workspace, asked)
            cells = plan_cells(symbols, ["d1"], asked.horizons)
            recipe = Recipe(name="spine", members={"rf": {}, "gb": {}, "lgbm": {}}, horizons=tuple(asked.horizons))
            start = time.perf_counter()
            outcomes = list(train(workspace, cells, recipe, executor=Pool(asked.workers)))
            train_s = time.perf_counter() - start
            served = [outcome.cell for outcome in outcomes if outcome.exit_code == 0]
            children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        start = time.perf_counter()
        with Workspace.open(Settings.load({"data_dir": folder})) as workspace:
            bundles = forecast(workspace, served)
            forecast_s = time.perf_counter() - start
            ours, theirs = _ratio(workspace, cells[:: max(1, len(cells) // RATIO_CELLS)][:RATIO_CELLS], recipe, asked)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdicts = [outcome.manifest.verdict.word for outcome in outcomes if outcome.manifest]
    fits = sum(len(recipe.members) * (recipe.folds + 1) for o in outcomes if o.manifest and o.manifest.weights)
    line = {
        "bench": "spine",
        "train_s": round(train_s, 1),
        "forecast_s": round(forecast_s, 2),
        # Worker processes live side by side: the parent and as many of the largest child as there were.
        "peak_mib": round((own + asked.workers * children) / 1024),
        "fits_per_min": round(fits / train_s * 60, 1),
        "sklearn_ratio": round(ours / theirs, 2),
        "cells": len(cells),
        "served": len(served),
        "forecasts": sum(len(bundle.forecasts) for bundle in bundles),
        "verdicts": {word: verdicts.count(word) for word in sorted(set(verdicts))},
        "pairs_per_min": round(ours, 1),
        "sklearn_pairs_per_min": round(theirs, 1),
        "data": asked.data.name if asked.data else "synthetic",
        "python": sys.version.split()[0],
    }
    print(json.dumps(line))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="daily bars, any known layout")
    parser.add_argument("--symbols", type=int, default=24)
    parser.add_argument("--horizons", nargs="+", default=["5d", "15d", "30d"])
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def _fill(workspace: Workspace, asked: argparse.Namespace) -> list[str]:
    if asked.data is None:
        workspace.lake.write(SyntheticMarket(n_symbols=asked.symbols, n_bars=2300).bars())
    else:
        import_file(workspace.lake, asked.data, timeframe="d1")
    return [entry.symbol for entry in workspace.lake.entries()][: asked.symbols]


def _ratio(workspace: Workspace, cells: list[Cell], recipe: Recipe, asked: argparse.Namespace) -> tuple[float, float]:
    """RF + GB pairs a minute: our members on the pool's terms, then scikit-learn under joblib, same matrices."""
    from joblib import Parallel, delayed

    matrices = []
    for cell in cells:
        known = label_cell(bars_of(workspace.lake, cell.symbol, Timeframe.D1), cell, recipe).known()
        if len(known) >= 500:
            part = time_ordered(known, recipe.train_fraction).train
            matrices.append((part.X, part.y))
    rates = []
    for fit in (_fit_ours, _fit_sklearn):
        with Parallel(n_jobs=asked.workers, backend="loky") as parallel:
            parallel(delayed(np.zeros)(1) for _ in range(asked.workers))  # start the processes outside the clock
            parallel(delayed(fit)(X[:200], y[:200]) for X, y in matrices[:2])
            start = time.perf_counter()
            parallel(delayed(fit)(X, y) for X, y in matrices)
            rates.append(60 * len(matrices) / (time.perf_counter() - start))
    return rates[0], rates[1]


def _fit_ours(X: np.ndarray, y: np.ndarray) -> None:
    for name in ("rf", "gb"):
        MEMBERS.load(name)().fit(X, y)


def _fit_sklearn(X: np.ndarray, y: np.ndarray) -> None:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    same = {"min_samples_split": 10, "min_samples_leaf": 5, "random_state": 42}
    RandomForestClassifier(200, max_depth=15, class_weight="balanced", n_jobs=1, **same).fit(X, y)
    GradientBoostingClassifier(n_estimators=100, learning_rate=0.05, max_depth=7, **same).fit(X, y)


if __name__ == "__main__":
    main()

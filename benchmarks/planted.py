"""What is planted is found: the ensemble on markets whose truth is known, over several seeds; one JSON line.

    python benchmarks/planted.py [--seeds 8] [--ic 0.10] [--symbols 8] [--bars 2500] [--members logreg rf gb lgbm]

Each market has a signal whose correlation with the next day's return is
``ic``; the same is asked with 0. ``covered`` counts the intervals that hold the truth, ``found`` those that
also exclude 0, ``silent`` the markets without a signal whose interval holds 0, ``false_skill`` those that
were given a direction, ``better_without_signal`` those that beat the best baseline all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from augury.core.labelspec import LabelSpec
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket
from augury.features.engine import build
from augury.labels.attach import attach
from augury.labels.splits import time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members
from augury.runs.jobs.train import judge_split, select_scores

SETTINGS = {
    "logreg": {},
    "rf": {"n_estimators": 40, "max_depth": 8, "min_samples_leaf": 50},
    "gb": {"n_estimators": 40, "max_depth": 3},
    "lgbm": {"n_estimators": 150, "learning_rate": 0.05, "num_leaves": 7, "patience": 20},
}


def main() -> None:
    """Ask every market and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--ic", type=float, default=0.10)
    parser.add_argument("--symbols", type=int, default=8)
    parser.add_argument("--bars", type=int, default=2500)
    parser.add_argument("--members", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    asked = parser.parse_args()
    recipe = Recipe(name="planted", members={name: SETTINGS[name] for name in asked.members}, folds=3)
    start = time.perf_counter()
    seeds = range(11, 11 + asked.seeds)
    planted = [_ask(SyntheticMarket(asked.symbols, asked.bars, asked.ic, seed=seed), recipe) for seed in seeds]
    empty = [_ask(SyntheticMarket(asked.symbols, asked.bars, 0.0, seed=seed), recipe) for seed in seeds]
    line = {
        "bench": "planted",
        "ic": asked.ic,
        "members": asked.members,
        "symbols": asked.symbols,
        "bars": asked.bars,
        "seeds": asked.seeds,
        "ic_found_mean": round(statistics.mean(score.value for score, _ in planted), 4),
        "covered": sum(_holds(score, asked.ic) for score, _ in planted),
        "found": sum(_holds(score, asked.ic) and not _holds(score, 0.0) for score, _ in planted),
        "silent": sum(_holds(score, 0.0) for score, _ in empty),
        "false_skill": sum(verdict.word == "skill" for _, verdict in empty),
        "better_without_signal": sum(_passed(verdict, "NOT_BETTER") for _, verdict in empty),
        "intervals": [[round(score.low or 0, 3), round(score.high or 0, 3)] for score, _ in planted],
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(line))


def _ask(market: SyntheticMarket, recipe: Recipe) -> tuple[Score, Verdict]:
    bars = market.bars()
    spec = LabelSpec.of(Timeframe.D1, Horizon.parse("1d"), market_calendar(bars.calendar))
    split = time_ordered(attach(build(bars), bars, spec).known(), recipe.train_fraction)
    ensemble = Ensemble.fit(fit_members(split.train, recipe), recipe, spec)
    scores, verdict = judge_split(ensemble, split, select_scores(ensemble, split))
    return next(score for score in scores if (score.name, score.slice) == ("ic", "report")), verdict


def _passed(verdict: Verdict, code: str) -> bool:
    return any(gate.code == code and gate.passed for gate in verdict.gates)


def _holds(score: Score, truth: float) -> bool:
    return score.low is not None and score.high is not None and score.low <= truth <= score.high


if __name__ == "__main__":
    main()

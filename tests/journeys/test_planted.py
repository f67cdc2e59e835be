"""Learning is tested by learning: what was planted is found, and nothing is found where nothing was."""

from __future__ import annotations

import pytest

from augury.core.labelspec import LabelSpec
from augury.core.recipe import Recipe
from augury.core.score import Score
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket
from augury.features.engine import build
from augury.labels.attach import attach
from augury.labels.splits import time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members
from augury.runs.jobs.train import judge_split, select_scores

RECIPE = Recipe(
    name="planted",
    members={
        "logreg": {},
        "rf": {"n_estimators": 40, "max_depth": 8, "min_samples_leaf": 50},
        "gb": {"n_estimators": 40, "max_depth": 3},
        "lgbm": {"n_estimators": 150, "learning_rate": 0.05, "num_leaves": 7, "patience": 20},
    },
    folds=3,
)


def panel_ic(ic: float, seed: int) -> tuple[Score, str]:
    """Train one ensemble on a synthetic panel and return its report IC and verdict."""
    bars = SyntheticMarket(n_symbols=8, n_bars=2500, ic=ic, seed=seed).bars()
    spec = LabelSpec.of(Timeframe.D1, Horizon.parse("1d"), market_calendar(bars.calendar))
    split = time_ordered(attach(build(bars), bars, spec).known(), RECIPE.train_fraction)
    ensemble = Ensemble.fit(fit_members(split.train, RECIPE), RECIPE, spec)
    scores, verdict = judge_split(ensemble, split, select_scores(ensemble, split))
    return next(score for score in scores if (score.name, score.slice) == ("ic", "report")), verdict.word


@pytest.mark.slow
def test_a_planted_ic_of_a_tenth_is_found_within_its_interval() -> None:
    score, _ = panel_ic(0.10, seed=11)
    assert score.low is not None
    assert score.high is not None
    assert 0 < score.low <= 0.10 <= score.high


@pytest.mark.slow
def test_where_nothing_was_planted_nothing_is_reported() -> None:
    score, verdict = panel_ic(0.0, seed=11)
    assert score.low is not None
    assert score.high is not None
    assert score.low <= 0 <= score.high
    assert verdict == "calibrated_only"

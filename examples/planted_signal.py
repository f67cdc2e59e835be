"""Is the machinery able to find a signal, and does it stay silent without one? Ask a market whose truth is known.

python examples/planted_signal.py
"""

from __future__ import annotations

from augury import LabelSpec, Recipe, SyntheticMarket
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import market_calendar
from augury.features import build
from augury.labels import attach, time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members
from augury.runs.jobs.train import judge_split, select_scores

recipe = Recipe(name="planted", members={"logreg": {}, "gb": {"n_estimators": 40, "max_depth": 3}}, folds=3)
for planted in (0.10, 0.0):
    bars = SyntheticMarket(n_symbols=8, n_bars=2500, ic=planted, seed=11).bars()
    spec = LabelSpec.of(Timeframe.D1, Horizon.parse("1d"), market_calendar(bars.calendar))
    split = time_ordered(attach(build(bars), bars, spec).known(), recipe.train_fraction)
    ensemble = Ensemble.fit(fit_members(split.train, recipe), recipe, spec)
    scores, verdict = judge_split(ensemble, split, select_scores(ensemble, split))
    found = next(score for score in scores if (score.name, score.slice) == ("ic", "report"))
    print(f"planted IC {planted:.2f}: found {found.text()}, verdict {verdict.word}")

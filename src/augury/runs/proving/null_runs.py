"""The pipeline of a recipe on null data: the same members and the same ensemble, smaller."""

from __future__ import annotations

import inspect
from typing import Final

from augury.core.bars import Bars
from augury.core.recipe import Recipe
from augury.core.score import GateResult, Score
from augury.core.seeds import derive
from augury.core.tables import LabelledTable
from augury.labels.splits import time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.members import RECIPE_MEMBERS
from augury.models.training import fit_members
from augury.proof.null_data import RANDOM_WALK, TABLE_KINDS, null_table, random_walk
from augury.proof.null_gates import null_gates
from augury.runs.cells import Cell
from augury.runs.jobs.train import judge_split, label_cell

DRAWS: Final = 2
BARS: Final = 1500
FOLDS: Final = 2
TREES: Final = 40


def small(recipe: Recipe) -> Recipe:
    """Return a recipe of the same members that fits in a second: fewer bars, folds and trees.

    Examples
    --------
    >>> small(Recipe(members={"rf": {}, "logreg": {}})).members
    {'rf': {'n_estimators': 40}, 'logreg': {}}
    """
    members = {}
    for name, settings in recipe.members.items():
        known = inspect.signature(RECIPE_MEMBERS.load(name)).parameters
        trees = settings.get("n_estimators", known["n_estimators"].default if "n_estimators" in known else None)
        members[name] = settings if trees is None else settings | {"n_estimators": min(int(trees), TREES)}
    return recipe.replace(
        members=members, folds=min(recipe.folds, FOLDS), max_bars=min(recipe.max_bars, BARS), horizons=[]
    )


def null_gates_of(bars: Bars, cell: Cell, recipe: Recipe) -> tuple[GateResult, ...]:
    """Ask a recipe's pipeline what it finds where there is nothing.

    Parameters
    ----------
    bars : Bars
        Of the cell's symbol; the shuffled and the noisy tables are made from them, the random walk
        takes their days.
    cell : Cell
    recipe : Recipe
        Of the version; :func:`small` of it is fitted.

    Returns
    -------
    tuple of GateResult
        One for each kind of null data.
    """
    chosen = small(recipe)
    known = label_cell(bars, cell, chosen).known()
    seeds = [derive(chosen.seed, "null", str(draw)) for draw in range(DRAWS)]
    tables = {kind: [null_table(known, kind, seed) for seed in seeds] for kind in TABLE_KINDS}
    tables[RANDOM_WALK] = [label_cell(random_walk(bars, seed), cell, chosen).known() for seed in seeds]

    def pipeline(table: LabelledTable) -> tuple[Score, ...]:
        split = time_ordered(table, chosen.train_fraction)
        ensemble = Ensemble.fit(fit_members(split.train, chosen), chosen, table.spec)
        return judge_split(ensemble, split, ())[0]

    return null_gates(tables, pipeline)

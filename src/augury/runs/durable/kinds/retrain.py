"""Train every cell that serves again, with the recipe its champion was made by: the monthly retrain.

What passes its gates serves at once. With ``shadow`` it forecasts beside the champion first, unseen, and the daily
job ``challenge`` promotes or rejects it on matured forecasts; champions then grow older than a month, so that
``max_age_days`` must leave room for the trial.
"""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import NotTrained
from augury.core.typing import Json
from augury.records.registry.aliases import CHAMPION
from augury.runs.cells import Cell
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.durable.kinds.train import finish, parts_of, recipe_of, task, write


def plan(bench: Bench) -> Sequence[Json]:
    """One part a champion that was asked for.

    Raises
    ------
    NotTrained
        There is none.
    """
    settings, versions = bench.job.settings, bench.workspace.store.versions
    recipe = recipe_of(settings["recipe"]) if settings["recipe"] else None
    wanted = {
        Cell(row.symbol, row.timeframe, row.horizon): recipe or row.manifest.recipe
        for row in versions.list(alias=CHAMPION)
        if (not settings["symbols"] or row.symbol in settings["symbols"])
        and (not settings["timeframes"] or row.timeframe in settings["timeframes"])
    }
    if not wanted:
        raise NotTrained("no champion fits what was asked for", fix="augury models list")
    return parts_of(bench.workspace, wanted)


KIND = Kind(
    title="Train every cell that serves again",
    plan=plan,
    task=task,
    write=write,
    notes_failures=True,
    finish=finish,
    settings={"symbols": [], "timeframes": [], "horizons": [], "recipe": "", "forecast": False, "shadow": False},
    queue=HEAVY,
    time_limit_s=4 * 3600.0,
)

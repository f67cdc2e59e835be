"""Judge every champion again on the rows it was judged on: the weekly validation."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.records.registry.aliases import CHAMPION
from augury.runs.durable.kind import Bench, Kind
from augury.runs.proving.validation import revalidated


def plan(bench: Bench) -> Sequence[Json]:
    """One part a champion that was asked for; none is no fault, there is then nothing to judge."""
    settings = bench.job.settings
    return [
        {
            "name": f"{row.symbol} {row.timeframe} {row.horizon}",
            "version": [row.symbol, row.timeframe, row.horizon, row.version],
        }
        for row in bench.workspace.store.versions.list(alias=CHAMPION)
        if (not settings["symbols"] or row.symbol in settings["symbols"])
        and (not settings["timeframes"] or row.timeframe in settings["timeframes"])
    ]


def make(bench: Bench, part: Json) -> Json:
    """Judge one champion; nothing is written.

    Raises
    ------
    GateRefused
        A gate refuses it now, or its scores are not reproduced.
    DataError
        The bars it was trained on were revised: there is nothing to judge it on.
    """
    bench.check()
    row = bench.workspace.store.versions.get(*part["version"])
    found = revalidated(bench.workspace, row, null=bench.job.settings["null"])
    if (refusal := found.refusal) is not None:
        raise refusal
    return {"text": f"{found.verdict.word}, scores as stored", "verdict": found.verdict.word, "version": found.version}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count the champions that passed and those that did not."""
    failed = sum("error" in said for said in results)
    return {"passed": len(results) - failed, "failed": failed}


KIND = Kind(
    title="Judge champions again, every gate",
    plan=plan,
    make=make,
    finish=finish,
    settings={"symbols": [], "timeframes": [], "null": False},
    time_limit_s=3600.0,
)

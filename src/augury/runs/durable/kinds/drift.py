"""Judge a day for drift and write a row for every cell; judged again, the day's rows are the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.runs.durable.kind import Bench, Kind
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.registry.emergency import cases


def plan(bench: Bench) -> Sequence[Json]:
    """One part: the day that is judged, all cells together, since the tests are held to one level.

    Raises
    ------
    UsageError
        Not a date.
    """
    day = bench.job.settings["day"]
    try:
        date.fromisoformat(day or "2000-01-03")
    except ValueError as error:
        raise UsageError(f"day={day} is not a date, e.g. 2026-11-20", fix="augury jobs kinds") from error
    return [{"name": day or "last weekday", "day": day}]


def make(bench: Bench, part: Json) -> Json:
    """Judge the day as of the job's moment and write its rows."""
    day = date.fromisoformat(part["day"]) if part["day"] else None
    report = run_daily_drift_check(bench.job.settings["symbols"], workspace=bench.workspace, day=day)
    told: Json = json.loads(json.dumps(report.to_json(), default=str))
    return told


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Say the report's sentence and how many cells alert; the emergency loop follows where it has something to do."""
    told = {name: results[0][name] for name in ("day", "text", "exit_code")}
    wanted = any(row["action"].endswith("retrain") for row in results[0]["rows"])
    if wanted or any(case.open for case in cases(bench.workspace)):
        told["emergency_job"] = bench.follow("emergency", {"day": told["day"]}).id
    return told


KIND = Kind(
    title="Judge the last day for drift",
    plan=plan,
    make=make,
    finish=finish,
    settings={"symbols": [], "day": ""},
    time_limit_s=1800.0,
)

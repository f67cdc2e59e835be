"""Measure what runs and tell people; a step that is done again tells nobody twice."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.runs.durable.kind import Bench, Kind
from augury.runs.monitoring.model_monitor import setup_monitoring


def plan(bench: Bench) -> Sequence[Json]:
    """One part: everything the store can tell."""
    return [{"name": "monitor"}]


def make(bench: Bench, part: Json) -> Json:
    """Check the rules and send what is to be sent."""
    found = setup_monitoring(bench.workspace).check()
    told = [{"rule": one.rule, "subject": one.subject, "message": one.message} for one in found.told]
    return {"text": f"{found.checked} checked, told {len(told)}", "told": told, "checked": found.checked}


KIND = Kind(title="Check the alerts and tell people", plan=plan, make=make, time_limit_s=600.0)

"""Targets beside what is."""

from __future__ import annotations

from datetime import datetime

from augury.runs.monitoring import targets as held
from augury.service.access import tenants_seen
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.strict import Answer


class TargetAnswer(Answer):
    """One target: what should be (``wanted``) and what is (``text``, with its n and the interval of a rate).

    ``value`` is a share for ``hit_rate`` and ``coverage80``, else a count; it and ``met`` are null while too little
    is known. ``low`` and ``high`` are the ends of the 95 % interval, ``baseline`` what a rule without skill reached.
    """

    name: str
    wanted: str
    value: float | None
    met: bool | None
    text: str
    n: int
    low: float | None
    high: float | None
    baseline: float | None


class Targets(Answer):
    """The targets, held against the store at ``checked_at``; jobs are those the caller may see."""

    checked_at: datetime
    targets: list[TargetAnswer]


def targets(backend: Backend, caller: Caller) -> Targets:
    """Hold the targets against the store."""
    found = held.targets(backend.workspace, tenants_seen(caller))
    rows = [TargetAnswer(**{name: getattr(one, name) for name in TargetAnswer.model_fields}) for one in found]
    return Targets(checked_at=backend.workspace.clock.now(), targets=rows)

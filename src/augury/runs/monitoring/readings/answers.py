"""Whether what is said still depends on the bars: collapse, one-sided habits and dead heads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from augury.core.typing import Json
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.monitoring.produced import habits_among, spoken
from augury.runs.workspace import Workspace


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    found = []
    serving = workspace.store.drift.served(now)
    for (symbol, timeframe), horizons in groupby(serving, key=lambda one: (one.symbol, one.timeframe)):
        rows: list[Json] = []
        looked_at = 0
        for one in horizons:
            said = spoken(workspace, one)
            looked_at += len(said)
            habits = habits_among(workspace, said)
            rows += [
                {"horizon": one.horizon, "version": one.version, "n": len(said), **habit.to_json()} for habit in habits
            ]
        if looked_at:
            found.append(Measured(f"{symbol} {timeframe}", {"bad_habits": float(len(rows))}, rows))
    return found


READING: Final = Reading(("bad_habits",), _read)

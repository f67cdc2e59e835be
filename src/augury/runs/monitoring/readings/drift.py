"""How many features of each cell moved beyond their limits, as the newest check found it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from augury.core.typing import Json
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.monitoring.readings._cells import served_cells
from augury.runs.workspace import Workspace

SHOWN: Final = 5


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    found = []
    for symbol, timeframe in served_cells(workspace, now):
        shifts = workspace.store.drift.features(symbol, timeframe)
        if not shifts:
            continue
        moved = [one for one in shifts if one.flagged]
        rows: list[Json] = [{"features": len(shifts), "flagged": len(moved)}]
        rows += [{"feature": one.feature, "psi": one.psi, "limit": one.limit} for one in moved[:SHOWN]]
        found.append(Measured(f"{symbol} {timeframe}", {"drift_score": len(moved) / len(shifts)}, rows))
    return found


READING: Final = Reading(("drift_score",), _read)

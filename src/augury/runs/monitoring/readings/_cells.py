"""Which symbols and timeframes are served."""

from __future__ import annotations

from datetime import datetime

from augury.runs.workspace import Workspace


def served_cells(workspace: Workspace, now: datetime) -> dict[tuple[str, str], str]:
    """Return (symbol, timeframe) to the calendar it follows, for everything that has a champion."""
    return {(one.symbol, one.timeframe): str(one.manifest["calendar"]) for one in workspace.store.drift.served(now)}

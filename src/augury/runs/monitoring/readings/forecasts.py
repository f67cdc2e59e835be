"""Whether forecasts still come after every session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.monitoring.readings._cells import served_cells
from augury.runs.workspace import Workspace

GRACE: Final = timedelta(hours=2)
"""After a close: bars must arrive, forecasts be made."""
ROWS: Final = 100
"""Newest forecasts of a symbol and timeframe, among which the newest bar is looked for."""


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    found = []
    for (symbol, timeframe), calendar in served_cells(workspace, now).items():
        rows = workspace.store.ledger.list(symbol, timeframe, limit=ROWS)
        live = [row for row in rows if "replay" not in row.forecast.flags]
        # Replays of bundled history: there is no newer bar to wait for.
        if rows and not live:
            continue
        until = max((row.forecast.data_until for row in live), default=None)
        missed = None if until is None else _missed(calendar, Timeframe.parse(timeframe), until, now)
        said = {"data_until": until, "sessions_missed": missed}
        found.append(Measured(f"{symbol} {timeframe}", {"sessions_missed": missed}, [said]))
    return found


def _missed(calendar: str, timeframe: Timeframe, until: datetime, now: datetime) -> float:
    """Count the sessions (weeks for w1) that closed since the newest bar a forecast used."""
    market = market_calendar(calendar)
    closes = market.schedule(until - timedelta(days=1), now).sort("closes_at")
    if timeframe is Timeframe.W1:
        closes = closes.group_by(closes["session"].dt.truncate("1w").alias("week")).last()
    passed = closes.filter((closes["closes_at"] > until) & (closes["closes_at"] <= now - GRACE))
    return float(len(passed))


READING: Final = Reading(("sessions_missed",), _read)

"""Forecast again where the market has moved away, shortly after the bars of the hour have come."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Forecast again what no longer fits its market: it moved, it turned, or hours of trading have passed.",
    "refresh",
    Cron("20 * * * *"),
)

"""Verify every byte of the store, on the first day of the quarter."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Verify every byte of the store, on the first day of the quarter.", "audit", Cron("0 8 1 1,4,7,10 *")
)

"""Verify the store and remove what dead processes left and what never served, on the first of the month."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Verify the store and remove what dead processes left and what never served, on the first of the month.",
    "maintain",
    Cron("0 8 1 * *"),
)

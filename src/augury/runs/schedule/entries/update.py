"""Fetch the bars that have closed, every hour; markets that are shut are not asked about."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Fetch the bars that have closed, every hour; markets that are shut are not asked about.",
    "update",
    Cron("5 * * * *"),
)

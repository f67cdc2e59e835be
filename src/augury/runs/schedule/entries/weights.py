"""Refit the weights of the champions; the members stay as they are."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Refit the weights of the champions; the members stay as they are.", "weights", Cron("0 5 * * MON")
)

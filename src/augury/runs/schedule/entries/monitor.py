"""Measure what runs, and tell people what began and what ended."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry("Measure what runs, and tell people what began and what ended.", "monitor", Cron("0 6,18 * * *"))

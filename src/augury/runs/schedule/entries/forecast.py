"""Forecast after every session of every market that something is served of."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import AfterClose, Entry

ENTRY: Final = Entry(
    "Forecast after every session of every market that something is served of.", "forecast", AfterClose(15)
)

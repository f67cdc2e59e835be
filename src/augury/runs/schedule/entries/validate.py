"""Judge every champion again, every gate, on Sunday."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry("Judge every champion again, every gate, on Sunday.", "validate", Cron("0 7 * * SUN"))

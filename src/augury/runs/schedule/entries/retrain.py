"""Train every cell that serves again, on the first of the month."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry("Train every cell that serves again, on the first of the month.", "retrain", Cron("0 0 1 * *"))

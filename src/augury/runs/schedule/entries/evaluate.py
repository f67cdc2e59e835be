"""Score the forecasts whose moment has come."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry("Score the forecasts whose moment has come.", "evaluate", Cron("45 * * * *"))

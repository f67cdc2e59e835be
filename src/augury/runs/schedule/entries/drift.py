"""Judge the last day for drift; its forecasts were scored a quarter of an hour before."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry(
    "Judge the last day for drift; its forecasts were scored a quarter of an hour before.",
    "drift",
    Cron("0 10 * * MON-FRI"),
)

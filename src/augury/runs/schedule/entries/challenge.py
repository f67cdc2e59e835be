"""Hold challengers against champions, once the day was judged for drift."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Cron, Entry

ENTRY: Final = Entry("Hold challengers against their champions.", "challenge", Cron("30 10 * * MON-FRI"))

"""What happens when: entries of the schedule, their due times, and who submits them exactly once."""

from __future__ import annotations

from augury.core.catalog import Catalog
from augury.runs.schedule.entry import Entry

ENTRIES: Catalog[Entry] = Catalog("entry of the schedule", ("augury.runs.schedule.entries",), "ENTRY")

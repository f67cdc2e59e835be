"""Whether a cell is in an emergency: withdrawn or being retrained, and how far that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from augury.records.loop.journal import Entry
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.workspace import Workspace

KIND: Final = "emergency"
OVER: Final = ("promoted", "closed")
SHOWN: Final = 5
"""Newest steps of a case that are told."""


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    steps: dict[str, list[Entry]] = {}
    for entry in workspace.store.journal.list(KIND):
        steps.setdefault(entry.subject, []).append(entry)
    return [_measured(subject, entries) for subject, entries in sorted(steps.items())]


def _measured(subject: str, entries: Sequence[Entry]) -> Measured:
    rows = [{"id": one.id, "at": one.at.isoformat(), "step": one.data["step"], "text": one.text} for one in entries]
    return Measured(subject, {"emergency": float(entries[-1].data["step"] not in OVER)}, rows[-SHOWN:])


READING: Final = Reading(("emergency",), _read)
"""``emergency``: 1 while a case is open."""

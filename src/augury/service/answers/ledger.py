"""The ledger itself: how much was written when."""

from __future__ import annotations

from datetime import date

from augury.service.backend import Backend
from augury.service.strict import Answer


class LedgerDay(Answer):
    """Rows written on one UTC day."""

    day: date
    rows: int


class LedgerDays(Answer):
    """Days on which something was written, the newest first; ``rows`` counts all days."""

    rows: int
    days: list[LedgerDay]


def ledger_days(backend: Backend, limit: int = 30) -> LedgerDays:
    """Count the rows of each day."""
    found = backend.workspace.store.ledger.per_day()
    days = [LedgerDay(day=day, rows=rows) for day, rows in list(found.items())[:limit]]
    return LedgerDays(rows=sum(found.values()), days=days)

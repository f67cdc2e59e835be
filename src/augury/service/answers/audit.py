"""Who did what in a tenant."""

from __future__ import annotations

from datetime import datetime

from augury.core.typing import Json
from augury.records.accounts.audit_trail import Act
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer


class ActAnswer(Answer):
    """One line: who (``actor``) did what (``action``) to what (``subject``)."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str | None
    data: Json


class AuditPage(Answer):
    """Lines of the audit trail, the newest first; ``next`` is the cursor of the page behind this one."""

    acts: list[ActAnswer]
    next: str | None


def audit(backend: Backend, caller: Caller, *, cursor: str | None = None, limit: int = 100) -> AuditPage:
    """Return lines of the caller's tenant.

    Raises
    ------
    UsageError
        The cursor belongs to another question.
    """
    question = {"of": "audit", "tenant": caller.tenant_id}
    after = read_cursor(cursor, question, int)
    trail = backend.workspace.store.audit_trail
    rows = trail.list(caller.tenant_id, before=after[0] if after else None, limit=limit + 1)
    more = write_cursor(question, [rows[limit - 1].id]) if len(rows) > limit else None
    return AuditPage(acts=[act_answer(row) for row in rows[:limit]], next=more)


def act_answer(row: Act) -> ActAnswer:
    """Say one line."""
    return ActAnswer(
        id=row.id, at=row.at, actor=row.actor, action=row.action, subject=row.subject, request_id=row.request_id,
        data=row.data,
    )  # fmt: skip

"""Who did what: sign-ins, keys, promotions; only added to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from augury.core.clock import Clock
from augury.core.typing import Json
from augury.records.account_tables import audit_trail
from augury.records.database import reading, transaction


@dataclass(frozen=True, slots=True)
class Act:
    """One line: who (``actor``) did what (``action``) to what (``subject``)."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str | None
    data: Json


@dataclass(frozen=True)
class AuditTrail:
    """The audit trail of a store."""

    engine: Engine
    clock: Clock

    def add(
        self, tenant_id: str, actor: str, action: str, subject: str, *, request_id: str | None = None,
        data: Json | None = None,
    ) -> None:  # fmt: skip
        """Write one line."""
        said = {
            "tenant_id": tenant_id, "at": self.clock.now(), "actor": actor, "action": action, "subject": subject,
            "request_id": request_id, "data_json": data or {},
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(audit_trail).values(**said))

    def list(self, tenant_id: str, *, before: int | None = None, limit: int = 100) -> Sequence[Act]:
        """Return the lines of a tenant, the newest first."""
        wanted = select(audit_trail).where(audit_trail.c.tenant_id == tenant_id)
        wanted = wanted if before is None else wanted.where(audit_trail.c.id < before)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(audit_trail.c.id.desc()).limit(limit)).all()
        return [Act(row.id, row.at, row.actor, row.action, row.subject, row.request_id, row.data_json) for row in rows]

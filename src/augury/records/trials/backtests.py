"""Backtests that were kept: settings, report and curves, each belonging to a tenant."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select

from augury.core.clock import Clock
from augury.core.errors import NotFound
from augury.core.typing import Json
from augury.records.accounts.tables import backtests as table
from augury.records.database import reading, transaction


@dataclass(frozen=True, slots=True)
class StoredBacktest:
    """One backtest.

    Parameters
    ----------
    id : str
    tenant_id : str
    name : str
    settings : dict
        What it was run with.
    report : dict
        The tear sheet as JSON, with its curves.
    data_hash : str or None
        Of the bars.
    made_by : str
    made_at : datetime
    """

    id: str
    tenant_id: str
    name: str
    settings: Json
    report: Json
    data_hash: str | None
    made_by: str
    made_at: datetime


@dataclass(frozen=True)
class Backtests:
    """The backtests of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    """

    engine: Engine
    clock: Clock

    def add(
        self, tenant_id: str, name: str, settings: Json, report: Json, *, data_hash: str | None, by: str
    ) -> StoredBacktest:
        """Keep a backtest."""
        made = StoredBacktest(uuid.uuid4().hex, tenant_id, name, settings, report, data_hash, by, self.clock.now())
        values = {
            "id": made.id, "tenant_id": tenant_id, "name": name, "settings_json": settings, "report_json": report,
            "data_hash": data_hash, "made_by": by, "made_at": made.made_at,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(table).values(**values))
        return made

    def get(self, tenant_id: str, backtest_id: str) -> StoredBacktest:
        """Return a backtest of a tenant.

        Raises
        ------
        NotFound
            Unknown, or another tenant's: nobody can tell which.
        """
        wanted = select(table).where(table.c.id == backtest_id, table.c.tenant_id == tenant_id)
        with reading(self.engine) as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise NotFound("no such backtest", fix="GET /v1/backtests")
        return _read(found)

    def list(self, tenant_id: str, *, before: str | None = None, limit: int = 100) -> Sequence[StoredBacktest]:
        """Return the backtests of a tenant, the newest first; ``before`` an id those that are older."""
        wanted = select(table).where(table.c.tenant_id == tenant_id)
        if before is not None:
            last = self.get(tenant_id, before)
            same = (table.c.made_at == last.made_at) & (table.c.id < last.id)
            wanted = wanted.where((table.c.made_at < last.made_at) | same)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(table.c.made_at.desc(), table.c.id.desc()).limit(limit)).all()
        return [_read(row) for row in rows]


def _read(row: Row[Any]) -> StoredBacktest:
    return StoredBacktest(
        row.id, row.tenant_id, row.name, row.settings_json, row.report_json, row.data_hash, row.made_by, row.made_at
    )

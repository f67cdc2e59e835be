"""Watchlists: what a person watches, in an order of their own, merged field by field from all their devices."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select, update

from augury.core.clock import Clock
from augury.records.accounts.tables import watchlist
from augury.records.database import reading, transaction

FIELDS: Final = ("removed", "position", "note")


@dataclass(frozen=True, slots=True)
class Watched:
    """One symbol somebody watches.

    Parameters
    ----------
    symbol : str
    position : float
        Its place: smaller stands higher.
    note : str
    removed : bool
        Taken off; kept so that a device that was offline learns of it.
    stamps : dict
        Field to ``"<RFC 3339 moment> <device>"`` of its last writing; the larger text wins.
    updated_at : datetime
    """

    symbol: str
    position: float
    note: str
    removed: bool
    stamps: dict[str, str]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WatchChange:
    """One field of one symbol, as a device wrote it.

    Parameters
    ----------
    symbol : str
    field : str
        ``note``, ``position`` or ``removed``.
    value : str, float or bool
    at : datetime
        When, by the device's clock; a moment in the future counts as now.
    device : str
        Decides between two writings of one moment.
    """

    symbol: str
    field: str
    value: str | float | bool
    at: datetime
    device: str


@dataclass(frozen=True)
class Watchlist:
    """The watchlists of a store."""

    engine: Engine
    clock: Clock

    def list(self, user_id: str, *, removed: bool = False) -> Sequence[Watched]:
        """Return what a person watches in their order; with ``removed`` also what was taken off."""
        wanted = select(watchlist).where(watchlist.c.user_id == user_id)
        wanted = wanted if removed else wanted.where(watchlist.c.removed == 0)
        with reading(self.engine) as connection:
            return [
                _watched(row) for row in connection.execute(wanted.order_by(watchlist.c.position, watchlist.c.symbol))
            ]

    def merge(self, user_id: str, tenant_id: str, changes: Sequence[WatchChange]) -> Sequence[Watched]:
        """Take in what a device wrote and return the whole list, what was removed included.

        Each field keeps its last writing, whatever order the devices come in: merging is commutative
        and may be repeated.
        """
        now = self.clock.now()
        with transaction(self.engine) as connection:
            for change in changes:
                _merge(connection, user_id, tenant_id, change, now)
        return self.list(user_id, removed=True)


def _merge(connection: Connection, user_id: str, tenant_id: str, change: WatchChange, now: datetime) -> None:
    here = (watchlist.c.user_id == user_id, watchlist.c.symbol == change.symbol)
    row = connection.execute(select(watchlist).where(*here)).one_or_none()
    # Of one zone and width, so that comparing the text compares the moment.
    stamp = f"{min(change.at, now).astimezone(UTC).isoformat(timespec='microseconds')} {change.device}"
    value = int(bool(change.value)) if change.field == "removed" else change.value
    if row is None:
        fresh: dict[str, Any] = {
            "id": secrets.token_hex(16), "tenant_id": tenant_id, "user_id": user_id, "symbol": change.symbol,
            "position": 0.0, "note": "", "removed": 0, "updated_at": now,
        }  # fmt: skip
        fresh |= {change.field: value, "stamps_json": {change.field: stamp}}
        connection.execute(insert(watchlist).values(**fresh))
    elif stamp >= row.stamps_json.get(change.field, ""):  # of one device and moment the later one to come
        stamps = row.stamps_json | {change.field: stamp}
        said = {change.field: value, "stamps_json": stamps, "updated_at": now}
        connection.execute(update(watchlist).where(*here).values(**said))


def _watched(row: Row[Any]) -> Watched:
    return Watched(row.symbol, row.position, row.note, bool(row.removed), row.stamps_json, row.updated_at)

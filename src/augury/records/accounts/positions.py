"""Paper positions: what a person decided to hold and when; prices come from the lake, never from here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.records.accounts.tables import positions
from augury.records.database import reading, transaction


@dataclass(frozen=True, slots=True)
class PaperPosition:
    """One decision to hold and perhaps the one to end it.

    Parameters
    ----------
    id, user_id : str
    symbol, timeframe : str
    quantity : float
        Shares; below 0 is short.
    entry_price, exit_price : float
        The last close known when it was decided; fills happen later, at the next open.
    opened_at, closed_at : datetime
        When it was decided.
    forecast_id : int or None
        The row of the ledger it came from.
    """

    id: str
    user_id: str
    symbol: str
    timeframe: str
    quantity: float
    entry_price: float
    opened_at: datetime
    exit_price: float | None
    closed_at: datetime | None
    forecast_id: int | None


@dataclass(frozen=True)
class Positions:
    """The paper positions of a store."""

    engine: Engine
    clock: Clock

    def list(self, user_id: str) -> Sequence[PaperPosition]:
        """Return the positions of a person, the oldest first."""
        wanted = select(positions).where(positions.c.user_id == user_id)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(positions.c.opened_at, positions.c.id)).all()
        return [_position(row) for row in rows]

    def get(self, position_id: str, user_id: str) -> PaperPosition:
        """Return one position of a person.

        Raises
        ------
        NotFound
            There is none, or it is somebody else's: both read the same.
        """
        wanted = select(positions).where(positions.c.id == position_id, positions.c.user_id == user_id)
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(f"no position {position_id}")
        return _position(row)

    def open(
        self, user_id: str, tenant_id: str, symbol: str, timeframe: str, quantity: float, price: float,
        forecast_id: int | None = None,
    ) -> PaperPosition:  # fmt: skip
        """Write down a decision to hold."""
        made = {
            "id": secrets.token_hex(16), "tenant_id": tenant_id, "user_id": user_id, "symbol": symbol,
            "timeframe": timeframe, "quantity": quantity, "entry_price": price, "opened_at": self.clock.now(),
            "exit_price": None, "closed_at": None, "forecast_id": forecast_id,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(positions).values(**made))
        return self.get(str(made["id"]), user_id)

    def close(self, position_id: str, user_id: str, price: float) -> PaperPosition:
        """Write down a decision to end a position.

        Raises
        ------
        NotFound
        UsageError
            It has ended already.
        """
        if self.get(position_id, user_id).closed_at is not None:
            raise UsageError(f"position {position_id} has ended already")
        said = {"exit_price": price, "closed_at": self.clock.now()}
        here = (positions.c.id == position_id, positions.c.closed_at.is_(None))
        with transaction(self.engine) as connection:
            connection.execute(update(positions).where(*here).values(**said))
        return self.get(position_id, user_id)


def _position(row: Row[Any]) -> PaperPosition:
    found = row._mapping
    return PaperPosition(**{name: found[name] for name in PaperPosition.__slots__})

"""Controls: the switches that people set, and that every later process obeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.journal import add_entry
from augury.records.loop.tables import controls as table

PAUSE: Final = "pause:"
PIN: Final = "pin:"
ABSTAIN: Final = "abstain:"


@dataclass(frozen=True, slots=True)
class Control:
    """One switch that is on.

    Parameters
    ----------
    name : str
        ``pause:forecast``, ``pin:SPY d1 5d``, ``abstain:SPY d1 5d`` …
    value : dict
        What it holds: a ``reason``, the ``version`` of a pin or of what must abstain.
    set_by : str
    set_at : datetime
    """

    name: str
    value: Json
    set_by: str
    set_at: datetime

    @property
    def subject(self) -> str:
        """What it switches: the name after the colon.

        Examples
        --------
        >>> Control("pause:forecast", {}, "ann", datetime(2026, 11, 21)).subject
        'forecast'
        """
        return self.name.partition(":")[2]


@dataclass(frozen=True)
class Controls:
    """The switches of a store; one that is absent is off.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when a switch was set.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.records.store import Store
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     paused = store.controls.pause("forecast", by="ann", reason="bad feed")
    ...     store.controls.is_paused("forecast"), store.controls.is_paused("train"), store.controls.resume("forecast")
    (True, False, True)
    """

    engine: Engine
    clock: Clock

    def set(self, name: str, value: Json, *, by: str) -> Control:
        """Switch on, and journal it; a switch that was on holds the new value from now on."""
        if not name or not by:
            raise UsageError(f"a control needs a name and who sets it; found '{name}' by '{by}'")
        kind, _, subject = name.partition(":")
        at = self.clock.now()
        row = {"value_json": value, "set_by": by, "set_at": at}
        with transaction(self.engine) as connection:
            moved = connection.execute(update(table).where(table.c.name == name).values(**row))
            if not moved.rowcount:
                connection.execute(insert(table).values(name=name, **row))
            held = ", ".join(f"{key} {held}" for key, held in value.items() if held)
            told = f"{kind} of {subject} set by {by}{f': {held}' if held else ''}"
            add_entry(connection, at, kind, subject, "warning", told, {**value, "by": by})
        return Control(name, value, by, at)

    def clear(self, name: str, *, by: str = "cli") -> bool:
        """Switch off, and journal it; False when it was off."""
        kind, _, subject = name.partition(":")
        with transaction(self.engine) as connection:
            if not connection.execute(delete(table).where(table.c.name == name)).rowcount:
                return False
            told = f"{kind} of {subject} ended by {by}"
            add_entry(connection, self.clock.now(), kind, subject, "info", told, {"by": by})
            return True

    def get(self, name: str) -> Control | None:
        """Return a switch, None when it is off."""
        with reading(self.engine) as connection:
            found = connection.execute(select(table).where(table.c.name == name)).one_or_none()
        return None if found is None else _control(found)

    def list(self, prefix: str = "") -> Sequence[Control]:
        """Return the switches that are on and whose name begins with ``prefix``, by name."""
        with reading(self.engine) as connection:
            found = connection.execute(select(table).order_by(table.c.name)).all()
        # Signs of life stand in the same table (``records.loop.heartbeats``); nobody set them.
        return [_control(row) for row in found if row.name.startswith(prefix) and not row.name.startswith("worker:")]

    def pause(self, kind: str, *, by: str, reason: str = "") -> Control:
        """Hold back every job of a kind, e.g. ``forecast``, until :meth:`resume`."""
        return self.set(PAUSE + kind, {"reason": reason}, by=by)

    def resume(self, kind: str, *, by: str = "cli") -> bool:
        """Let a kind of job run again; False when it was not paused."""
        return self.clear(PAUSE + kind, by=by)

    def is_paused(self, kind: str) -> bool:
        """True while a kind of job is held back."""
        return self.get(PAUSE + kind) is not None

    def pin(self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str, reason: str = "") -> Control:
        """Refuse to let any other version become the champion of a cell, until :meth:`unpin`."""
        return self.set(_pin(symbol, timeframe, horizon), {"version": version, "reason": reason}, by=by)

    def unpin(self, symbol: str, timeframe: str, horizon: str, *, by: str = "cli") -> bool:
        """Let promotions decide again; False when nothing was pinned."""
        return self.clear(_pin(symbol, timeframe, horizon), by=by)

    def silence(self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str, reason: str) -> Control:
        """Let a version that serves a cell abstain; another version of the cell speaks again."""
        return self.set(f"{ABSTAIN}{symbol} {timeframe} {horizon}", {"version": version, "reason": reason}, by=by)

    def silenced(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version of a cell that must abstain."""
        with reading(self.engine) as connection:
            return must_abstain(connection, symbol, timeframe, horizon)

    def pinned(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version a cell is pinned to."""
        with reading(self.engine) as connection:
            return pinned_version(connection, symbol, timeframe, horizon)


def must_abstain(connection: Connection, symbol: str, timeframe: str, horizon: str) -> str | None:
    """Return the version of a cell that names no direction, inside a transaction."""
    return _version_of(connection, f"{ABSTAIN}{symbol} {timeframe} {horizon}")


def pinned_version(connection: Connection, symbol: str, timeframe: str, horizon: str) -> str | None:
    """Return the version a cell is pinned to, inside a transaction that obeys it."""
    return _version_of(connection, _pin(symbol, timeframe, horizon))


def _version_of(connection: Connection, name: str) -> str | None:
    found = connection.execute(select(table.c.value_json).where(table.c.name == name)).scalar_one_or_none()
    return None if found is None else str(found["version"])


def _pin(symbol: str, timeframe: str, horizon: str) -> str:
    return f"{PIN}{symbol} {timeframe} {horizon}"


def _control(row: Row[Any]) -> Control:
    return Control(row.name, row.value_json, row.set_by, row.set_at)

"""What every table is made of: its schema, and column types that mean the same in SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Column, DateTime, Dialect, Integer, MetaData, String, Text
from sqlalchemy.types import TypeDecorator

from augury.core.errors import DataError
from augury.core.hashing import canonical_json

NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""Every constraint has a name, so that a later migration can find it in both databases."""
HASH: Final = String(64)

metadata = MetaData(naming_convention=NAMING)


def key() -> Column[int]:
    """The surrogate key of a table."""
    return Column("id", Integer, primary_key=True)


class UtcTime(TypeDecorator[datetime]):
    """A moment, timezone-aware and in UTC on both sides.

    SQLite keeps text of fixed width without zone, so that comparing the text compares the time;
    PostgreSQL keeps ``timestamptz``. A naive datetime is refused: it would mean another moment on
    another machine.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise DataError(f"{value} has no time zone: records hold UTC moments only")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back on the way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as its canonical text, the text that is hashed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write canonical JSON; non-finite numbers are refused."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the JSON text."""
        return None if value is None else json.loads(value)

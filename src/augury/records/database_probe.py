"""A quick look at whether the database can be written, without writing anything."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, text

from augury.core.errors import StoreBusy
from augury.records.database import BUSY_TIMEOUT_MS, WRITER_LOCK, named_errors

PATIENCE_MS: Final = 1000
"""A writer is done in milliseconds: one that holds the database longer than this holds it up."""


def check_writable(engine: Engine, patience_ms: int = PATIENCE_MS) -> None:
    """Take the writer's place for a moment and give it back.

    Raises
    ------
    StoreBusy
        Somebody else has held it for longer than ``patience_ms``.
    TemporaryError, StorageFull, CorruptStore
        As in ``database.transaction``.
    """
    with named_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = '{patience_ms}ms'"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
            return
        raw = connection.connection.driver_connection
        if raw is None:
            raise StoreBusy("no connection to the database")
        try:
            raw.execute(f"PRAGMA busy_timeout={patience_ms}")
            with connection.execution_options(writes=True).begin() as writing:
                writing.rollback()
        finally:
            raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

"""The database: how it is opened, how it is written, and what its errors are called here.

SQLite in WAL mode by default, PostgreSQL by URL. On both there is **one writer at a time** (SQLite
by its own lock, PostgreSQL by an advisory lock), so that a chain of hashes can have one end only.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from augury.core.errors import AuguryError, CorruptStore, StorageFull, StoreBusy, StoreError, TemporaryError, UsageError
from augury.core.extras import require
from augury.core.settings import mask

BUSY_TIMEOUT_MS: Final = 5000
CONNECT_TIMEOUT_S: Final = 5
_PAUSE_S: Final = 0.01
WRITER_LOCK: Final = 0x61756775
"""Key of PostgreSQL's advisory lock ("augu"): whoever holds it is the one writer of the store."""
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power fails, and a
    # ledger that forgets its newest rows is a ledger that can be rewritten.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
_SQLITE: Final[tuple[tuple[str, type[AuguryError]], ...]] = (
    (r"SQLITE_(BUSY|LOCKED)", StoreBusy),
    (r"SQLITE_(NOTADB|CORRUPT)|SQLITE_IOERR_(SHORT_READ|CORRUPTFS|DATA)", CorruptStore),
    (r"SQLITE_(FULL|READONLY|CANTOPEN|PERM|IOERR)", StorageFull),
    (r"SQLITE_CONSTRAINT", StoreError),
)
_POSTGRES: Final[tuple[tuple[str, type[AuguryError]], ...]] = (
    (r"55P03|40001|40P01", StoreBusy),
    (r"XX00[12]", CorruptStore),
    (r"53[12]00|25006|42501", StorageFull),
    (r"23|P0001", StoreError),
    (r"08|57|53|$", TemporaryError),
)
_FIXES: Final[dict[type[AuguryError], str]] = {CorruptStore: "augury doctor", StorageFull: "augury doctor"}


def open_engine(url: str) -> Engine:
    """Open the engine of a database; nothing is connected yet.

    Parameters
    ----------
    url : str
        ``sqlite:////absolute/path.db`` or ``postgresql+psycopg://user:password@host/name``.

    Raises
    ------
    UsageError
        Another kind of database, or not a URL.
    MissingExtra
        PostgreSQL was asked for and its driver is not installed.

    Examples
    --------
    >>> open_engine("mysql://localhost/augury")
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: database 'mysql://localhost/augury' is neither sqlite nor postgresql+psycopg ...
    """
    try:
        parsed = make_url(url)
        if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
            raise NoSuchModuleError(parsed.drivername)
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(
            f"database '{mask(url)}' is neither sqlite nor postgresql+psycopg", fix="augury show-config"
        ) from error
    return _sqlite(parsed) if parsed.drivername == "sqlite" else _postgres(parsed)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # Transactions are begun by us: the driver's own begin would take the write lock too late.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            _patiently(connection, pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _patiently(connection: sqlite3.Connection, pragma: str) -> None:
    # Entering WAL mode and leaving it (the last process closes) take a lock for which SQLite does
    # not wait by itself, whatever busy_timeout says: two processes that start at once would fail.
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)


def _postgres(url: URL) -> Engine:
    require("psycopg", extra="jobs")
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S})


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Write in one transaction, as the only writer; all of it is kept or none.

    Raises
    ------
    StoreBusy
        Another process has been writing for more than five seconds.
    StorageFull
        No space, or a place that may not be written.
    CorruptStore
        The file is damaged or is no database.
    StoreError
        A rule of the database refused a row, e.g. the ledger is append-only.
    TemporaryError
        The server cannot be reached.
    """
    with named_errors(engine), engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_MS}ms'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read in one transaction: everything read belongs to one moment. Errors as in :func:`transaction`."""
    with named_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def named_errors(engine: Engine) -> Iterator[None]:
    """Turn errors of the drivers into the errors of ``core.errors``; the one place that knows them."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(f"no free connection to {_place(engine)}") from error
    except DBAPIError as error:
        if (found := _kind(error)) is None:
            raise
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        raise found(f"{_WORDS[found]} {_place(engine)}: {reason}", fix=_FIXES.get(found, "")) from error


_WORDS: Final[dict[type[AuguryError], str]] = {
    StoreBusy: "another process holds",
    CorruptStore: "damaged database",
    StorageFull: "cannot write",
    StoreError: "refused by",
    TemporaryError: "cannot reach",
}


def _kind(error: DBAPIError) -> type[AuguryError] | None:
    name = getattr(error.orig, "sqlite_errorname", None)
    rules, code = (_POSTGRES, getattr(error.orig, "sqlstate", None) or "") if name is None else (_SQLITE, name)
    return next((kind for pattern, kind in rules if re.match(pattern, code)), None)


def _place(engine: Engine) -> str:
    return mask(engine.url.render_as_string(hide_password=True))


def check_integrity(engine: Engine) -> None:
    """Let the database look for damage in its own pages (SQLite; PostgreSQL has checksums of its own).

    Raises
    ------
    CorruptStore
        With the first damage found.
    """
    if engine.dialect.name != "sqlite":
        return
    with reading(engine) as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if found != "ok":
        raise CorruptStore(f"damaged database {_place(engine)}: {found}", fix="augury doctor")

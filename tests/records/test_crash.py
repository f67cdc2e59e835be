"""kill -9 at every step of publish -> register -> forecast; two processes at once; trap S04."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from augury.records.store import Store

# Runs in a process of its own, which forks a child for every crash point. The child does the whole
# way from staging to the ledger and kills itself just before its Nth call that makes something
# durable, a commit also just after it. What is left is judged by its parent.
SWEEP = """
import json, os, shutil, signal, sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

sys.path.insert(0, sys.argv[1])
import conftest as make
from augury.core.clock import FixedClock
from augury.records.store import Store

folder, url = Path(sys.argv[2]), sys.argv[3]
later = make.NOW + timedelta(days=1)
open_store = lambda place, at=make.NOW: Store.open(place, url, clock=FixedClock(at))


def work(store):
    manifest = make.write_version(store, created_at=later, answer=2)
    said = [make.make_forecast(manifest, later + timedelta(hours=i)) for i in range(3)]
    store.ledger.append(said, later)


def arm(store, point):
    calls = 0

    def step():
        nonlocal calls
        calls += 1
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def killing(function, after=False):
        def call(*arguments, **named):
            step()
            answer = function(*arguments, **named)
            if after:
                step()
            return answer

        return call

    for name in ("fsync", "rename", "replace", "mkdir", "unlink"):
        setattr(os, name, killing(getattr(os, name)))
    dialect = store.engine.dialect
    execute = dialect.do_execute

    def do_execute(cursor, statement, *rest, **named):
        if statement.startswith(("INSERT", "UPDATE")):
            step()
        execute(cursor, statement, *rest, **named)

    dialect.do_execute = do_execute
    dialect.do_commit = killing(dialect.do_commit, after=True)


def judge(store, old):
    store.artifacts.sweep()
    assert [*(store.artifacts.root / ".staging").iterdir()] == [], "leftovers"
    store.ledger.verify().require()
    champion = store.versions.champion("^GSPC", "d1", "5d")
    for row in store.versions.list():
        path, manifest = store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
        assert manifest == row.manifest
    rows = store.ledger.list()
    new = [row for row in rows if row.forecast.version != old.version]
    assert len(rows) - len(new) == 3
    assert len(new) in (0, 3), "half a batch"
    assert not new or champion != old.version, "forecasts of a version that does not answer"
    return ("old" if champion == old.version else "new") + (" forecast" if new else "")


base = folder / "base"
store = open_store(base)
old = make.write_version(store, answer=1)
store.ledger.append([make.make_forecast(old, make.NOW + timedelta(hours=i)) for i in range(3)], make.NOW)
store.close()

def fresh(place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(base, place)

seen, point, last = [], 0, False
while not last:
    point += 1
    place = folder / "run"
    fresh(place)
    child = os.fork()
    if child == 0:
        store = open_store(place, later)
        arm(store, point)
        work(store)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    last = status == 0
    assert last or os.WTERMSIG(status) == signal.SIGKILL, status
    store = open_store(place, later)
    seen.append(judge(store, old))
    work(store)
    assert judge(store, old) == "new forecast", "the work cannot be done again"
    if url:
        with store.engine.begin() as connection:
            for statement in json.loads(sys.argv[4]):
                connection.execute(text(statement))
    store.close()
print(json.dumps(seen))
"""

# Back to the base state: the triggers are lifted, since this is the one thing they forbid.
RESTORE = [
    "ALTER TABLE forecasts DISABLE TRIGGER USER",
    "ALTER TABLE forecast_heads DISABLE TRIGGER USER",
    "DELETE FROM forecasts WHERE seq > 3",
    "UPDATE forecast_heads SET seq = 3, row_hash = (SELECT row_hash FROM forecasts WHERE seq = 3)",
    "ALTER TABLE forecasts ENABLE TRIGGER USER",
    "ALTER TABLE forecast_heads ENABLE TRIGGER USER",
    "UPDATE aliases SET version_id = 1",
    "DELETE FROM alias_log WHERE version_id > 1",
    "DELETE FROM model_versions WHERE id > 1",
    "UPDATE model_versions SET status = 'promoted'",
]


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_version_whole(data_dir, database_url):
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, here, data_dir, database_url, json.dumps(RESTORE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    assert seen == sorted(seen, key=["old", "new", "new forecast"].index)
    assert len(seen) > 20
    assert {*seen} == {"old", "new", "new forecast"}


OPENING = """
import sys, time
from pathlib import Path
from augury.records.store import Store
import alembic.command
print("ready", flush=True)
sys.stdin.readline()
Store.open(Path(sys.argv[1]), sys.argv[2]).close()
"""

WRITING = """
import sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import conftest as make
from augury.records.store import Store
with Store.open(Path(sys.argv[1]), sys.argv[2]) as store:
    manifest = store.versions.list()[0].manifest
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(12):
        moment = make.NOW + timedelta(minutes=i)
        alike, own = (make.make_forecast(manifest, moment, current_price=float(p)) for p in (9, sys.argv[4]))
        store.ledger.append([alike, own], make.NOW)
"""


def together(code: str, *arguments: list[str]) -> None:
    """Start one process per list of arguments, let them go at the same moment, expect them to succeed."""
    running = [
        subprocess.Popen([sys.executable, "-c", code, *given], stdin=-1, stdout=-1, stderr=-1, text=True)
        for given in arguments
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n", process.communicate()
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr[-2000:]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_processes_may_open_a_fresh_store_at_once(data_dir, database, request):
    url = "" if database == "sqlite" else request.getfixturevalue("postgres_database")()
    together(OPENING, *[[str(data_dir), url]] * 2)
    with Store.open(data_dir, url) as store:
        assert store.ledger.verify().require().rows == 0


def test_two_writers_never_fork_the_chain_and_lose_nothing(data_dir, database_url, store, make):
    make.version(store)
    here = str(Path(__file__).parent)
    together(WRITING, *([str(data_dir), database_url, here, price] for price in ("1", "2")))
    check = store.ledger.verify().require()
    # 12 moments, said alike by both once, and at a price of its own by each.
    assert (check.rows, check.cells) == (36, 1)
    assert [row.seq for row in store.ledger.list()] == [*range(36, 0, -1)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_interrupted_writer_leaves_the_store_free(data_dir, store, make):
    code = f"""
import os, signal
from pathlib import Path
from sqlalchemy import text
from augury.records.database import transaction
from augury.records.store import Store
with transaction(Store.open(Path({str(data_dir)!r})).engine) as connection:
    connection.execute(text("INSERT INTO symbols (ticker) VALUES ('HALF')"))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    make.version(store)
    assert [row.symbol for row in store.versions.list()] == ["^GSPC"]

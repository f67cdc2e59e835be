"""What tests of the service and of the web have: a filled workspace, the site on it, and people who ask."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.core.settings import Settings
from augury.records.accounts.people import hashed
from augury.runs.workspace import Workspace
from augury.service.accounts import passwords
from augury.service.accounts.keys import HINT, new_key
from augury.service.accounts.passwords import hash_password
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

NOW = datetime(2026, 11, 16, 22, tzinfo=UTC)
"""An hour after the last bar of the filled folder closed."""
PASSWORD = "correct horse battery"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Answer on a free port of this machine, from a thread; yields the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(2000):
        if server.started:
            break
        threading.Event().wait(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as it is, with the smallest costs it takes."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", lambda: cheap)


@pytest.fixture
def workspace(seeded: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the filled folder; its clock stands still."""
    folder = tmp_path / "data"
    shutil.copytree(seeded, folder)
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    with Workspace.open(settings, clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def empty_workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh install: nothing is in it."""
    settings = Settings.load({"data_dir": tmp_path / "empty", "workers": 1}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(NOW)) as opened:
        yield opened


@pytest.fixture
def backend(workspace: Workspace) -> Iterator[Backend]:
    opened = Backend.open(workspace, ServiceConfig(hosts=("testserver", "localhost", "127.0.0.1")))
    yield opened
    opened.close()


@pytest.fixture
def client(backend: Backend) -> Iterator[TestClient]:
    """The whole site; what goes wrong inside is answered, not raised."""
    with TestClient(site(backend), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def keys(workspace: Workspace) -> dict[str, dict[str, str]]:
    """Headers of keys: one a scope in the home tenant, ``all`` of them, and ``other`` for a second tenant's admin."""
    other = workspace.store.people.add_tenant("other", plan="partner")
    scopes = {name: [name] for name in ("read", "predict", "train", "admin")}
    scopes |= {"all": ["read", "predict", "train", "admin"], "other": ["read", "predict", "train", "admin"]}
    made = {}
    for name, given in scopes.items():
        key = new_key()
        tenant = other.id if name == "other" else "home"
        workspace.store.api_keys.add(
            hashed(key), key[:HINT], tenant_id=tenant, user_id=None, name=f"{name} key", scopes=given
        )
        made[name] = {"authorization": f"Bearer {key}"}
    return made


@pytest.fixture
def signed_in(backend: Backend) -> Iterator[Callable[..., TestClient]]:
    """Sign a person in: ``signed_in("admin")`` is a client with their session, ``.csrf`` in its headers."""
    opened: list[TestClient] = []

    def enter(role: str = "reader", *, tenant_id: str = "home", name: str = "") -> TestClient:
        people = backend.workspace.store.people
        said = name or f"{role}-{len(opened)}"
        people.add_user(said, hash_password(PASSWORD), role, tenant_id)
        client = TestClient(site(backend), raise_server_exceptions=False, headers={"accept": "text/html"})
        opened.append(client)
        entered = client.post("/sign-in", data={"name": said, "password": PASSWORD})
        found = re.search(r'name="csrf" value="(\w+)"', entered.text)
        assert entered.status_code == 200, entered.text
        assert found is not None, "the page behind the door holds no csrf token"
        client.headers |= {"origin": "http://testserver", "x-csrf-token": found[1]}
        return client

    yield enter
    for client in opened:
        client.close()

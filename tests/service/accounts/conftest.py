"""An empty site on a fresh install, and people of two tenants who ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site
from site_fixtures import _cheap_passwords, empty_workspace, keys  # noqa: F401 - fixtures, found by their names


@pytest.fixture
def workspace(empty_workspace: Workspace) -> Workspace:  # noqa: F811
    """Nothing but accounts is asked for here."""
    return empty_workspace


@pytest.fixture
def backend(workspace: Workspace) -> Backend:
    return Backend.open(workspace, ServiceConfig(hosts=("testserver",)))


@pytest.fixture
def client(backend: Backend) -> Iterator[TestClient]:
    with TestClient(site(backend), raise_server_exceptions=False) as opened:
        yield opened

"""The API against its own document: no undocumented status, no answer outside its schema, no 500."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from augury.records.accounts.people import hashed
from augury.runs.workspace import Workspace
from augury.service.accounts.keys import HINT, new_key
from augury.service.app import api
from augury.service.backend import Backend
from augury.service.openapi import needed_scope, routes_of
from augury.service.routes import OPEN, ROUTES
from site_fixtures import serving

EXAMPLES = 2
"""Random requests an operation, beside one for every edge of its schema. Deeper: raise it by hand."""


@pytest.fixture
def address(backend: Backend) -> Iterator[str]:
    with serving(api(backend)) as found:
        yield found


@pytest.fixture
def key(workspace: Workspace) -> str:
    """A key that may everything, of a person: so that nothing is refused before it is looked at."""
    user = workspace.store.people.add_user("fuzz", "x", "admin")
    made = new_key()
    scopes = ["read", "predict", "train", "admin"]
    workspace.store.api_keys.add(
        hashed(made), made[:HINT], tenant_id="home", user_id=user.id, name="fuzz", scopes=scopes
    )
    return made


@pytest.mark.slow
def test_whatever_is_sent_the_answer_is_documented(address: str, key: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(Path(__file__).with_name("schemathesis.toml")),
        "run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {key}", "--continue-on-failure",
        "--max-examples", str(EXAMPLES), "--seed", "1", "--generation-deterministic", "--phases",
        "examples,coverage,fuzzing", "--exclude-path-regex", "/events$", "--request-timeout", "30", "--workers", "1",
        "--warnings", "off",
    ]  # fmt: skip
    # Only the server is measured: nothing of Augury runs in the process that asks.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=bare)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]


def test_every_operation_has_an_example_its_errors_and_its_scope(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for route in routes_of(ROUTES):
        for verb in route.methods or ():
            operation = document["paths"][route.path_format][verb.lower()]
            where = f"{verb} {route.path_format}"
            assert operation["summary"], where
            assert operation["description"], where
            assert {"400", "413", "421", "422", "500"} <= set(operation["responses"]), where
            if route.path_format not in OPEN:
                assert operation["x-scope"] == needed_scope(route), where
                assert {"401", "403", "429"} <= set(operation["responses"]), where
            for status, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    assert "example" in content or kind == "text/event-stream" or "csv" in kind or "plain" in kind, (
                        f"{where} {status} {kind}"
                    )


def test_no_two_operations_have_one_name(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    names = [operation["operationId"] for verbs in paths.values() for operation in verbs.values()]
    assert len(names) == len(set(names))

"""Nothing that opens a door is found in a log, in the database or in an answer that did not issue it."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any

import structlog
from fastapi.testclient import TestClient

from augury.cli.log_lines import processors
from augury.records.store import DATABASE_NAME
from augury.runs.workspace import Workspace
from augury.service.accounts.passwords import hash_password
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

Keys = dict[str, dict[str, str]]
PASSWORD = "correct horse battery"


def test_keys_sessions_codes_and_passwords_are_found_nowhere(workspace: Workspace, keys: Keys) -> None:
    log, said = io.StringIO(), []
    structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=log))
    workspace.store.people.add_user("ada", hash_password(PASSWORD), "admin")
    backend = Backend.open(workspace, ServiceConfig(hosts=("testserver",)))
    with TestClient(site(backend), raise_server_exceptions=False) as client:
        key = client.post(
            "/v1/keys", json={"name": "laptop", "scopes": ["read", "predict"]}, headers=keys["all"]
        ).json()["key"]
        code = client.post("/v1/users/invitations", json={}, headers=keys["all"]).json()["code"]
        client.post("/sign-in", data={"name": "ada", "password": PASSWORD}, follow_redirects=False)
        token = client.cookies["augury_session"]
        for secret in (key, token, code, PASSWORD):
            bearer = {"authorization": f"Bearer {secret}"}
            asked: list[tuple[str, str, dict[str, Any]]] = [
                ("GET", "/v1/me", {"headers": bearer}),
                ("GET", "/v1/keys", {"headers": bearer}),
                ("GET", "/v1/keys", {"headers": keys["all"]}),
                ("GET", "/v1/users", {"headers": keys["all"]}),
                ("GET", "/v1/audit", {"headers": keys["all"]}),
                ("GET", "/v1/usage", {"headers": keys["all"]}),
                ("GET", "/metrics", {"headers": keys["all"]}),
                ("GET", f"/v1/bars/{key}", {"headers": bearer}),
                ("GET", "/v1/forecasts", {"headers": bearer, "params": {"symbol": key}}),
                ("POST", "/v1/users/invitations", {"headers": bearer, "json": {"role": 1}}),
                ("GET", "/", {"headers": {"accept": "text/html"}}),
                ("GET", "/settings", {"headers": {"accept": "text/html"}}),
                ("GET", "/developer", {"headers": {"accept": "text/html"}}),
            ]  # fmt: skip
            said += [client.request(verb, place, **given).text for verb, place, given in asked]
            log_it = structlog.get_logger("augury.service").warning
            log_it("a slip of ours", detail=f"key {key} {code}", more={"key": key})
    given = [key, token, code, PASSWORD, *(one["authorization"].removeprefix("Bearer ") for one in keys.values())]
    folder = Path(workspace.settings.data_dir)
    with sqlite3.connect(folder / DATABASE_NAME) as connection:
        stored = "\n".join(connection.iterdump())
    connection.close()
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in given:
        assert secret not in log.getvalue()
        assert secret not in stored
        assert secret.encode() not in files
        assert not [text for text in said if secret in text]
    assert "a slip of ours" in log.getvalue()
    structlog.reset_defaults()

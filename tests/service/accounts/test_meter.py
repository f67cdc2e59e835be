"""The meter and the access log say the same, whatever happens to the store meanwhile."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient

from augury.cli.log_lines import processors
from augury.core.errors import StoreBusy
from augury.records.accounts.usage import Call, Usage
from augury.runs.workspace import Workspace
from augury.service.accounts.lines import write_lines
from augury.service.accounts.meter import Meter
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

Keys = dict[str, dict[str, str]]
SAID = ("tenant_id", "key_id", "user_id", "request_id", "method", "route", "status", "latency_ms", "units")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=stream))
    yield stream
    structlog.reset_defaults()


def logged(log: io.StringIO, tenant_id: str = "") -> list[tuple[Any, ...]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    return sorted(
        tuple(line[name] for name in SAID) for line in calls if line["tenant_id"] and tenant_id in line["tenant_id"]
    )


def metered(workspace: Workspace, tenant_id: str) -> list[tuple[Any, ...]]:
    rows = workspace.store.usage.list(tenant_id, limit=100_000)
    return sorted(tuple(getattr(call, name) for name in SAID) for _, call in rows)


def test_usage_equals_the_access_log_under_load_and_at_shutdown(
    log: io.StringIO, workspace: Workspace, keys: Keys
) -> None:
    workspace.store.people.add_tenant("quiet", "free")
    asked = [
        ("GET", "/v1/me", "read"), ("GET", "/v1/keys", "read"), ("GET", "/v1/keys", "all"), ("GET", "/v1/me", "other"),
        ("GET", "/v1/usage?limit=0", "all"), ("HEAD", "/v1/me", "read"), ("DELETE", "/v1/keys/none", "all"),
        ("POST", "/v1/keys", "other"), ("GET", "/healthz", "read"), ("GET", "/nowhere", "read"),
    ]  # fmt: skip
    backend = Backend.open(workspace, ServiceConfig(hosts=("testserver",)))
    with TestClient(site(backend), raise_server_exceptions=False) as client, ThreadPoolExecutor(8) as crowd:

        def ask(index: int) -> int:
            verb, place, who = asked[index % len(asked)]
            return client.request(verb, place, headers=keys[who]).status_code

        statuses = list(crowd.map(ask, range(400)))
        client.get("/v1/me", headers={"authorization": "Bearer aug_live_x"})
    other = workspace.store.people.tenant("other").id
    for tenant in ("home", other):
        assert metered(workspace, tenant) == logged(log, tenant)
    assert len(logged(log)) == 320  # two of the ten ask for what anybody may see, or what is nowhere
    assert {200, 403, 404, 405, 422} - set(statuses) <= {405}


def test_a_busy_store_loses_nothing_and_keeps_nobody_waiting(
    log: io.StringIO, workspace: Workspace, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, add = threading.Event(), Usage.add
    busy.set()

    def refusing(self: Usage, calls: Any) -> None:
        if busy.is_set():
            raise StoreBusy("another process holds it")
        add(self, calls)

    monkeypatch.setattr(Usage, "add", refusing)
    backend = Backend.open(workspace, ServiceConfig(hosts=("testserver",)))
    with TestClient(site(backend)) as client:
        assert {client.get("/v1/me", headers=keys["read"]).status_code for _ in range(20)} == {200}
        with pytest.raises(StoreBusy):
            backend.meter.flush()
        assert metered(workspace, "home") == []
        busy.clear()
        client.get("/v1/me", headers=keys["read"])
    assert metered(workspace, "home") == logged(log)
    assert len(logged(log)) == 21


def test_what_could_not_be_written_at_the_end_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(self: Usage, calls: Any) -> None:
        raise StoreBusy("another process holds it")

    monkeypatch.setattr(Usage, "add", refusing)
    meter = Meter(workspace.store)
    meter.note(Call("home", None, None, "0" * 32, workspace.clock.now(), "GET", "/", 200, 1.0, 1))
    with structlog.testing.capture_logs() as said:
        meter.close()
    assert said[-1]["log_level"] == "error"
    assert said[-1]["rows"] == 1


def test_usage_is_read_by_row_by_day_and_as_csv(client: TestClient, backend: Backend, keys: Keys) -> None:
    for _ in range(3):
        client.get("/v1/me", headers=keys["read"])
    client.get("/v1/keys", headers=keys["read"])
    backend.meter.flush()
    first = client.get("/v1/usage", params={"limit": 3}, headers=keys["all"]).json()
    rest = client.get("/v1/usage", params={"limit": 3, "cursor": first["next"]}, headers=keys["all"]).json()
    assert [call["status"] for call in first["calls"] + rest["calls"]] == [403, 200, 200, 200]
    assert first["calls"][0]["route"] == "/v1/keys"
    backend.meter.flush()
    days = client.get("/v1/usage/daily", headers=keys["all"]).json()
    assert [(day["day"], day["calls"], day["refused"]) for day in days["days"]] == [("2026-11-16", 6, 0)]
    backend.meter.flush()
    answer = client.get("/v1/usage.csv", headers=keys["all"])
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(rows) == 7
    assert rows[-1]["at"] == "2026-11-16T22:00:00Z"
    assert client.get("/v1/usage", headers=keys["other"]).json()["calls"] == []
    for wrong in ({"since": "2026-11-20", "until": "2026-11-01"}, {"since": "yesterday"}, {"page": "2"}):
        assert client.get("/v1/usage", params=wrong, headers=keys["all"]).status_code == 422


def test_one_key_is_picked_from_the_usage(client: TestClient, backend: Backend, keys: Keys) -> None:
    mine = client.post("/v1/keys", json={"name": "one"}, headers=keys["all"]).json()
    client.get("/v1/me", headers={"authorization": f"Bearer {mine['key']}"})
    backend.meter.flush()
    calls = client.get("/v1/usage", params={"key": mine["id"]}, headers=keys["all"]).json()["calls"]
    assert [call["route"] for call in calls] == ["/v1/me"]


def test_a_line_that_is_not_plain_is_masked_and_cut_like_any_other(log: io.StringIO, workspace: Workspace) -> None:
    key, at = "aug_live_" + "A" * 38, workspace.clock.now()
    for route in ("/v1/me", f"/{key}", "/" + "x" * 9_000, "/ü"):
        write_lines([Call("home", None, None, "0" * 32, at, "GET", route, 200, 1.0, 1)])
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["route"][:14] for line in lines] == ["/v1/me", "/aug_live_AAAA", "/" + "x" * 13, "/ü"]
    assert key not in log.getvalue()
    assert all(len(line["route"]) < 2_100 for line in lines)
    assert [line.keys() for line in lines] == [lines[0].keys()] * 4


def test_a_log_that_takes_nothing_loses_no_row_and_stops_nobody(workspace: Workspace, keys: Keys) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left on device")

    structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=Full()))
    backend = Backend.open(workspace, ServiceConfig(hosts=("testserver",)))
    with TestClient(site(backend)) as client:
        assert {client.get("/v1/me", headers=keys["read"]).status_code for _ in range(5)} == {200}
    structlog.reset_defaults()
    assert len(metered(workspace, "home")) == 5

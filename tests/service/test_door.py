"""The door: hosts, sizes, addresses, verbs, mistakes of ours, and what the log says of it all."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.types import Message

from augury.cli.log_lines import processors
from augury.runs.workspace import Workspace
from augury.service import bodies
from augury.service.backend import Backend
from augury.service.bodies import Body
from augury.service.config import ServiceConfig
from augury.web.app import site

Keys = dict[str, dict[str, str]]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as ``augury serve`` writes it."""
    stream = io.StringIO()
    structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=stream))
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def strange(backend: Backend) -> Iterator[TestClient]:
    """The site with a route that breaks, one that breaks half way, and one that says what it was given."""
    from fastapi.responses import StreamingResponse

    app = site(backend)

    @app.get("/v1/breaks")
    async def breaks() -> None:
        held = "a value " + "of a local"
        raise RuntimeError(f"/etc/passwd SELECT * FROM users{held[:0]}")

    @app.get("/v1/breaks-half-way")
    async def breaks_half_way() -> StreamingResponse:
        async def half() -> Any:
            yield b"one"
            raise RuntimeError("half")

        return StreamingResponse(half())

    @app.post("/v1/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil",
        "testserver.evil.example",
        "evil@testserver",
        "testserver:81",
        "",
        "[::1",
        "[::1]:x",
    ],
)
def test_other_hosts_are_not_answered(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "WrongHost")


@pytest.mark.parametrize("host", ["testserver", "TESTSERVER", "testserver:80", "127.0.0.1", "localhost:80"])
def test_our_own_names_are_answered_on_our_own_port(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("verb", "place", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NotFound"),
        ("GET", "/V1/FORECASTS", 404, "NotFound"),
        ("GET", "/v1/forecasts/", 404, "NotFound"),
        ("GET", "//v1/forecasts", 404, "NotFound"),
        ("GET", "/v1/../v1/forecasts%2f", 404, "NotFound"),
        ("PUT", "/v1/me", 405, "WrongVerb"),
        ("OPTIONS", "/v1/me", 405, "WrongVerb"),
        ("TRACE", "/v1/me", 405, "WrongVerb"),
        ("GET", "/static/../service/door.py", 404, "NotFound"),
        ("GET", "/static/%2e%2e/rendering.py", 404, "NotFound"),
        ("GET", "/v1/me?api_key=x", 400, "KeyInAddress"),
        ("GET", "/v1/me?key=aug_live_abc", 400, "KeyInAddress"),
        ("GET", "/v1/me?key=%61ug_live_abc", 400, "KeyInAddress"),
        ("GET", "/v1/bars/aug_test_abc", 400, "KeyInAddress"),
        ("GET", "/v1/me?x=%00", 400, "BrokenAddress"),
        ("GET", "/" + "x" * 9_000, 414, "AddressTooLong"),
    ],
)
def test_every_refusal_is_a_problem_with_headers(
    client: TestClient, verb: str, place: str, status: int, code: str
) -> None:
    answer = client.request(verb, place)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "aug_" not in answer.text
    assert len(answer.text) < 2_000


def test_a_wrong_verb_is_told_the_right_ones(client: TestClient) -> None:
    assert client.delete("/v1/keys").headers["allow"] == "GET, HEAD, POST"
    assert client.get("/predict").headers["allow"] == "POST"


def test_head_says_what_get_would_without_its_body(client: TestClient, keys: Keys) -> None:
    got, head = (client.request(verb, "/v1/me", headers=keys["read"]) for verb in ("GET", "HEAD"))
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]
    assert client.head("/v1/me").status_code == 401


def test_headers_and_bodies_have_a_size(strange: TestClient) -> None:
    assert strange.get("/healthz", headers={"x-long": "x" * 17_000}).json()["code"] == "HeadersTooLarge"
    large = b"x" * (5 * 1024 * 1024 + 1)
    declared = strange.post("/v1/echo", content=large)
    chunked = strange.post("/v1/echo", content=(large[at : at + 65_536] for at in range(0, len(large), 65_536)))
    for answer in (declared, chunked):
        assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")
    assert strange.post("/v1/echo", headers={"content-length": "-1"}).status_code == 413
    assert strange.post("/v1/echo", content=large[:-1]).json() == {"bytes": 5 * 1024 * 1024}


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.exceptions import HTTPException

    monkeypatch.setattr(bodies, "ARRIVES_S", 0.01)

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(HTTPException) as refused:
        asyncio.run(Body(never, 10).receive())
    assert refused.value.status_code == 408
    assert bodies.ARRIVES_S < 30


def test_a_mistake_of_ours_is_answered_logged_and_shows_nothing_of_its_inside(
    log: io.StringIO, strange: TestClient, keys: Keys
) -> None:
    answer = strange.get("/v1/breaks", headers=keys["read"])
    assert (answer.status_code, answer.json()["code"]) == (500, "Unexpected")
    assert not any(inside in answer.text for inside in ("passwd", "SELECT", "RuntimeError", "Traceback", ".py"))
    assert "x-request-id" in answer.headers
    assert "content-security-policy" in answer.headers
    said = {line["event"]: line for line in lines(log)}
    assert said["unexpected"]["request_id"] == answer.headers["x-request-id"] == said["call"]["request_id"]
    assert "RuntimeError" in said["unexpected"]["exception"]
    assert "a value of a local" not in log.getvalue(), "a traceback shows where, never what"
    assert said["call"]["status"] == 500


def test_an_answer_that_breaks_half_way_is_logged_as_failed(backend: Backend, strange: TestClient, keys: Keys) -> None:
    loud = TestClient(strange.app)
    with pytest.raises(RuntimeError, match="half"), structlog.testing.capture_logs():
        loud.get("/v1/breaks-half-way")
    assert 'status="500"' in backend.metrics.text().decode()


def test_no_header_of_a_proxy_chooses_the_address_that_wrong_tries_are_counted_by(client: TestClient) -> None:
    said = [
        client.get("/v1/me", headers={"authorization": "Bearer aug_live_x", "x-forwarded-for": f"10.0.0.{index}"})
        for index in range(21)
    ]
    assert [answer.status_code for answer in said].count(429) >= 1
    assert said[-1].status_code == 429
    assert int(said[-1].headers["retry-after"]) >= 1


def test_a_right_key_opens_behind_an_address_that_showed_wrong_ones(client: TestClient, keys: Keys) -> None:
    for _ in range(30):
        client.get("/v1/me", headers={"authorization": "Bearer aug_live_x"})
    assert client.get("/v1/me", headers=keys["read"]).status_code == 200


def test_limits_are_said_in_headers_and_a_refusal_says_when_to_come_back(
    backend: Backend, client: TestClient, keys: Keys
) -> None:
    store = backend.workspace.store
    from augury.service.accounts.issuing import issue

    tenant = store.people.add_tenant("free", "free")
    key, _ = issue(store, tenant_id=tenant.id, user_id=None, name="k", scopes=["read"])
    answers = [client.get("/v1/me", headers={"authorization": f"Bearer {key}"}) for _ in range(75)]
    first = answers[0].headers
    assert (first["ratelimit-limit"], first["ratelimit-remaining"], first["ratelimit-reset"]) == ("60", "59", "1")
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert answers.index(refused) >= 60
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert 58 <= int(refused.headers["ratelimit-reset"]) <= 60
    assert refused.json()["code"] == "LimitReached"


def test_a_line_of_the_log_is_one_line_whatever_it_says(log: io.StringIO, client: TestClient) -> None:
    nasty = "a\r\nb\x1b[31mred\x00" + "x" * 1_000_000
    structlog.get_logger("augury.service").warning("refused", detail=nasty, more=[nasty], number=1)
    client.get("/v1/%0d%0aINJECTED%1b[31m", headers={"user-agent": "x\x1b[31m"})
    client.app.state.backend.meter.flush()
    found = lines(log)
    assert len(found) == 2
    assert len(log.getvalue()) < 10_000
    assert "\x1b" not in log.getvalue()
    assert found[0]["detail"].startswith("a\r\nb")
    assert found[1]["route"] == "unknown"


def test_cookies_behind_tls_travel_over_https_only(empty_workspace: Workspace) -> None:
    from augury.service.accounts.passwords import hash_password

    empty_workspace.store.people.add_user("ada", hash_password("correct horse battery"), "admin")
    for secure in (True, False):
        backend = Backend.open(empty_workspace, ServiceConfig(hosts=("testserver",), secure=secure))
        with TestClient(site(backend), follow_redirects=False) as client:
            answer = client.post("/sign-in", data={"name": "ada", "password": "correct horse battery"})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert ("secure" in cookie) is secure
        assert ("strict-transport-security" in answer.headers) is secure


def test_the_door_says_nothing_to_the_log_of_the_server(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="augury"):
        client.get("/healthz")
    assert caplog.records == []

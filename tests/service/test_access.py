"""The authoriser: every route and verb of the site is walked, so that none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from augury.records.accounts.people import hashed
from augury.runs.workspace import Workspace
from augury.service import routes
from augury.service.access import SCOPES, Needs
from augury.service.accounts.keys import HINT, new_key
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web import pages
from augury.web.app import site

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = routes.OPEN | pages.OPEN | {"/static/{name:path}"}


def every_route(app: Any) -> Iterator[APIRoute]:
    """Routes as they are, however deeply routers hold routers."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            yield route
        else:
            assert getattr(route, "path", "") == "/static", f"{route} is neither a route nor the static files"


def needs_of(dependant: Dependant) -> list[Needs]:
    own = [dependant.call] if isinstance(dependant.call, Needs) else []
    return own + [need for part in dependant.dependencies for need in needs_of(part)]


@pytest.fixture
def app(empty_workspace: Workspace) -> FastAPI:
    return site(Backend.open(empty_workspace, ServiceConfig(hosts=("testserver",))))


@pytest.fixture
def asked(app: FastAPI) -> list[tuple[str, APIRoute, str]]:
    """Every verb, its route, and an address that reaches it."""
    found = []
    for route in every_route(app):
        place = re.sub(r"\{(\w+)(?::(\w+))?\}", lambda part: _value(part[1], part[2]), route.path)
        found += [(verb, route, place) for verb in sorted(route.methods)]
    assert len(found) > 40
    return found


def _value(name: str, kind: str | None) -> str:
    if kind in ("int", "float") or name in ("forecast_id", "alert_id", "rule_id", "number"):
        return "1"
    word = kind if kind in ("timeframe", "horizon", "version") else name
    return {"timeframe": "d1", "horizon": "5d", "symbol": "SPY", "version": "20261121T105800Z-1a2b3c"}.get(word, "a")


def test_every_route_says_what_it_needs_or_is_open_on_purpose(app: FastAPI) -> None:
    for route in every_route(app):
        needed = needs_of(route.dependant)
        if route.path in OPEN:
            assert not needed, f"{route.path} is open and asks who calls"
        else:
            assert len(needed) == 1, f"{route.methods} {route.path} has {len(needed)} Needs"
            assert needed[0].scope in SCOPES


def test_without_credentials_every_verb_is_refused(app: FastAPI, asked: list[tuple[str, APIRoute, str]]) -> None:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        for verb, route, place in asked:
            if route.path in OPEN:
                continue
            answer = client.request(verb, place)
            assert answer.status_code == 401, (verb, place, answer.status_code, answer.text[:300])
            assert "www-authenticate" in answer.headers
            if verb == "GET" and not place.startswith(("/v1", "/metrics", "/predict", "/api")):
                led = client.get(place, headers={"accept": "text/html"})
                assert led.status_code == 303, (place, led.status_code)
                assert led.headers["location"].startswith("/sign-in?next=")


def test_a_key_without_the_scope_is_refused_by_every_verb(
    app: FastAPI, asked: list[tuple[str, APIRoute, str]], empty_workspace: Workspace
) -> None:
    refused = 0
    with TestClient(app, raise_server_exceptions=False) as client:
        for scope in SCOPES:
            # In another tenant "operate" comes with nothing, and no key holds it or "record" by itself.
            others = sorted({"read", "predict", "train", "admin"} - {scope, "predict" if scope == "record" else scope})
            other = empty_workspace.store.people.add_tenant(f"without {scope}", plan="partner")
            key = new_key()
            empty_workspace.store.api_keys.add(
                hashed(key), key[:HINT], tenant_id=other.id, user_id=None, name=scope, scopes=others
            )
            for verb, route, place in asked:
                if [need.scope for need in needs_of(route.dependant)] == [scope]:
                    answer = client.request(verb, place, headers={"authorization": f"Bearer {key}"}, json={})
                    assert answer.status_code in (403, 422), (verb, place, answer.status_code, answer.text[:300])
                    if answer.status_code == 422:
                        answer = client.request(verb, place, headers={"authorization": f"Bearer {key}"})
                    assert answer.status_code == 403, (verb, place, answer.status_code, answer.text[:300])
                    refused += 1
    assert refused > 40


def test_a_session_changes_nothing_without_the_token_of_the_page_or_from_elsewhere(
    signed_in: Callable[..., TestClient],
) -> None:
    client = signed_in("admin")
    token = client.headers["x-csrf-token"]
    wrong = {
        "no token": {"origin": "http://testserver", "x-csrf-token": ""},
        "another token": {"origin": "http://testserver", "x-csrf-token": "0" * 32},
        "elsewhere": {"origin": "https://evil.example", "x-csrf-token": token},
        "a look-alike": {"origin": "http://testserver.evil.example", "x-csrf-token": token},
        "a sandboxed frame": {"origin": "null", "x-csrf-token": token},
        "nowhere": {"origin": "", "x-csrf-token": token},
    }
    walked = 0
    for route in every_route(client.app):
        place = re.sub(r"\{(\w+)(?::(\w+))?\}", lambda part: _value(part[1], part[2]), route.path)
        for verb in sorted(route.methods - set(SAFE)):
            if route.path in OPEN:
                continue
            for reason, headers in wrong.items():
                answer = client.request(verb, place, headers=headers | {"accept": "application/json"})
                assert answer.status_code == 403, (reason, verb, place, answer.status_code, answer.text[:200])
            walked += 1
    assert walked > 10


def test_a_form_of_our_own_page_carries_its_token_in_a_field(signed_in: Callable[..., TestClient]) -> None:
    client = signed_in("reader")
    token = client.headers.pop("x-csrf-token")
    assert client.post("/sign-out", data={"csrf": "0" * 32}).status_code == 403
    assert client.post("/sign-out", data={"csrf": token}, follow_redirects=False).status_code == 303


def test_forms_before_the_door_are_taken_from_our_own_pages_only(client: TestClient) -> None:
    for place in ("/sign-in", "/welcome"):
        answer = client.post(place, data={"name": "a", "password": "b"}, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert answer.json()["code"] == "Forbidden"


def test_roles_open_what_they_should_and_no_more(signed_in: Callable[..., TestClient]) -> None:
    answers = {}
    for role in ("reader", "trader", "admin"):
        client = signed_in(role)
        answers[role] = (client.get("/v1/me").status_code, client.get("/v1/users").status_code)
    assert answers == {"reader": (200, 403), "trader": (200, 403), "admin": (200, 200)}


def test_an_admin_of_another_tenant_does_not_rule_the_installation(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    assert "operate" in client.get("/v1/me", headers=keys["all"]).json()["scopes"]
    assert "operate" not in client.get("/v1/me", headers=keys["other"]).json()["scopes"]
    assert client.get("/metrics", headers=keys["all"]).status_code == 200
    assert client.get("/metrics", headers=keys["other"]).status_code == 403


def test_a_sandbox_key_reads_and_predicts_and_writes_nothing(client: TestClient, keys: dict[str, Any]) -> None:
    made = client.post(
        "/v1/keys", json={"name": "try", "scopes": ["read", "predict"], "sandbox": True}, headers=keys["all"]
    )
    assert made.status_code == 201
    assert made.json()["key"].startswith("aug_test_")
    me = client.get("/v1/me", headers={"authorization": f"Bearer {made.json()['key']}"}).json()
    assert (me["scopes"], me["sandbox"]) == (["predict", "read"], True)
    refused = client.post("/v1/keys", json={"name": "x", "scopes": ["train"], "sandbox": True}, headers=keys["all"])
    assert refused.status_code == 422

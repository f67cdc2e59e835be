"""Two tenants see nothing of each other: every address with an id, every list, every page, every verb.

What is a tenant's is made once with a word in it that nobody else says. The addresses come from the
catalogue of routes: a new one is in this matrix by being there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import insert, select
from starlette.types import Message

from augury.records.accounts.tables import HOME, backtests, usage, webhook_messages, webhooks
from augury.records.database import reading, transaction
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace
from augury.service.accounts.issuing import issue
from augury.service.openapi import routes_of
from augury.service.routes import ROUTES
from augury.web.pages import PAGES

WORD = "onlyathome"
"""In the name of everything the home tenant owns."""
OWNED = ("key_id", "webhook_id", "message_id", "job_id", "backtest_id", "user_id", "position_id")
SHARED = {
    "symbol", "timeframe", "horizon", "version", "name", "forecast_id", "alert_id", "data_hash", "view", "run_id",
    "study",
}  # fmt: skip
"""Parts of addresses that name what belongs to the installation."""


@pytest.fixture
def stranger(workspace: Workspace) -> dict[str, str]:
    """Headers of a person of another tenant who may all there is; what belongs to persons they have, too."""
    other = workspace.store.people.add_tenant("elsewhere", plan="partner")
    eve = workspace.store.people.add_user("eve", "x", "admin", other.id)
    scopes = ["read", "predict", "train", "admin"]
    key, _ = issue(workspace.store, tenant_id=other.id, user_id=eve.id, name="theirs", scopes=scopes)
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def owned(workspace: Workspace, client: TestClient, keys: dict[str, dict[str, str]]) -> dict[str, str]:
    """One thing of each kind in the home tenant: part of an address to its id."""
    asked = {"symbols": ["SYN001"], "rule": "equal_weight", "name": WORD}
    made = client.post("/v1/backtests", json=asked, headers=keys["all"])
    assert made.status_code == 201, made.text
    store, now = workspace.store, workspace.clock.now()
    ada = store.people.add_user(f"ada-{WORD}", "x", "trader")
    key = store.api_keys.add("a" * 64, "aug_live_home", tenant_id=HOME, user_id=ada.id, name=WORD, scopes=["read"])
    job = submit(workspace, "forecast", {"symbols": ["SYN001"]}, by=WORD, tenant_id=HOME)
    position = store.positions.open(ada.id, HOME, "SYN001", "d1", 5, 100.0)
    store.audit_trail.add(HOME, WORD, "did", WORD)
    ids = {"webhook_id": f"{7:032x}", "message_id": f"{8:032x}", "backtest_id": made.json()["id"]}
    with transaction(store.engine) as connection:
        hook = {"id": ids["webhook_id"], "tenant_id": HOME, "url": f"https://example.com/{WORD}", "secret": "whsec_x"}
        connection.execute(insert(webhooks).values(**hook, events_json=["job.finished"], created_at=now))
        told = {"event": "job.finished", "subject": WORD, "payload_json": {"job": WORD}, "state": "failed"}
        message = {"id": ids["message_id"], "webhook_id": ids["webhook_id"], "attempts": 1, "created_at": now}
        connection.execute(insert(webhook_messages).values(**told, **message))
        call = {"tenant_id": HOME, "key_id": key.id, "request_id": "c" * 32, "method": "GET", "route": f"/{WORD}"}
        connection.execute(insert(usage).values(**call, at=now - timedelta(hours=1), status=200, latency_ms=1, units=1))
    return ids | {"key_id": key.id, "job_id": job.id, "user_id": ada.id, "position_id": position.id}


def addresses(*, owned_only: bool) -> Iterator[tuple[str, APIRoute]]:
    for route in routes_of(ROUTES):
        parts = set(re.findall(r"{(\w+)", route.path_format))
        assert parts <= set(OWNED) | SHARED, f"{route.path_format}: is {parts - set(OWNED)} a tenant's?"
        if bool(parts & set(OWNED)) == owned_only:
            for verb in sorted(route.methods or ()):
                yield verb, route


def filled(route: APIRoute, ids: dict[str, str]) -> str:
    given = {"symbol": "SYN001", "timeframe": "d1", "horizon": "5d", "view": "timeframe", "name": "SYN001"}
    return re.sub(r"{(\w+)}", lambda part: (given | ids).get(part[1], "1"), route.path_format)


def body_of(document: dict[str, Any], verb: str, route: APIRoute) -> Any:
    operation = document["paths"].get(route.path_format, {}).get(verb.lower(), {})
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def heard(client: TestClient, address: str, headers: dict[str, str]) -> str:
    """What an address says; of a stream the first event, which comes at once."""
    if not address.endswith("/events"):
        return client.get(address, headers=headers).text
    said: list[bytes] = []
    gone = asyncio.Event()

    async def receive() -> Message:
        if not asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        return asked.pop()

    async def send(message: Message) -> None:
        said.append(message.get("body", b""))
        if said[-1]:
            gone.set()

    asked: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": address, "raw_path": address.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in ({"host": "testserver"} | headers).items()],
        "client": ("testclient", 50000), "server": ("testserver", 80),
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(client.app(scope, receive, send), 10))
    return b"".join(said).decode()


def same(answer: Any, ids: dict[str, str]) -> str:
    """An answer without what differs in every answer."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return f"{answer.status_code} {re.sub(r'[0-9a-f]{32}', 'ID', text)}"


def test_a_foreign_id_reads_like_an_unknown_one_on_every_address_and_verb(
    client: TestClient,
    stranger: dict[str, str],
    owned: dict[str, str],
) -> None:
    document = client.get("/openapi.json").json()
    unknown = dict.fromkeys(owned, "f" * 32) | {"job_id": "20200101T000000Z-ffffff"}
    tried = 0
    for verb, route in addresses(owned_only=True):
        body = body_of(document, verb, route)
        foreign, missing = (
            client.request(verb, filled(route, ids), json=body, headers=stranger) for ids in (owned, unknown)
        )
        assert same(foreign, owned) == same(missing, unknown), f"{verb} {route.path_format}"
        assert foreign.status_code == 404, f"{verb} {route.path_format}: {foreign.text}"
        tried += 1
    assert tried >= 15


def test_after_all_verbs_of_a_stranger_everything_stands_as_it_stood(
    client: TestClient,
    stranger: dict[str, str],
    owned: dict[str, str],
    workspace: Workspace,
) -> None:
    document = client.get("/openapi.json").json()
    before = _rows(workspace)
    for verb, route in addresses(owned_only=True):
        client.request(verb, filled(route, owned), json=body_of(document, verb, route), headers=stranger)
    assert _rows(workspace) == before


def test_no_list_no_search_and_no_export_says_a_word_of_the_other_tenant(
    client: TestClient,
    keys: dict[str, dict[str, str]],
    stranger: dict[str, str],
    owned: dict[str, str],
) -> None:
    said = {
        route.path_format: heard(client, filled(route, {}), stranger)
        for verb, route in addresses(owned_only=False)
        if verb == "GET"
    }
    leaks = [path for path, text in said.items() if WORD in text or any(value in text for value in owned.values())]
    assert not leaks
    assert said["/v1/jobs/events"].startswith("id: 0\nevent: changed")
    own = client.get("/v1/webhooks", headers=keys["all"]).text + client.get("/v1/jobs", headers=keys["all"]).text
    assert WORD in own, "the word is said at home: the search above could have found it"


def test_no_page_says_a_word_of_the_other_tenant(
    signed_in: Callable[..., TestClient],
    owned: dict[str, str],
    workspace: Workspace,
) -> None:
    other = workspace.store.people.add_tenant("elsewhere", plan="partner")
    stranger, home = signed_in("admin", tenant_id=other.id), signed_in("admin")
    heard = 0
    for route in routes_of(PAGES):
        if "GET" not in (route.methods or ()):
            continue
        parts = set(re.findall(r"{(\w+)", route.path_format))
        for ids in (owned, {}) if parts & set(OWNED) else ({},):
            shown = stranger.get(filled(route, ids)).text
            leaked = [value for value in (WORD, *owned.values()) if value in shown.replace(filled(route, ids), "")]
            assert not leaked, f"{route.path_format} says {leaked}"
        heard += WORD in home.get(filled(route, owned)).text
    assert heard >= 3, "at home the pages do say the word"


def _rows(workspace: Workspace) -> list[Any]:
    from augury.records.accounts.tables import api_keys, positions, users
    from augury.records.loop.tables import jobs

    tables = (api_keys, users, positions, webhooks, webhook_messages, backtests, jobs)
    with reading(workspace.store.engine) as connection:
        rows = [connection.execute(select(table).order_by(table.c.id)).all() for table in tables]
    return [[tuple(row) for row in found] for found in rows]

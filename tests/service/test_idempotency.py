"""A POST that is sent twice is done once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import Request, Response
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.records.accounts.idempotency import ABANDONED, KEPT
from augury.records.store import Store
from augury.runs.workspace import Workspace
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.service.idempotency import IdempotencyInProgress, answered, begin
from augury.web.app import site

Keys = dict[str, dict[str, str]]
BODY = {"kind": "forecast", "settings": {"symbols": ["SYN001"]}}


def _jobs(client: TestClient, keys: Keys) -> int:
    return len(client.get("/v1/jobs", headers=keys["read"]).json()["jobs"])


def test_the_second_sending_gets_the_first_answer_and_nothing_is_done_twice(client: TestClient, keys: Keys) -> None:
    headers, before = keys["train"] | {"idempotency-key": "order 1"}, _jobs(client, keys)
    first, second = (client.post("/v1/jobs", json=BODY, headers=headers) for _ in range(2))
    assert (first.status_code, first.content, first.headers["location"]) == (
        second.status_code, second.content, second.headers["location"],
    )  # fmt: skip
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert _jobs(client, keys) == before + 1


def test_the_same_key_with_another_body_is_a_conflict(client: TestClient, keys: Keys) -> None:
    headers = keys["train"] | {"idempotency-key": "k"}
    client.post("/v1/jobs", json=BODY, headers=headers)
    before = _jobs(client, keys)
    for body, path in ((BODY | {"priority": 2}, "/v1/jobs"), (BODY, "/v1/jobs/x/cancel")):
        answer = client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "IdempotencyConflict")
    assert _jobs(client, keys) == before


def test_keys_of_two_tenants_have_nothing_to_do_with_each_other(client: TestClient, keys: Keys) -> None:
    ids = {
        client.post("/v1/jobs", json=BODY, headers=keys[name] | {"idempotency-key": "k"}).json()["id"]
        for name in ("train", "other")
    }
    assert len(ids) == 2


def test_a_refusal_is_not_remembered(client: TestClient, keys: Keys) -> None:
    headers = keys["train"] | {"idempotency-key": "k"}
    assert client.post("/v1/jobs", json={"kind": "forecast", "priority": 0}, headers=headers).status_code == 422
    assert client.post("/v1/jobs", json={"kind": "nothing"}, headers=headers).status_code == 422
    assert client.post("/v1/jobs", json=BODY, headers=headers).status_code == 202


def test_who_may_not_gets_no_answer_of_somebody_who_may(client: TestClient, keys: Keys) -> None:
    client.post("/v1/jobs", json=BODY, headers=keys["train"] | {"idempotency-key": "k"})
    assert client.post("/v1/jobs", json=BODY, headers=keys["read"] | {"idempotency-key": "k"}).status_code == 403
    assert client.post("/v1/jobs", json=BODY, headers={"idempotency-key": "k"}).status_code == 401


@pytest.mark.parametrize("key", ["", "x" * 256, "\x07"])
def test_a_key_that_is_none_is_refused(client: TestClient, keys: Keys, key: str) -> None:
    answer = client.post("/v1/jobs", json=BODY, headers=keys["train"] | {"idempotency-key": key})
    assert answer.status_code == 422


def test_a_secret_is_not_kept_to_be_shown_again(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    headers = keys["admin"] | {"idempotency-key": "k"}
    body = {"url": "https://8.8.8.8/hook", "events": ["job.finished"]}
    secret = client.post("/v1/webhooks", json=body, headers=headers).json()["secret"]
    again = client.post("/v1/webhooks", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "IdempotencyConflict")
    with workspace.store.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT body FROM idempotency").scalars().all()
    assert all(secret.encode() not in (body or b"") for body in kept)
    assert len(workspace.store.webhooks.list("home")) == 1


def test_the_code_of_an_invitation_is_not_kept_either(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    headers = keys["admin"] | {"idempotency-key": "k"}
    code = client.post("/v1/users/invitations", json={}, headers=headers).json()["code"]
    assert code.startswith("aug_invite_")
    assert client.post("/v1/users/invitations", json={}, headers=headers).json()["code"] == "IdempotencyConflict"
    with workspace.store.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT body FROM idempotency").scalars().all()
    assert all(code.encode() not in (body or b"") for body in kept)


def test_fifty_at_once_make_one_job(client: TestClient, keys: Keys) -> None:
    headers, before = keys["train"] | {"idempotency-key": "k"}, _jobs(client, keys)
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: client.post("/v1/jobs", json=BODY, headers=headers), range(50)))
    bodies = {answer.content for answer in answers if answer.status_code == 202}
    waiting = {answer.json()["code"] for answer in answers if answer.status_code != 202}
    assert (len(bodies), waiting - {"IdempotencyInProgress"}, _jobs(client, keys)) == (1, set(), before + 1)


def test_a_process_that_dies_between_doing_and_answering_leaves_one_job(
    workspace: Workspace, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = keys["train"] | {"idempotency-key": "k"}
    config = ServiceConfig(hosts=("testserver",))
    with monkeypatch.context() as dying, TestClient(site(Backend.open(workspace, config))) as client:

        async def nothing(request: Request, response: Response | None) -> None: ...

        dying.setattr("augury.service.idempotency._close", nothing)
        first = client.post("/v1/jobs", json=BODY, headers=headers).json()["id"]
        soon = client.post("/v1/jobs", json=BODY, headers=headers)
        assert (soon.status_code, soon.json()["code"]) == (409, "IdempotencyInProgress")
    later = FixedClock(workspace.clock.now() + ABANDONED)
    with Store.open(workspace.settings.data_dir, clock=later) as store:
        again = Backend.open(Workspace(workspace.settings, workspace.lake, store, later), config)
        with TestClient(site(again)) as client:
            assert client.post("/v1/jobs", json=BODY, headers=headers).json()["id"] == first


@pytest.fixture
def database_store(tmp_path: Path, database_url: str) -> Iterator[Callable[[datetime], Store]]:
    """Opens the same store at one moment after another, in each database."""
    opened: list[Store] = []

    def at(moment: datetime) -> Store:
        opened.append(Store.open(tmp_path, database_url, clock=FixedClock(moment)))
        return opened[-1]

    yield at
    for store in opened:
        store.close()


def test_in_both_databases_a_key_is_used_once_a_day(database_store: Callable[[datetime], Store]) -> None:
    start = datetime.fromisoformat("2026-11-21T10:00:00+00:00")
    keys = database_store(start).idempotency
    assert keys.begin("home", "k", "a" * 64)[0]
    mine, known = keys.begin("home", "k", "a" * 64)
    assert (mine, known.status) == (False, None)
    keys.answer("home", "k", 202, {"location": "/x"}, b"{}")
    assert keys.begin("home", "k", "b" * 64)[1].body == b"{}"
    keys.release("home", "k")  # an answer that was given stays
    assert not keys.begin("home", "k", "a" * 64)[0]
    assert database_store(start + KEPT - timedelta(seconds=1)).idempotency.begin("home", "k", "a" * 64)[1].status == 202
    assert database_store(start + KEPT).idempotency.begin("home", "k", "b" * 64)[0]


def test_a_concurrent_second_is_told_to_ask_again(workspace: Workspace) -> None:
    entered, leave = threading.Event(), threading.Event()
    caller = Caller("home", "pro", "t", frozenset({"train"}))

    async def ask(hold: bool) -> Response:
        request = Request({
            "type": "http", "method": "POST", "path": "/v1/jobs", "query_string": b"", "app": _App(workspace),
            "headers": [(b"idempotency-key", b"k")],
        }, _empty)  # fmt: skip

        async def work(request: Request) -> Response:
            await begin(request, caller)
            if hold:
                entered.set()
                await asyncio.to_thread(leave.wait, 5)
            return Response(b"{}")

        return await answered(request, work)

    async def both() -> None:
        first = asyncio.create_task(ask(True))
        await asyncio.to_thread(entered.wait, 5)
        with pytest.raises(IdempotencyInProgress):
            await ask(False)
        leave.set()
        assert (await first).status_code == 200
        assert (await ask(False)).headers["idempotency-replayed"] == "true"

    asyncio.run(both())


class _App:
    def __init__(self, workspace: Workspace) -> None:
        self.state = self
        self.backend = Backend.open(workspace, ServiceConfig())


async def _empty() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}

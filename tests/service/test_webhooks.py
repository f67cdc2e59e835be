"""Webhooks: news is told once, signed, tried again by plan; private addresses are never reached."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from augury.core.egress import networks
from augury.records.accounts.webhooks import DELIVERED, FAILED, LEASE, WAITING
from augury.records.store import Store
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace
from augury.service.webhooks import signing
from augury.service.webhooks.dispatcher import PLAN_S, Dispatcher, next_attempt

Keys = dict[str, dict[str, str]]


class Moved:
    """A clock that is moved by hand, and begins now: the library that verifies reads the machine's clock."""

    def __init__(self) -> None:
        self.start = self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at


class Receiver:
    """A real server on this machine: answers as it was told to and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"a secret of the receiver")

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clock() -> Moved:
    return Moved()


@pytest.fixture
def store(empty_workspace: Workspace, clock: Moved) -> Store:
    store = empty_workspace.store
    return Store(store.engine, store.artifacts, clock)


@pytest.fixture
def dispatcher(store: Store, clock: Moved) -> Dispatcher:
    return Dispatcher(store, clock, networks("127.0.0.1"))


def _told(store: Store, receiver: Receiver, dispatcher: Dispatcher, secret: str = "") -> str:
    """Write one webhook and one piece of news down; return the webhook's id."""
    hook = store.webhooks.add("home", receiver.url, ["job.finished"], secret or signing.new_secret())
    dispatcher.gather()  # stands at the end of everything
    _job_ends(store)
    assert dispatcher.gather() == 1
    return hook.id


def _job_ends(store: Store, tenant_id: str | None = "home") -> str:
    from augury.records.loop.jobs import JobRequest

    job = store.jobs.submit(JobRequest("forecast", {}, {"attempts": 1, "time_limit_s": 1.0}, tenant_id=tenant_id))
    store.jobs.end(job.id, "succeeded", "", result={})
    return job.id


def test_two_failures_and_a_success_are_one_message_with_three_timestamps(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    secret = signing.new_secret()
    hook = _told(store, receiver, dispatcher, secret)
    receiver.answers = [500, 500, 200]
    for wait in (0, 5, 300):
        clock.at += timedelta(seconds=wait - 1 if wait else 0)
        assert dispatcher.send_due() == (0 if wait else 1)
        clock.at += timedelta(seconds=1 if wait else 0)
        assert dispatcher.send_due() == (1 if wait else 0)
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    stamps = [int(headers["webhook-timestamp"]) for headers, _ in receiver.got]
    assert (len(receiver.got), len(ids), stamps) == (3, 1, [int(clock.start.timestamp()) + s for s in (0, 5, 305)])
    for headers, body in receiver.got[:2]:
        assert Verifier(secret).verify(body, headers)["type"] == "job.finished"
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body + b" ", headers)
    message = store.webhooks.messages("home", hook)[0]
    assert (message.state, message.attempts, message.last_status) == (DELIVERED, 3, 200)


def test_a_signature_verifies_with_the_standard_library(
    store: Store, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    secret = signing.new_secret()
    _told(store, receiver, dispatcher, secret)
    dispatcher.send_due()
    headers, body = receiver.got[0]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], wanted)
    assert json.loads(body)["data"]["state"] == "succeeded"


def test_gone_disables_and_nothing_more_is_sent(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    hook = _told(store, receiver, dispatcher)
    _job_ends(store)
    dispatcher.gather()
    receiver.answers = [410]
    dispatcher.send_due()
    clock.at += timedelta(days=2)
    assert (dispatcher.gather(), dispatcher.send_due(), len(receiver.got)) == (0, 0, 1)
    assert store.webhooks.get("home", hook).disabled_reason == "gone: the address answered 410"
    assert {one.state for one in store.webhooks.messages("home", hook)} == {FAILED}


def test_a_redirect_is_a_failure_and_is_not_followed(store: Store, dispatcher: Dispatcher, receiver: Receiver) -> None:
    hook = _told(store, receiver, dispatcher)
    receiver.answers, receiver.headers = [302], {"location": receiver.url}
    dispatcher.send_due()
    message = store.webhooks.messages("home", hook)[0]
    assert (len(receiver.got), message.state, message.last_status) == (1, WAITING, 302)


def test_a_longer_wait_that_is_asked_for_is_granted(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    hook = _told(store, receiver, dispatcher)
    receiver.answers, receiver.headers = [429], {"retry-after": "120"}
    dispatcher.send_due()
    assert store.webhooks.messages("home", hook)[0].next_at == clock.start + timedelta(seconds=120)


def test_the_plan_ends_after_ten_attempts_and_a_replay_begins_anew(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    hook = _told(store, receiver, dispatcher)
    receiver.answers = [500] * 10
    for _ in range(12):
        dispatcher.send_due()
        clock.at += timedelta(days=1)
    message = store.webhooks.messages("home", hook)[0]
    assert (len(receiver.got), message.state, message.next_at) == (len(PLAN_S), FAILED, None)
    again = store.webhooks.replay("home", hook, message.id)
    dispatcher.send_due()
    assert (receiver.got[-1][0]["webhook-id"], store.webhooks.messages("home", hook)[0].state) == (again.id, DELIVERED)
    waits = [(next_attempt(made, clock.start) or clock.start) - clock.start for made in range(1, 10)]
    assert [wait.total_seconds() for wait in waits] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


def test_two_senders_send_once_and_the_message_of_a_dead_one_is_sent_by_another(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    _told(store, receiver, dispatcher)
    taken = store.webhooks.due()[0]
    assert store.webhooks.claim(taken.id) is not None  # and dies here
    assert (dispatcher.gather(), dispatcher.send_due(), store.webhooks.claim(taken.id)) == (0, 0, None)
    clock.at += LEASE
    assert dispatcher.send_due() == 1


def test_both_secrets_sign_until_the_overlap_is_over(
    store: Store, clock: Moved, dispatcher: Dispatcher, receiver: Receiver
) -> None:
    old, new = signing.new_secret(), signing.new_secret()
    hook = _told(store, receiver, dispatcher, old)
    store.webhooks.rotate("home", hook, new, timedelta(hours=1))
    dispatcher.send_due()
    for secret in (old, new):
        Verifier(secret).verify(receiver.got[0][1], receiver.got[0][0])
    clock.at += timedelta(hours=1)
    _job_ends(store)
    dispatcher.gather()
    dispatcher.send_due()
    assert len(receiver.got[1][0]["webhook-signature"].split()) == 1
    assert old not in repr(store.webhooks.get("home", hook))


def test_news_is_told_to_those_it_belongs_to(store: Store, dispatcher: Dispatcher, receiver: Receiver) -> None:
    other = store.people.add_tenant("other", plan="free").id
    hooks = {
        name: store.webhooks.add(name, receiver.url, ["job.finished"], signing.new_secret()).id
        for name in ("home", other)
    }
    dispatcher.gather()
    _job_ends(store, "home")
    _job_ends(store, None)
    theirs = _job_ends(store, other)
    assert dispatcher.gather() == 3
    assert [one.payload["data"]["id"] for one in store.webhooks.messages(other, hooks[other])] == [theirs]


def test_every_kind_of_news_is_told_from_where_the_webhook_began(
    workspace: Workspace, receiver: Receiver, client: TestClient, keys: Keys
) -> None:
    store = workspace.store
    events = ["forecast.created", "forecast.evaluated", "drift.alert", "model.promoted", "job.finished"]
    hook = store.webhooks.add("home", receiver.url, events, signing.new_secret())
    dispatcher = Dispatcher(store, workspace.clock)
    assert dispatcher.gather() == 0
    from sqlalchemy import update

    from augury.records.accounts.tables import webhook_cursors
    from augury.records.database import transaction

    with transaction(store.engine) as connection:  # as if it had begun before everything
        connection.execute(update(webhook_cursors).values(position="0"))
    submit(workspace, "forecast", {"symbols": ["SYN001"]})
    assert dispatcher.gather() > 0
    told = store.webhooks.messages("home", hook.id, limit=1000)
    assert {one.event for one in told} >= {"forecast.created", "forecast.evaluated", "model.promoted", "job.finished"}
    said: dict[str, Any] = next(one for one in told if one.event == "forecast.evaluated").payload
    assert set(said) == {"type", "timestamp", "data"}
    assert "realised_return" in said["data"]
    assert dispatcher.gather() == 0


def test_a_quota_that_is_nearly_used_is_told_once(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, client: TestClient, keys: Keys
) -> None:
    from augury.records.loop.news import NewsDesk

    hook = workspace.store.webhooks.add("home", receiver.url, ["quota.warning"], signing.new_secret())
    used = {"home": 0}
    monkeypatch.setattr(NewsDesk, "units_since", lambda *_: used)
    dispatcher = Dispatcher(workspace.store, workspace.clock)
    plan = workspace.store.people.tenant("home").plan
    from augury.service.accounts.limits import PLANS

    told = []
    for share in (79, 80, 81, 100, 101):
        used["home"] = PLANS[plan].per_day * share // 100
        told.append(dispatcher.gather())
    assert told == [0, 1, 0, 1, 0]
    assert {one.payload["data"]["percent"] for one in workspace.store.webhooks.messages("home", hook.id)} == {80, 100}


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/x", "https://127.0.0.1/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x",
        "https://0.0.0.0/x", "https://2130706433/x", "https://0x7f.1/x", "https://0177.0.0.1/x", "https://10.1.2.3/x",
        "https://169.254.169.254/latest", "https://user@8.8.8.8/x", "ftp://8.8.8.8/x", "https://",
    ],
)  # fmt: skip
def test_an_address_inside_our_networks_is_refused_when_it_is_written_down(
    client: TestClient, keys: Keys, url: str
) -> None:
    answer = client.post("/v1/webhooks", json={"url": url, "events": ["job.finished"]}, headers=keys["admin"])
    assert (answer.status_code, [entry["field"] for entry in answer.json()["errors"]]) == (422, ["url"])


def test_and_again_when_it_is_connected_to(store: Store, clock: Moved, receiver: Receiver) -> None:
    hook = _told(store, receiver, Dispatcher(store, clock))  # as if its name had meant another address before
    Dispatcher(store, clock).send_due()
    message = store.webhooks.messages("home", hook)[0]
    assert (receiver.got, message.state, message.last_status) == ([], FAILED, None)


def test_a_webhook_is_made_tested_rotated_and_deleted_by_its_own_tenant_only(
    client: TestClient, keys: Keys, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGURY_EGRESS_ALLOW", "127.0.0.1")
    body = {"url": receiver.url, "events": ["job.finished"]}
    made = client.post("/v1/webhooks", json=body, headers=keys["admin"])
    place, secret = made.headers["location"], made.json()["secret"]
    assert (made.status_code, secret[:6]) == (201, "whsec_")
    assert secret not in client.get("/v1/webhooks", headers=keys["admin"]).text
    receiver.answers = [500]
    tried = client.post(f"{place}/test", headers=keys["admin"])
    assert (tried.json()["status"], tried.json()["delivered"]) == (500, False)
    assert "secret of the receiver" not in tried.text
    assert client.post(f"{place}/rotate", json={}, headers=keys["admin"]).json()["secret"] != secret
    for verb, path in (
        ("get", ""),
        ("post", "/test"),
        ("get", "/messages"),
        ("delete", ""),
        ("post", f"/messages/{'a' * 32}/replay"),
    ):
        assert getattr(client, verb)(place + path, headers=keys["other"]).status_code == 404
    assert client.get("/v1/webhooks", headers=keys["train"]).status_code == 403
    assert client.delete(place, headers=keys["admin"]).status_code == 204
    assert client.get(place, headers=keys["admin"]).status_code == 404

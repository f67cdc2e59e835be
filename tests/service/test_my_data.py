"""One's own data: all of it in one document, and gone when its person leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from augury.records.accounts.audit_trail import person
from augury.records.accounts.tables import HOME, webhook_messages, webhooks
from augury.records.accounts.usage import Call
from augury.records.accounts.watchlist import WatchChange
from augury.records.database import reading, transaction
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace
from augury.service.accounts.issuing import issue
from augury.service.accounts.tries import WRONG_MAX
from augury.service.answers import my_data
from augury.service.answers.my_data import MyData
from site_fixtures import PASSWORD

Enter = Callable[..., TestClient]
SECRET = "whsec_never_in_a_document"


def _own(workspace: Workspace, name: str) -> tuple[str, str]:
    """Give a person one thing of each kind; returns their id and a key of theirs."""
    store, now = workspace.store, workspace.clock.now()
    user = store.people.named(name)
    assert user is not None
    key, _ = issue(store, tenant_id=HOME, user_id=user.id, name="their laptop", scopes=["read"])
    change = WatchChange("SYN001", "note", f"a thought of {name}", now, "phone")
    store.watchlist.merge(user.id, HOME, [change])
    store.positions.open(user.id, HOME, "SYN001", "d1", 5, 100.0)
    store.usage.add([
        Call(HOME, None, user.id, f"{user.id[:28]}{i:04x}", now - timedelta(hours=1), "GET", "/v1/me", 200, 1.5, 1)
        for i in range(5)
    ])  # fmt: skip
    with transaction(store.engine) as connection:
        connection.execute(
            insert(webhooks).values(
                id=f"{7:032x}", tenant_id=HOME, url="https://example.com/told", events_json=["job.finished"],
                secret=f'[{{"text":"{SECRET}","until":null}}]', created_at=now,
            )
        )  # fmt: skip
    return user.id, key


def _leave(client: TestClient, password: str = PASSWORD) -> Any:
    return client.request("DELETE", "/v1/users/me", json={"password": password}, headers={"accept": "application/json"})


def _everything(workspace: Workspace) -> str:
    """Every row of every table, as text; usage and journals included."""
    with reading(workspace.store.engine) as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return "\n".join(
            f"{name} {tuple(row)}" for name in tables for row in connection.execute(text(f'SELECT * FROM "{name}"'))
        )


def test_the_document_holds_all_that_is_theirs_and_no_secret(
    workspace: Workspace, signed_in: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(my_data, "PAGE", 2)  # several pages of each: nothing is lost between them
    client = signed_in("admin", name="ada")
    user_id, key = _own(workspace, "ada")
    signed_in("trader", name="bob")
    client.get("/v1/me", headers={"authorization": f"Bearer {key}"})
    made = client.post("/v1/keys", json={"name": "second"}, headers={"accept": "application/json"}).json()
    through_key = {"authorization": f"Bearer {made['key']}"}
    answer = client.get("/v1/users/me/export", headers={"accept": "application/json"})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    said = MyData.model_validate_json(answer.content)
    assert (said.profile.id, said.profile.name, said.profile.role) == (user_id, "ada", "admin")
    assert {one.name for one in said.keys} == {"their laptop", "second"}
    assert len(said.sessions) == 1
    assert [one.note for one in said.watchlist] == ["a thought of ada"]
    assert [one.quantity for one in said.positions] == [5]
    assert [one.url for one in said.webhooks] == ["https://example.com/told"]
    assert len({one.request_id for one in said.usage}) == len(said.usage) >= 5
    assert all(one.user_id == user_id for one in said.usage)
    assert [(one.action, one.actor) for one in said.acts] == [("made a key", "ada"), ("signed in", "ada")]
    for secret in (SECRET, key, made["key"], "password_hash", "token_hash", '"bob"'):
        assert secret not in answer.text
    assert client.get("/v1/users/me/export", headers=through_key).json()["profile"]["name"] == "ada"


def test_what_a_key_of_theirs_did_is_theirs_too_under_the_name_of_the_key(
    workspace: Workspace, client: TestClient, signed_in: Enter
) -> None:
    page = signed_in("admin", name="ada")
    user = workspace.store.people.named("ada")
    assert user is not None
    key, _ = issue(workspace.store, tenant_id=HOME, user_id=user.id, name="robot", scopes=["read", "admin"])
    client.post("/v1/keys", json={"name": "x"}, headers={"authorization": f"Bearer {key}"})
    acts = page.get("/v1/users/me/export", headers={"accept": "application/json"}).json()["acts"]
    assert [(act["actor"], act["action"]) for act in acts] == [("robot", "made a key"), ("ada", "signed in")]


def test_who_rules_no_webhooks_is_not_told_their_addresses(workspace: Workspace, signed_in: Enter) -> None:
    client = signed_in("reader", name="ada")
    _own(workspace, "ada")
    answer = client.get("/v1/users/me/export", headers={"accept": "application/json"})
    assert answer.json()["webhooks"] == []
    assert "example.com" not in answer.text


def test_a_key_that_nobody_made_has_no_data_and_no_account(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    assert client.get("/v1/users/me/export", headers=keys["all"]).status_code == 403
    gone = client.request("DELETE", "/v1/users/me", json={"password": "x"}, headers=keys["all"])
    assert gone.status_code == 403


def test_after_leaving_no_session_and_no_key_opens_and_the_name_is_nowhere(
    workspace: Workspace, client: TestClient, signed_in: Enter
) -> None:
    signed_in("admin", name="grace")
    ada = signed_in("admin", name="adalovelace")
    user_id, key = _own(workspace, "adalovelace")
    headers = {"authorization": f"Bearer {key}"}
    submit(workspace, "forecast", {"symbols": ["SYN001"]}, by="adalovelace", tenant_id=HOME)
    workspace.store.controls.pause("forecast", by="adalovelace", reason="a holiday")
    told = {"event": "job.finished", "subject": "x", "state": "delivered", "attempts": 1}
    message = {"id": f"{8:032x}", "webhook_id": f"{7:032x}", "created_at": workspace.clock.now()}
    payload = {"kind": "forecast", "submitted_by": "adalovelace"}
    with transaction(workspace.store.engine) as connection:
        connection.execute(insert(webhook_messages).values(**told, **message, payload_json=payload))
    ada.post("/settings", data={"theme": "dark", "preset": "balanced"})
    assert client.get("/v1/me", headers=headers).status_code == 200
    assert _leave(ada).status_code == 204
    assert client.get("/v1/me", headers=headers).status_code == 401
    assert ada.get("/v1/me", headers={"accept": "application/json"}).status_code == 401
    assert client.post("/sign-in", data={"name": "adalovelace", "password": PASSWORD}).status_code == 401
    stands = f"deleted-{user_id[:12]}"
    assert client.post("/sign-in", data={"name": stands, "password": "deleted"}).status_code == 401
    assert [one.name for one in workspace.store.people.users(HOME)] == ["grace"]
    rest = "\n".join(line for line in _everything(workspace).splitlines() if not line.startswith("journal "))
    for word in ("adalovelace", "their laptop", "a thought of"):
        assert word not in rest, word
    assert f"submitted by {stands}" in rest
    (kept,) = workspace.store.webhooks.messages(HOME, f"{7:032x}")
    assert kept.payload == {"kind": "forecast", "submitted_by": stands}
    with reading(workspace.store.engine) as connection:
        row = connection.execute(text("SELECT * FROM users WHERE id = :id"), {"id": user_id}).one()
    assert (row.password_hash, row.settings_json) == ("deleted", "{}")


def test_the_trail_keeps_every_line_under_an_opaque_id(workspace: Workspace, signed_in: Enter) -> None:
    grace, ada = signed_in("admin", name="grace"), signed_in("trader", name="ada")
    user = workspace.store.people.named("ada")
    assert user is not None
    before = [(act.id, act.action) for act in workspace.store.audit_trail.list(HOME)]
    named = [act.actor for act in workspace.store.audit_trail.list(HOME)]
    assert _leave(ada).status_code == 204
    after = workspace.store.audit_trail.list(HOME)
    assert [(act.id, act.action) for act in after[1:]] == before
    stands = f"deleted-{user.id[:12]}"
    assert (after[0].actor, after[0].action, after[0].subject) == (stands, "deleted the account", stands)
    assert after[0].request_id
    assert [act.actor for act in after[1:]] == [stands if name == "ada" else name for name in named]
    told = grace.get("/v1/audit", headers={"accept": "application/json"}).text
    assert '"ada"' not in told
    assert person(user.id) in _everything(workspace)


def test_the_last_admin_stays_and_is_told_what_helps(workspace: Workspace, signed_in: Enter) -> None:
    ada = signed_in("admin", name="ada")
    signed_in("reader", name="bob")
    refused = _leave(ada)
    assert refused.status_code == 422
    assert refused.json()["fix"] == "augury users invite --role admin"
    assert ada.get("/v1/me", headers={"accept": "application/json"}).status_code == 200
    assert workspace.store.audit_trail.list(HOME)[0].action == "signed in"
    other = workspace.store.people.add_tenant("elsewhere")
    assert _leave(signed_in("admin", tenant_id=other.id)).status_code == 422, "admins at home rule no other tenant"


def test_a_wrong_password_deletes_nothing_and_cannot_be_guessed(workspace: Workspace, signed_in: Enter) -> None:
    ada = signed_in("reader", name="ada")
    answers = [_leave(ada, "not it at all").status_code for _ in range(WRONG_MAX + 3)]
    assert set(answers) == {422, 429}
    assert _leave(ada).status_code == 429
    assert workspace.store.people.named("ada") is not None
    assert ada.request("DELETE", "/v1/users/me", headers={"accept": "application/json"}).status_code == 422


def test_a_tenants_admin_meets_who_left_as_somebody_unknown(workspace: Workspace, signed_in: Enter) -> None:
    grace, ada = signed_in("admin", name="grace"), signed_in("reader", name="ada")
    user = workspace.store.people.named("ada")
    assert user is not None
    assert _leave(ada).status_code == 204
    plain = {"accept": "application/json"}
    assert grace.patch(f"/v1/users/{user.id}", json={"disabled": False}, headers=plain).status_code == 404
    assert [one["name"] for one in grace.get("/v1/users", headers=plain).json()["users"]] == ["grace"]
    assert workspace.store.people.add_user("ada", "x").name == "ada", "the name is free again"


def test_the_page_says_what_goes_and_stays_and_leads_to_the_door(workspace: Workspace, signed_in: Enter) -> None:
    signed_in("admin", name="grace")
    ada = signed_in("reader", name="ada")
    shown = ada.get("/settings").text
    assert 'href="/v1/users/me/export"' in shown
    assert 'href="/settings/delete"' in shown
    assert "under an opaque id" in ada.get("/settings/delete").text
    wrong = ada.post("/settings/delete", data={"password": "not it"})
    assert wrong.status_code == 422
    assert "nothing was deleted" in wrong.text
    done = ada.post("/settings/delete", data={"password": PASSWORD}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    assert done.headers["clear-site-data"]
    assert workspace.store.people.named("ada") is None
    assert ada.get("/settings", follow_redirects=False).status_code == 303

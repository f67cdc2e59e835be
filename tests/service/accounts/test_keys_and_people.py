"""Keys and people over the API: made, shown once, rotated, revoked; roles; two tenants; two processes."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.records.accounts.people import hashed
from augury.runs.workspace import Workspace
from augury.service.accounts import doorkeeper, passwords
from augury.service.accounts.issuing import issue
from augury.service.accounts.keys import HINT, new_key
from augury.service.accounts.passwords import hash_password
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

Keys = dict[str, dict[str, str]]
PASSWORD = "correct horse battery"


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_key_is_shown_once_and_kept_as_a_hash(client: TestClient, workspace: Workspace, keys: Keys) -> None:
    made = client.post("/v1/keys", json={"name": "laptop", "scopes": ["read", "train"]}, headers=keys["all"]).json()
    key = made["key"]
    assert (len(key), made["hint"], made["state"], made["scopes"]) == (47, f"{key[:HINT]}…", "live", ["read", "train"])
    listed = client.get("/v1/keys", headers=keys["all"])
    assert key not in listed.text
    assert made["id"] in {one["id"] for one in listed.json()["keys"]}
    assert workspace.store.api_keys.opens(hashed(key)) is not None
    assert client.get("/v1/me", headers=bearer(key)).json()["scopes"] == ["read", "train"]


def test_a_key_may_not_more_than_its_maker(client: TestClient, keys: Keys) -> None:
    answer = client.post("/v1/keys", json={"name": "more", "scopes": ["admin", "train"]}, headers=keys["admin"])
    assert (answer.status_code, answer.json()["code"]) == (403, "Forbidden")
    strong = client.post("/v1/keys", json={"name": "strong", "scopes": ["train"]}, headers=keys["all"]).json()
    assert client.post(f"/v1/keys/{strong['id']}/rotate", headers=keys["admin"]).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["operate"]},
        {"name": "x", "scopes": ["record"]},
        {"name": "x", "days": 0},
        {"name": "x", "days": "7"},
        {"name": "x", "tenant_id": "home"},
        {"name": "x", "user_id": "somebody"},
        {"name": "a\nb"},
    ],
)
def test_what_a_key_cannot_be_is_refused(client: TestClient, keys: Keys, body: dict[str, Any]) -> None:
    assert client.post("/v1/keys", json=body, headers=keys["all"]).status_code == 422


def test_a_rotated_key_goes_on_for_the_overlap_and_a_revoked_one_does_not(
    client: TestClient, workspace: Workspace, keys: Keys, backend: Backend
) -> None:
    old = client.post("/v1/keys", json={"name": "app"}, headers=keys["all"]).json()
    new = client.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_hours": 2}, headers=keys["all"]).json()
    assert new["key"] != old["key"]
    assert [client.get("/v1/me", headers=bearer(key["key"])).status_code for key in (old, new)] == [200, 200]
    again = client.post(f"/v1/keys/{old['id']}/rotate", headers=keys["all"])
    assert again.status_code == 422
    later = FixedClock(workspace.clock.now() + timedelta(hours=2))
    for part in (workspace, workspace.store):
        object.__setattr__(part, "clock", later)
    backend.doorkeeper.forget()
    assert [client.get("/v1/me", headers=bearer(key["key"])).status_code for key in (old, new)] == [401, 200]
    assert client.delete(f"/v1/keys/{new['id']}", headers=keys["all"]).json()["state"] == "revoked"
    assert client.get("/v1/me", headers=bearer(new["key"])).status_code == 401


def test_a_key_ends_on_its_day(client: TestClient, workspace: Workspace, keys: Keys, backend: Backend) -> None:
    made = client.post("/v1/keys", json={"name": "guest", "days": 1}, headers=keys["all"]).json()
    assert client.get("/v1/me", headers=bearer(made["key"])).status_code == 200
    clock = FixedClock(workspace.clock.now() + timedelta(days=1))
    object.__setattr__(workspace.store, "clock", clock)
    backend.doorkeeper.forget()
    assert client.get("/v1/me", headers=bearer(made["key"])).status_code == 401


def test_another_process_sees_a_revocation_and_a_disabling_within_a_second(workspace: Workspace) -> None:
    """Two servers on one store: what one is told, the other obeys."""
    assert doorkeeper.REMEMBERED_S <= 0.5
    store, config = workspace.store, ServiceConfig(hosts=("testserver",))
    user = store.people.add_user("ada", hash_password(PASSWORD), "admin")
    store.people.add_user("bob", hash_password(PASSWORD), "admin")
    key, made = issue(store, tenant_id="home", user_id=None, name="k", scopes=["read"])
    hers, _ = issue(store, tenant_id="home", user_id=user.id, name="hers", scopes=["read"])
    first, second = (Backend.open(Workspace.open(workspace.settings, clock=workspace.clock), config) for _ in range(2))
    with TestClient(site(first)) as here, TestClient(site(second)) as there:
        here.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        session = {"cookie": f"augury_session={here.cookies['augury_session']}"}
        admin, _ = issue(store, tenant_id="home", user_id=None, name="admin", scopes=["read", "admin"])
        asked = (bearer(key), bearer(hers), session)
        for client in (here, there):
            assert [client.get("/v1/me", headers=headers).status_code for headers in asked] == [200, 200, 200]
        here.cookies.clear()
        began = time.monotonic()
        here.delete(f"/v1/keys/{made.id}", headers=bearer(admin))
        here.patch(f"/v1/users/{user.id}", json={"disabled": True}, headers=bearer(admin))
        assert [here.get("/v1/me", headers=headers).status_code for headers in asked] == [401, 401, 401]
        while [there.get("/v1/me", headers=headers).status_code for headers in asked] != [401, 401, 401]:
            assert time.monotonic() - began < 10, "the other process never heard of it"
    for one in (first, second):
        one.workspace.store.close()


def test_a_lowered_role_lowers_keys_and_sessions(client: TestClient, workspace: Workspace, keys: Keys) -> None:
    store = workspace.store
    user = store.people.add_user("ada", hash_password(PASSWORD), "trader")
    key, _ = issue(store, tenant_id="home", user_id=user.id, name="hers", scopes=["read", "train"])
    assert client.get("/v1/me", headers=bearer(key)).json()["scopes"] == ["read", "train"]
    assert client.patch(f"/v1/users/{user.id}", json={"role": "reader"}, headers=keys["all"]).status_code == 200
    assert client.get("/v1/me", headers=bearer(key)).json()["scopes"] == ["read"]


def test_foreign_keys_and_people_read_like_unknown_ones(client: TestClient, workspace: Workspace, keys: Keys) -> None:
    store = workspace.store
    user = store.people.add_user("ada", hash_password(PASSWORD), "reader")
    _, key = issue(store, tenant_id="home", user_id=None, name="k", scopes=["read"])
    unknown = "0" * 32
    for verb, place, body in (
        ("DELETE", "/v1/keys/{}", None),
        ("POST", "/v1/keys/{}/rotate", {}),
        ("PATCH", "/v1/users/{}", {"role": "admin"}),
    ):
        real = user.id if "users" in place else key.id
        foreign, never = (
            client.request(verb, place.format(one), json=body, headers=keys["other"]) for one in (real, unknown)
        )
        assert foreign.status_code == never.status_code == 404
        same = [
            {name: value for name, value in answer.json().items() if name != "request_id"}
            for answer in (foreign, never)
        ]
        assert str(same[0]).replace(real, unknown) == str(same[1])
    theirs = client.get("/v1/keys", headers=keys["other"]).text + client.get("/v1/users", headers=keys["other"]).text
    assert key.id not in theirs
    assert '"ada"' not in theirs
    assert store.api_keys.get(key.id, "home").revoked_at is None
    assert store.people.user(user.id).role == "reader"


def test_somebody_always_rules_a_tenant(client: TestClient, workspace: Workspace, keys: Keys) -> None:
    only = workspace.store.people.add_user("ada", hash_password(PASSWORD), "admin")
    for change in ({"role": "reader"}, {"disabled": True}):
        answer = client.patch(f"/v1/users/{only.id}", json=change, headers=keys["all"])
        assert (answer.status_code, "only admin" in answer.json()["detail"]) == (422, True)
    workspace.store.people.add_user("bob", hash_password(PASSWORD), "admin")
    assert client.patch(f"/v1/users/{only.id}", json={"role": "reader"}, headers=keys["all"]).status_code == 200


@pytest.mark.parametrize("extra", ["tenant_id", "is_admin", "password_hash", "plan", "quota"])
def test_fields_that_nobody_offered_are_refused(
    client: TestClient, workspace: Workspace, keys: Keys, extra: str
) -> None:
    user = workspace.store.people.add_user("ada", hash_password(PASSWORD), "reader")
    assert client.patch(f"/v1/users/{user.id}", json={extra: "x"}, headers=keys["all"]).status_code == 422


def test_an_invitation_makes_one_account_in_the_tenant_of_who_invited(client: TestClient, keys: Keys) -> None:
    made = client.post("/v1/users/invitations", json={"role": "trader"}, headers=keys["other"]).json()
    form = {"code": made["code"], "name": "Grace", "password": PASSWORD}
    assert client.post("/welcome", data=form, follow_redirects=False).status_code == 303
    client.cookies.clear()
    again = client.post("/welcome", data=form | {"name": "other"}, follow_redirects=False)
    assert again.status_code in (401, 422)
    people = client.get("/v1/users", headers=keys["other"]).json()["users"]
    assert [(one["name"], one["role"]) for one in people] == [("grace", "trader")]
    assert client.get("/v1/users", headers=keys["all"]).json()["users"] == []


def test_every_act_is_in_the_trail_of_its_own_tenant(client: TestClient, keys: Keys) -> None:
    made = client.post("/v1/keys", json={"name": "laptop"}, headers=keys["all"]).json()
    client.post(f"/v1/keys/{made['id']}/rotate", headers=keys["all"])
    client.delete(f"/v1/keys/{made['id']}", headers=keys["all"])
    client.post("/v1/users/invitations", json={}, headers=keys["all"])
    first = client.get("/v1/audit", params={"limit": 2}, headers=keys["all"]).json()
    rest = client.get("/v1/audit", params={"limit": 2, "cursor": first["next"]}, headers=keys["all"]).json()
    acts = [(act["actor"], act["action"]) for act in first["acts"] + rest["acts"]]
    said = ["invited", "revoked a key", "rotated a key", "made a key"]
    assert acts == [("all key", action) for action in said]
    assert all(len(act["request_id"]) == 32 for act in first["acts"])
    assert rest["next"] is None
    assert client.get("/v1/audit", headers=keys["other"]).json()["acts"] == []
    assert client.get("/v1/audit", params={"cursor": first["next"]}, headers=keys["other"]).status_code == 422


def test_a_made_up_key_is_refused_without_a_look_at_the_store(
    client: TestClient, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(backend.doorkeeper, "_from_key", looked.append)
    right = new_key()
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    for said in (wrong, "aug_live_", "x" * 5_000, "", "aug_live_" + "é" * 38):
        answer = client.get("/v1/me", headers={"authorization": f"Bearer {said}".encode()})
        assert answer.status_code in (401, 400, 429)
        assert said not in answer.text or not said
    assert client.get("/v1/me", headers={"authorization": "Basic YTpi"}).status_code == 401
    assert looked == []


def test_hashing_a_password_costs_what_the_library_says() -> None:
    from argon2 import PasswordHasher

    assert type(passwords.hasher()) is PasswordHasher

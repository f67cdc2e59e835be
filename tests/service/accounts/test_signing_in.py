"""Signing in and out: one reply for every reason, no session that was there before, and an end that holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from augury.runs.workspace import Workspace
from augury.service.accounts import signing_in
from augury.service.accounts.passwords import hash_password
from augury.service.accounts.tries import WRONG_MAX
from augury.service.backend import Backend
from augury.web.app import site

PASSWORD = "correct horse battery"
COOKIE = "augury_session"


@pytest.fixture
def person(workspace: Workspace) -> str:
    return workspace.store.people.add_user("ada", hash_password(PASSWORD), "reader").id


@pytest.fixture
def browser(backend: Backend, person: str) -> Iterator[TestClient]:
    with TestClient(site(backend), raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


def enter(browser: TestClient, password: str = PASSWORD, name: str = "ada") -> int:
    return browser.post("/sign-in", data={"name": name, "password": password}).status_code


def open_with(browser: TestClient, token: str) -> int:
    browser.cookies.clear()
    return browser.get("/v1/me", headers={"cookie": f"{COOKIE}={token}"}).status_code


def test_a_session_that_was_there_before_signing_in_is_not_taken_over(browser: TestClient) -> None:
    browser.cookies.set(COOKIE, "planted-by-an-attacker", domain="testserver.local")
    assert enter(browser) == 303
    token = browser.cookies[COOKIE]
    assert token != "planted-by-an-attacker"
    assert open_with(browser, "planted-by-an-attacker") == 401
    browser.cookies.set(COOKIE, token, domain="testserver.local")
    assert enter(browser) == 303
    second = browser.cookies[COOKIE]
    assert second != token
    assert (open_with(browser, token), open_with(browser, second)) == (401, 200)


def test_signing_out_ends_the_session_and_everywhere_ends_them_all(browser: TestClient, workspace: Workspace) -> None:
    tokens = []
    for _ in range(3):
        assert enter(browser) == 303
        tokens.append(browser.cookies[COOKIE])
        browser.cookies.clear()
    first, second, third = tokens
    assert browser.post("/sign-out", headers=_from_page(browser, first)).status_code == 303
    assert [open_with(browser, token) for token in tokens] == [401, 200, 200]
    assert browser.delete("/v1/me/sessions", headers=_from_page(browser, second)).status_code == 204
    assert [open_with(browser, token) for token in tokens] == [401, 401, 401]
    assert third not in str(workspace.store.audit_trail.list("home"))


def _from_page(browser: TestClient, token: str) -> dict[str, str]:
    browser.cookies.clear()
    page = browser.get("/", headers={"cookie": f"{COOKIE}={token}", "accept": "text/html"}).text
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found is not None
    return {"cookie": f"{COOKIE}={token}", "origin": "http://testserver", "x-csrf-token": found[1]}


def test_one_reply_and_the_same_work_for_every_reason(
    browser: TestClient, workspace: Workspace, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bool] = []
    right = signing_in.right

    def counted(password: str, password_hash: str | None) -> bool:
        checked.append(True)
        return right(password, password_hash)

    monkeypatch.setattr(signing_in, "right", counted)
    off = workspace.store.people.add_user("off", hash_password(PASSWORD), "reader")
    workspace.store.people.change(off.id, disabled_at=workspace.clock.now())
    replies = []
    for name, password in (("ada", "wrong password 1"), ("nobody", "wrong password 1"), ("off", PASSWORD), ("ada", "")):
        answer = browser.post("/sign-in", data={"name": name, "password": password})
        said = re.sub(r"[0-9a-f]{32}", "", answer.text).replace(f'value="{name}"', "")
        replies.append((answer.status_code, said))
    assert len(set(replies[:3])) == 1
    assert replies[0][0] == 401
    assert len(checked) >= 3


def test_wrong_tries_are_stopped_by_name_and_by_address_and_nothing_is_looked_at_then(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [enter(browser, "wrong password 1") for _ in range(25)]
    assert said.index(429) == WRONG_MAX <= 20
    assert set(said[WRONG_MAX:]) == {429}
    assert enter(browser) == 429, "a right password is not looked at either: tries would go on"
    assert enter(browser, name="somebody else") == 429, "the address is stopped for every name"


def test_right_passwords_cost_no_tries(browser: TestClient) -> None:
    for _ in range(WRONG_MAX + 5):
        browser.cookies.clear()
        assert enter(browser) == 303


def test_a_disabled_person_is_out_at_once(
    browser: TestClient, workspace: Workspace, person: str, backend: Backend
) -> None:
    assert enter(browser) == 303
    token = browser.cookies[COOKIE]
    assert open_with(browser, token) == 200
    workspace.store.people.change(person, disabled_at=workspace.clock.now())
    backend.doorkeeper.forget()
    assert open_with(browser, token) == 401
    assert enter(browser) == 401


def test_a_new_password_ends_what_was_open(
    browser: TestClient, workspace: Workspace, person: str, backend: Backend
) -> None:
    assert enter(browser) == 303
    token = browser.cookies[COOKIE]
    workspace.store.people.change(person, password_hash=hash_password("another horse battery"))
    backend.doorkeeper.forget()
    assert open_with(browser, token) == 401


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(browser: TestClient, place: str) -> None:
    answer = browser.post("/sign-in", data={"name": "ada", "password": PASSWORD, "next": place})
    assert answer.headers["location"] == "/"


def test_short_passwords_make_no_account(browser: TestClient, workspace: Workspace) -> None:
    code = workspace.store.people.invite()
    for password in ("", "short", "x" * 11):
        answer = browser.post("/welcome", data={"code": code, "name": "bob", "password": password})
        assert answer.status_code == 422
        assert not password or password not in answer.text or len(password) < 6
    assert workspace.store.people.named("bob") is None


def test_a_fresh_install_has_no_account_and_no_way_around_one(browser: TestClient) -> None:
    for name, password in (
        ("admin", "admin"),
        ("admin", ""),
        ("root", "root"),
        ("admin", "augury"),
        ("' OR 1=1 --", "x"),
    ):
        assert enter(browser, password, name) in (401, 422)

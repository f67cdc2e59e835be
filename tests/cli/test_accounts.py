"""Verbs for keys, people and usage."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from augury.cli.app import run
from augury.records.accounts.people import hashed
from augury.records.store import Store

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    def one(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = run(["--data-dir", str(tmp_path), *words], {})
        said = capsys.readouterr()
        return code, said.out, said.err

    return one


def test_a_key_goes_to_stdout_once_and_only_its_hint_is_listed(say: Say, tmp_path: Path) -> None:
    code, out, err = say("keys", "create", "--name", "laptop", "--scope", "read", "--scope", "train")
    key = out.strip()
    assert (code, len(key), key in err) == (0, 47, False)
    with Store.open(tmp_path) as store:
        assert store.api_keys.opens(hashed(key)) is not None
    _, listed, _ = say("keys", "list", "--json")
    row = json.loads(listed)[0]
    assert (row["hint"], row["scopes"], row["opens"]) == (f"{key[:13]}…", ["read", "train"], True)
    assert key not in listed
    new = say("keys", "rotate", row["id"], "--overlap", "0")[1].strip()
    assert say("keys", "revoke", json.loads(say("keys", "list", "--json")[1])[0]["id"])[0] == 0
    with Store.open(tmp_path) as store:
        assert [store.api_keys.opens(hashed(one)) for one in (key, new)] == [None, None]
        actions = [act.action for act in store.audit_trail.list("home")]
    assert actions == ["revoked a key", "rotated a key", "made a key"]


def test_a_key_of_somebody_may_no_more_than_they(say: Say) -> None:
    say("users", "add", "ada", "--password-stdin", stdin="correct horse battery\n")
    assert say("keys", "create", "--name", "x", "--user", "ada")[0] == 0
    code, _, err = say("keys", "create", "--name", "x", "--user", "ada", "--scope", "admin")
    assert (code, "may not more than its maker" in err) == (1, True)
    assert say("keys", "create", "--name", "x", "--sandbox", "--scope", "train")[0] == 2
    assert say("keys", "create", "--name", "x", "--sandbox")[1].startswith("aug_test_")


def test_a_password_is_never_an_argument(say: Say, tmp_path: Path) -> None:
    assert say("users", "add", "ada")[0] == 2
    assert say("users", "add", "ada", "--password", "x")[0] == 2
    code, out, err = say("users", "add", "ada", "--role", "admin", "--password-stdin", stdin="correct horse battery\n")
    assert (code, "battery" in out + err) == (0, False)
    assert say("users", "add", "bob", "--password-stdin", stdin="short\n")[0] == 2
    assert say("users", "password", "ada", "--password-stdin", stdin="another horse battery\n")[0] == 0


def test_people_are_disabled_enabled_and_given_roles(say: Say) -> None:
    for name in ("ada", "bob"):
        say("users", "add", name, "--role", "admin", "--password-stdin", stdin="correct horse battery\n")
    assert say("users", "disable", "ada")[0] == 0
    assert say("users", "disable", "bob")[0] == 2
    assert say("users", "role", "bob", "reader")[0] == 2
    assert say("users", "enable", "ada")[0] == 0
    assert say("users", "role", "bob", "trader")[0] == 0
    rows = json.loads(say("users", "list", "--json")[1])
    assert [(row["name"], row["role"], row["disabled_at"]) for row in rows] == [
        ("ada", "admin", None),
        ("bob", "trader", None),
    ]
    assert say("users", "disable", "nobody")[0] == 4


def test_a_tenant_is_made_with_its_plan_and_somebody_is_invited(say: Say) -> None:
    assert say("users", "tenant-add", "smiths", "--plan", "pro")[0] == 0
    assert say("users", "tenant-add", "smiths")[0] == 2
    assert say("users", "tenant-add", "jones", "--plan", "gold")[0] == 2
    rows = json.loads(say("users", "tenants", "--json")[1])
    assert [(row["name"], row["plan"]) for row in rows] == [("home", "partner"), ("smiths", "pro")]
    assert say("users", "invite", "--tenant", "smiths", "--role", "admin")[1].startswith("/welcome?code=")


def test_usage_is_empty_before_the_first_call(say: Say) -> None:
    code, out, err = say("usage", "show")
    assert (code, out, "no calls" in err) == (0, "", True)
    assert say("usage", "export")[:2] == (0, "")

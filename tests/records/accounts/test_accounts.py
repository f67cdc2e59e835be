"""People, keys, sessions, usage and the audit trail in both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from augury.core.errors import NotFound, NotSignedIn, StoreError, UsageError
from augury.records.accounts.audit_trail import person, program
from augury.records.accounts.people import hashed
from augury.records.accounts.usage import Call, UsedDay
from augury.records.store import Store

NOW = datetime(2026, 11, 21, 10, 58, tzinfo=UTC)


def a_key(store: Store, secret: str = "secret", **given: Any) -> str:
    named = {"tenant_id": "home", "user_id": None, "name": "k", "scopes": ["read"]} | given
    return store.api_keys.add(hashed(secret), "aug_live_abcd", **named).id


def a_call(index: int, at: datetime = NOW, status: int = 200, tenant_id: str = "home", units: int = 1) -> Call:
    return Call(tenant_id, "k1", None, f"{index:032x}", at, "GET", "/v1/forecasts", status, 2.5, units)


def test_the_home_tenant_is_there_from_the_first_day_and_nobody_in_it(store: Store) -> None:
    assert [(one.id, one.plan) for one in store.people.tenants()] == [("home", "partner")]
    assert store.people.empty()


def test_names_are_taken_once_whatever_their_case(store: Store) -> None:
    store.people.add_user(" Ada ", "hash", "admin")
    with pytest.raises(UsageError, match="taken"):
        store.people.add_user("ADA", "hash")
    found = store.people.named("aDa")
    assert found is not None
    assert found.name == "ada"


@pytest.mark.parametrize("role", ["operator", "", "ADMIN"])
def test_unknown_roles_are_refused_everywhere(store: Store, role: str) -> None:
    ada = store.people.add_user("ada", "hash", "admin")
    for act in (
        lambda: store.people.add_user("bob", "hash", role),
        lambda: store.people.change(ada.id, role=role),
        lambda: store.people.invite(role=role),
    ):
        with pytest.raises(UsageError, match="unknown role"):
            act()


def test_a_person_of_another_tenant_is_nobody(store: Store) -> None:
    ada = store.people.add_user("ada", "hash")
    other = store.people.add_tenant("other")
    assert store.people.user(ada.id, "home").name == "ada"
    with pytest.raises(NotFound):
        store.people.user(ada.id, other.id)
    assert store.people.users(other.id) == []


def test_the_last_admin_stays_and_disabled_ones_do_not_count(store: Store) -> None:
    ada, bob = (store.people.add_user(name, "hash", "admin") for name in ("ada", "bob"))
    store.people.change(bob.id, disabled_at=NOW)
    with pytest.raises(UsageError, match="only admin"):
        store.people.change(ada.id, role="reader")
    store.people.change(bob.id, disabled_at=None)
    assert store.people.change(ada.id, role="reader").role == "reader"


def test_one_invitation_is_one_account_even_for_two_at_once(open_store: Callable[..., Store]) -> None:
    store = open_store()
    code = store.people.invite("home", "reader")

    def accept(name: str) -> bool:
        try:
            store.people.accept(code, name, "hash")
        except NotSignedIn:
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(accept, ["a", "b", "c", "d"])) == 1
    assert len(store.people.users()) == 1


def test_an_invitation_ends_after_a_day(open_store: Callable[..., Store]) -> None:
    code = open_store().people.invite()
    assert open_store(NOW + timedelta(hours=23)).people.invited(code).role == "admin"
    with pytest.raises(NotSignedIn):
        open_store(NOW + timedelta(hours=24)).people.invited(code)


def test_a_key_opens_until_it_ends_is_revoked_or_its_user_is_disabled(open_store: Callable[..., Store]) -> None:
    store = open_store()
    ada = store.people.add_user("ada", "hash", "trader")
    store.people.add_user("bob", "hash", "admin")
    a_key(store, "plain")
    a_key(store, "ends", expires_at=NOW + timedelta(hours=1))
    a_key(store, "hers", user_id=ada.id)
    revoked = a_key(store, "revoked")
    found = store.api_keys.opens(hashed("hers"))
    assert found is not None
    assert found[1:] == ("partner", "trader")
    store.api_keys.revoke(revoked, "home")
    store.people.change(ada.id, disabled_at=NOW)
    later = open_store(NOW + timedelta(hours=1))
    names = ("plain", "ends", "hers", "revoked", "unknown")
    assert [later.api_keys.opens(hashed(name)) is not None for name in names] == [True, False, False, False, False]


def test_only_the_newest_key_of_a_chain_is_rotated(open_store: Callable[..., Store]) -> None:
    store = open_store()
    old = a_key(store, "old", expires_at=NOW + timedelta(days=9))
    new = store.api_keys.rotate(old, "home", hashed("new"), "aug_live_wxyz", timedelta(hours=1))
    assert (new.expires_at, new.scopes) == (NOW + timedelta(days=9), ("read",))
    assert store.api_keys.get(old, "home").rotated_to == new.id
    with pytest.raises(UsageError, match="rotated already"):
        store.api_keys.rotate(old, "home", hashed("other"), "aug_live_0000", timedelta(0))
    later = open_store(NOW + timedelta(hours=1))
    assert [later.api_keys.opens(hashed(name)) is not None for name in ("old", "new")] == [False, True]


def test_a_key_of_another_tenant_is_none(store: Store) -> None:
    other = store.people.add_tenant("other")
    mine = a_key(store)
    for act in (
        lambda: store.api_keys.get(mine, other.id),
        lambda: store.api_keys.revoke(mine, other.id),
        lambda: store.api_keys.rotate(mine, other.id, hashed("x"), "aug_live_0000", timedelta(0)),
    ):
        with pytest.raises(NotFound):
            act()
    assert store.api_keys.list(other.id) == []
    assert store.api_keys.get(mine, "home").revoked_at is None


def test_a_session_ends_with_time_with_a_new_password_and_with_its_person(open_store: Callable[..., Store]) -> None:
    store = open_store()
    ada = store.people.add_user("ada", "hash")
    token = store.sessions.open(ada.id)
    found = store.sessions.opens(token)
    assert found is not None
    assert (found[0].name, found[1]) == ("ada", "partner")
    assert open_store(NOW + timedelta(days=13)).sessions.user(token) is not None
    assert open_store(NOW + timedelta(days=14)).sessions.user(token) is None
    for change in ({"password_hash": "other"}, {"disabled_at": NOW}):
        token = store.sessions.open(ada.id)
        store.people.change(ada.id, **change)
        assert store.sessions.user(token) is None
        store.people.change(ada.id, disabled_at=None)


def test_who_leaves_stands_in_the_trail_by_an_opaque_name_and_is_nobody(store: Store) -> None:
    ada, bob = store.people.add_user("ada", "hash", "admin"), store.people.add_user("bob", "hash", "admin")
    key_id = a_key(store, user_id=ada.id, name="laptop")
    for actor in (person(ada.id), program(key_id), person(bob.id), "cli"):
        store.audit_trail.add("home", actor, "looked", "at it")
    assert [act.actor for act in store.audit_trail.list("home")] == ["cli", "bob", "laptop", "ada"]
    assert [act.actor for act in store.audit_trail.list("home", by=ada.id)] == ["laptop", "ada"]
    stands = store.erasure.erase(ada.id, "home", by=person(ada.id))
    lines = [act.actor for act in store.audit_trail.list("home")]
    assert lines == [stands, "cli", "bob", stands, stands]
    assert store.api_keys.opens(hashed("secret")) is None
    assert store.people.named("ada") is None
    assert [one.name for one in store.people.users()] == ["bob"]
    for again in (lambda: store.erasure.erase(ada.id, "home", by="x"), lambda: store.people.user(ada.id)):
        with pytest.raises(NotFound):
            again()
    with pytest.raises(UsageError, match="bob is the only admin"):
        store.erasure.erase(bob.id, "home", by=person(bob.id))


def test_a_line_never_shows_the_name_of_somebody_of_another_tenant(store: Store) -> None:
    other = store.people.add_tenant("other")
    eve = store.people.add_user("eve", "hash", tenant_id=other.id)
    store.audit_trail.add("home", "cli", "looked", person(eve.id))
    assert store.audit_trail.list("home")[0].subject == person(eve.id)


def test_the_audit_trail_is_only_added_to(store: Store) -> None:
    from sqlalchemy import text

    from augury.records.database import transaction

    store.audit_trail.add("home", "ada", "promoted", "SPY d1 5d", data={"version": "x"})
    for statement in ("UPDATE audit_trail SET actor = 'eve'", "DELETE FROM audit_trail"):
        with pytest.raises(StoreError), transaction(store.engine) as connection:
            connection.execute(text(statement))
    assert [(act.actor, act.data) for act in store.audit_trail.list("home")] == [("ada", {"version": "x"})]


def test_calls_come_back_newest_first_in_pages_and_by_day(store: Store) -> None:
    other = store.people.add_tenant("other").id
    yesterday = NOW - timedelta(days=1)
    store.usage.add([a_call(1, yesterday), a_call(2, yesterday, 429), a_call(3, NOW, 500, units=7), a_call(4)])
    store.usage.add([a_call(5, tenant_id=other)])
    page = store.usage.list("home", limit=2)
    assert [call.request_id[-1] for _, call in page] == ["4", "3"]
    assert [call.request_id[-1] for _, call in store.usage.list("home", before=page[-1][0])] == ["2", "1"]
    assert [call for _, call in store.usage.list("home", until=NOW)] == [
        a_call(2, yesterday, 429),
        a_call(1, yesterday),
    ]
    assert store.usage.list("home", key_id="k2") == []
    days = store.usage.daily("home", since=yesterday.date(), until=NOW.date())
    assert days == [UsedDay(NOW.date(), 2, 8, 0, 1, 2.5), UsedDay(yesterday.date(), 1, 1, 1, 0, 2.5)]
    assert (store.usage.calls_on("home", NOW.date()), store.usage.calls_on("home", yesterday.date())) == (2, 1)
    assert store.usage.arrivals("home", yesterday) == [("k1", yesterday), ("k1", NOW), ("k1", NOW)]


def test_a_batch_of_calls_is_written_whole_or_not_at_all(store: Store) -> None:
    store.usage.add([a_call(1)])
    with pytest.raises(StoreError):
        store.usage.add([a_call(2), a_call(1)])
    assert len(store.usage.list("home")) == 1


def test_a_day_ends_at_midnight_utc(store: Store) -> None:
    late = datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)
    store.usage.add([a_call(1, late), a_call(2, late + timedelta(microseconds=1))])
    days = store.usage.daily("home", since=late.date(), until=NOW.date())
    assert [(one.day.day, one.calls) for one in days] == [(21, 1), (20, 1)]


def test_a_quota_warning_is_written_once_a_day_and_percentage(store: Store) -> None:
    day = NOW.date()
    assert [store.usage.warn("home", day, percent, 800, 1000) for percent in (80, 80, 100)] == [True, False, True]
    assert store.usage.warn("home", day + timedelta(days=1), 80, 800, 1000)
    first, *rest = store.usage.warnings()
    assert (first.tenant_id, first.day, first.percent, first.used, first.limit) == ("home", "2026-11-21", 80, 800, 1000)
    assert store.usage.warnings(first.id) == rest

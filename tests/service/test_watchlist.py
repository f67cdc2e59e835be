"""Watchlists converge: whatever order devices come in, every field keeps its last writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.records.accounts.watchlist import WatchChange
from augury.records.store import Store
from site_fixtures import NOW


@pytest.fixture
def store(tmp_path: Any, database_url: str) -> Any:
    with Store.open(tmp_path, database_url, clock=FixedClock(NOW)) as opened:
        yield opened


def change(symbol: str, field: str, value: Any, minute: int, device: str) -> WatchChange:
    return WatchChange(symbol, field, value, NOW - timedelta(hours=1) + timedelta(minutes=minute), device)


PHONE = [change("AAA", "note", "phone", 5, "phone"), change("AAA", "position", 2.0, 1, "phone")]
LAPTOP = [change("AAA", "note", "laptop", 4, "laptop"), change("AAA", "removed", True, 9, "laptop")]
TABLET = [change("AAA", "note", "same moment", 5, "tablet"), change("BBB", "position", 1.0, 2, "tablet")]


def test_two_devices_that_were_offline_converge_in_whatever_order_they_come(store: Store) -> None:
    seen = []
    for number, order in enumerate(permutations([PHONE, LAPTOP, TABLET])):
        user = store.people.add_user(f"person {number}", "x").id
        for batch in (*order, order[0]):  # the first comes once more: merging may be repeated
            store.watchlist.merge(user, "home", batch)
        merged = store.watchlist.list(user, removed=True)
        seen.append([(item.symbol, item.note, item.position, item.removed) for item in merged])
    assert seen[0] == [("BBB", "", 1.0, False), ("AAA", "same moment", 2.0, True)]
    assert all(one == seen[0] for one in seen)


def test_a_clock_that_runs_ahead_cannot_win_for_ever(store: Store) -> None:
    user = store.people.add_user("ada", "x").id
    store.watchlist.merge(user, "home", [change("AAA", "note", "from 2099", 60 * 24 * 365 * 70, "fast")])
    later = Store(store.engine, store.artifacts, FixedClock(NOW + timedelta(minutes=1)))
    later.watchlist.merge(user, "home", [WatchChange("AAA", "note", "now", NOW + timedelta(seconds=30), "slow")])
    assert store.watchlist.list(user)[0].note == "now"


def test_a_list_is_one_persons(signed_in: Callable[..., TestClient]) -> None:
    ada, bob = signed_in("reader", name="ada"), signed_in("reader", name="bob")
    put = ada.put("/v1/watchlist/SYN001", json={"note": "mine"})
    assert put.status_code == 200, put.text
    assert [item["symbol"] for item in ada.get("/v1/watchlist").json()["items"]] == ["SYN001"]
    assert bob.get("/v1/watchlist").json()["items"] == []


def test_the_page_adds_notes_and_takes_off_without_script(signed_in: Callable[..., TestClient]) -> None:
    ada = signed_in("reader")
    shown = ada.post("/watchlist", data={"symbol": "SYN001", "note": "<b>earnings</b>"})
    assert shown.status_code == 200
    assert "&lt;b&gt;earnings&lt;/b&gt;" in shown.text
    assert "SYN001" in ada.get("/watchlist?csv=watchlist").text
    ada.post("/watchlist", data={"symbol": "SYN001", "remove": "true"})
    assert "SYN001" not in ada.get("/watchlist?csv=watchlist").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "position", "value": "first"},
        {"field": "removed", "value": 1},
        {"field": "note", "value": "x" * 501},
        {"field": "owner", "value": "me"},
        {"symbol": "../../etc", "field": "note", "value": ""},
        {"at": "2026-11-20T22:00:00"},
    ],
)
def test_a_wrong_change_is_refused_whole(signed_in: Callable[..., TestClient], wrong: dict[str, Any]) -> None:
    good = {"symbol": "SYN001", "field": "note", "value": "x", "at": "2026-11-16T10:00:00Z", "device": "phone"}
    ada = signed_in("reader")
    answer = ada.post("/v1/watchlist", json={"changes": [good, good | wrong]})
    assert answer.status_code == 422
    assert ada.get("/v1/watchlist").json()["items"] == []

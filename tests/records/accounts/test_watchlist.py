"""What a person watches and holds on paper, in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from augury.core.errors import NotFound, UsageError
from augury.records.accounts.watchlist import WatchChange
from augury.records.store import Store

NOW = datetime(2026, 11, 21, 10, 58, tzinfo=UTC)
EAST = timezone(timedelta(hours=9))


def test_the_last_writing_wins_in_whatever_order_and_zone_it_comes(store: Store) -> None:
    changes = [
        WatchChange("SPY", "note", "first", NOW - timedelta(hours=2), "phone"),
        # Nine hours ahead on the wall, an hour earlier in truth.
        WatchChange("SPY", "note", "second", (NOW - timedelta(hours=1)).astimezone(EAST), "desk"),
        WatchChange("SPY", "note", "third", NOW - timedelta(minutes=30), "phone"),
        WatchChange("SPY", "position", 2.5, NOW - timedelta(minutes=1), "phone"),
    ]
    found = []
    for number, order in enumerate(permutations(changes)):
        person = store.people.add_user(f"ada-{number}", "x")
        for change in order:
            store.watchlist.merge(person.id, "home", [change])
        found.append([(one.symbol, one.note, one.position) for one in store.watchlist.list(person.id)])
    assert found == [[("SPY", "third", 2.5)]] * 24


def test_what_was_taken_off_is_kept_for_devices_that_were_away(store: Store) -> None:
    person = store.people.add_user("ada", "x")
    store.watchlist.merge(person.id, "home", [WatchChange("SPY", "note", "x", NOW, "a")])
    whole = store.watchlist.merge(person.id, "home", [WatchChange("SPY", "removed", True, NOW, "a")])
    assert [one.removed for one in whole] == [True]
    assert store.watchlist.list(person.id) == []


def test_a_position_is_a_persons_and_ends_once(store: Store) -> None:
    ada, bob = (store.people.add_user(name, "x") for name in ("ada", "bob"))
    made = store.positions.open(ada.id, "home", "SPY", "d1", -2.5, 0.1 + 0.2)
    assert store.positions.list(ada.id) == [made]
    assert (made.quantity, made.entry_price, made.opened_at) == (-2.5, 0.1 + 0.2, NOW)
    assert store.positions.list(bob.id) == []
    with pytest.raises(NotFound):
        store.positions.close(made.id, bob.id, 1.0)
    ended = store.positions.close(made.id, ada.id, 1.0)
    assert (ended.exit_price, ended.closed_at) == (1.0, NOW)
    with pytest.raises(UsageError, match="ended already"):
        store.positions.close(made.id, ada.id, 1.0)

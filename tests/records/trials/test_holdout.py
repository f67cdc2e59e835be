"""Seals and openings; BEY-04, in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from augury.core.errors import NotFound, StoreError, UsageError
from augury.records.database import transaction
from augury.records.trials.tables import holdout_opens, holdout_seals

SEALED = datetime(2018, 1, 1, tzinfo=UTC)


def test_a_seal_survives_the_process_and_says_how_often_it_was_opened(store, open_store, make) -> None:
    assert store.holdout.status() == []
    seal = store.holdout.seal("d1/SPY", SEALED, by="test")
    assert (seal.dataset, seal.sealed_from, seal.sealed_at, seal.text) == ("d1/SPY", SEALED, make.now, "never opened")
    assert open_store().holdout.guard("d1/SPY").sealed_from == SEALED
    assert open_store().holdout.status() == [seal]


def test_every_opening_is_counted_and_the_second_burns_it(store, make) -> None:
    store.holdout.seal("d1/SPY", SEALED, by="test")
    texts = []
    for reason in ("final report", "once more", "and again"):
        guard, seal = store.holdout.open("d1/SPY", reason, by="test")
        assert guard.opened
        texts.append(seal.text)
    assert texts == ["opened 1x", "burned 2x", "burned 3x"]
    (seal,) = store.holdout.status()
    assert (seal.openings, seal.last_reason, seal.last_opened_at) == (3, "and again", make.now)


def test_an_opening_is_for_its_own_guard_the_next_one_is_closed_again(store) -> None:
    store.holdout.seal("d1/SPY", SEALED, by="test")
    store.holdout.open("d1/SPY", "final report", by="test")
    assert not store.holdout.guard("d1/SPY").opened


def test_a_seal_only_grows(store) -> None:
    store.holdout.seal("d1/SPY", SEALED, by="test")
    with pytest.raises(UsageError, match="a seal only grows"):
        store.holdout.seal("d1/SPY", SEALED + timedelta(days=1), by="test")
    assert store.holdout.guard("d1/SPY").sealed_from == SEALED
    earlier = SEALED - timedelta(days=365)
    assert store.holdout.seal("d1/SPY", earlier, by="test").sealed_from == earlier
    assert store.holdout.guard("d1/SPY").sealed_from == earlier


def test_of_several_names_for_the_same_rows_the_earliest_seal_holds(store) -> None:
    store.holdout.seal("d1/SPY", SEALED, by="test")
    store.holdout.seal("w1/SPY", SEALED - timedelta(days=9), by="test")
    assert store.holdout.guard("d1/SPY", "w1/SPY").sealed_from == SEALED - timedelta(days=9)
    assert store.holdout.guard("d1/QQQ").sealed_from is None


def test_an_opening_needs_a_seal_and_a_reason(store) -> None:
    with pytest.raises(NotFound, match="nothing of d1/SPY is sealed"):
        store.holdout.open("d1/SPY", "curious", by="test")
    store.holdout.seal("d1/SPY", SEALED, by="test")
    with pytest.raises(UsageError, match="needs a reason"):
        store.holdout.open("d1/SPY", "  ", by="test")
    with pytest.raises(UsageError, match="name the dataset"):
        store.holdout.seal("", SEALED, by="test")
    assert store.holdout.status()[0].openings == 0


def test_neither_seals_nor_openings_can_be_taken_back(store) -> None:
    store.holdout.seal("d1/SPY", SEALED, by="test")
    store.holdout.open("d1/SPY", "final report", by="test")
    for table in (holdout_seals, holdout_opens):
        for statement in (delete(table), update(table).values(dataset="d1/QQQ")):
            with pytest.raises(StoreError, match="append-only"), transaction(store.engine) as connection:
                connection.execute(statement)
    assert store.holdout.status()[0].openings == 1

"""Versions, the alias that answers, and its history; REC-03, REC-06."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from augury.core.errors import CorruptStore, NotFound, UsageError
from augury.core.score import GateResult, Verdict
from augury.core.timeframe import Timeframe
from augury.records.database import reading
from augury.records.tables import alias_log, data_versions, label_specs, symbols

DAY = timedelta(days=1)
REFUSED = Verdict.of((GateResult("COLLAPSED", False, "refuse", "spread 0"),))


def log(store):
    with reading(store.engine) as connection:
        return connection.execute(select(alias_log).order_by(alias_log.c.id)).all()


def test_the_promoted_version_answers_and_the_one_before_is_retired(store, make):
    old = make.version(store)
    new = make.version(store, created_at=make.now + DAY)
    assert store.versions.champion("^GSPC", "d1", "5d") == new.version
    assert store.versions.champion("^GSPC", Timeframe.D1, "5d") == new.version
    assert [(row.version, row.status, row.champion) for row in store.versions.list()] == [
        (new.version, "promoted", True),
        (old.version, "retired", False),
    ]
    assert store.versions.previous("^GSPC", "d1", "5d", before=new.version) == old.version
    assert store.versions.previous("^GSPC", "d1", "5d", before=old.version) is None
    assert [row.updated_by for row in log(store)] == ["test", "test"]
    assert store.versions.get("^GSPC", "d1", "5d", old.version).manifest == old


def test_rollback_is_one_call_and_leaves_an_audit_row(store, make):
    old = make.version(store)
    new = make.version(store, created_at=make.now + DAY)
    store.versions.promote("^GSPC", "d1", "5d", old.version, by="operator")
    assert store.versions.champion("^GSPC", "d1", "5d") == old.version
    assert store.versions.get("^GSPC", "d1", "5d", new.version).status == "retired"
    assert (log(store)[-1].updated_by, log(store)[-1].updated_at) == ("operator", make.now)
    with pytest.raises(NotFound):
        store.versions.promote("^GSPC", "d1", "5d", "20200101T000000Z-abcdef", by="operator")


def test_a_candidate_changes_nothing_that_answers(store, make):
    champion = make.version(store)
    candidate = make.version(store, created_at=make.now + DAY, promote=False)
    assert store.versions.champions("^GSPC", "d1") == {"5d": champion.version}
    assert store.versions.get("^GSPC", "d1", "5d", candidate.version).status == "candidate"
    assert len(log(store)) == 1


def test_a_refused_version_is_kept_and_can_never_answer(store, make):
    refused = make.version(store, promote=False, verdict=REFUSED)
    assert [(row.status, row.verdict) for row in store.versions.list()] == [("rejected", "refused")]
    with pytest.raises(UsageError, match="was rejected"):
        store.versions.promote("^GSPC", "d1", "5d", refused.version, by="me")
    with pytest.raises(UsageError, match="was rejected"):
        make.version(store, horizon="15d", verdict=REFUSED)
    assert store.versions.champions("^GSPC", "d1") == {}
    assert len(store.versions.list()) == 1


def test_registering_again_changes_nothing(store, make):
    manifest = make.version(store)
    store.versions.register(manifest, promote=True, by="again")
    assert len(store.versions.list()) == len(log(store)) == 1
    with pytest.raises(CorruptStore, match="is registered with content"):
        store.versions.register(replace(manifest, synthetic=True), promote=False, by="other")
    with pytest.raises(UsageError, match="not sealed"):
        store.versions.register(make.manifest(), promote=False, by="other")


def test_what_a_version_refers_to_is_remembered_once(store, make):
    for i in range(2):
        make.version(store, created_at=make.now + i * DAY)
    make.version(store, horizon="15d")
    with reading(store.engine) as connection:
        counts = [len(connection.execute(select(table)).all()) for table in (symbols, data_versions, label_specs)]
        venue = connection.execute(select(symbols.c.venue)).scalar_one()
    assert (counts, venue) == ([1, 1, 2], "XNYS")


def test_champions_and_versions_come_in_the_order_of_their_horizons(store, make):
    for horizon in ("120d", "5d", "2w", "4h"):
        make.version(store, horizon=horizon)
    assert [*store.versions.champions("^GSPC", "d1")] == ["4h", "5d", "2w", "120d"]
    assert [row.horizon for row in store.versions.list("^GSPC", "d1")] == ["4h", "5d", "2w", "120d"]
    assert store.versions.list("OTHER") == []


def test_a_parent_is_linked(store, make):
    parent = make.version(store)
    child = make.version(store, created_at=make.now + DAY, answer=1, parent=parent.version)
    assert store.versions.get("^GSPC", "d1", "5d", child.version).manifest.parent == parent.version


@pytest.mark.parametrize("symbol", ["^GSPC", "BRK.B", "A_B", "EUR/USD", "7203.T", ".staging", "BTC-USD", "ES=F"])
def test_odd_symbols_survive_the_whole_way(sqlite_store, make, symbol):
    manifest = make.version(sqlite_store, symbol)
    folder, opened = sqlite_store.artifacts.open(symbol, "d1", "5d", sqlite_store.versions.champion(symbol, "d1", "5d"))
    assert opened == manifest
    assert len(folder.relative_to(sqlite_store.artifacts.root).parts) == 4
    (row,) = sqlite_store.ledger.append([make.forecast(manifest)], make.now)
    assert sqlite_store.ledger.list(symbol, "d1") == [row]

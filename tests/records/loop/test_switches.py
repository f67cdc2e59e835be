"""Controls and journal, the second alias, and what a pin forbids; RUN-11, REC-06."""

from __future__ import annotations

from datetime import timedelta

import pytest

from augury.core.errors import GateRefused, NotTrained, StoreError, TemporaryError, UsageError
from augury.records.database import transaction
from augury.records.loop.journal import Entry
from augury.records.loop.tables import journal
from augury.records.registry.loader import EnsembleLoader

DAY = timedelta(days=1)
CELL = ("^GSPC", "d1", "5d")


def test_a_switch_stays_on_across_processes_and_names_who_set_it(open_store, make):
    open_store().controls.pause("forecast", by="ann", reason="bad feed")
    again = open_store(make.now + DAY)
    (control,) = again.controls.list("pause:")
    assert (control.subject, control.set_by, control.set_at, control.value) == (
        "forecast", "ann", make.now, {"reason": "bad feed"},
    )  # fmt: skip
    assert again.controls.is_paused("forecast")
    assert not again.controls.is_paused("train")
    assert again.controls.resume("forecast", by="bob")
    assert not again.controls.resume("forecast")
    assert [(entry.kind, entry.subject, entry.data["by"]) for entry in again.journal.list()] == [
        ("pause", "forecast", "ann"), ("pause", "forecast", "bob"),
    ]  # fmt: skip


def test_the_journal_is_only_added_to(store):
    first = store.journal.add("drift", "SPY d1", "warning", "fell", {"margin": -0.16})
    second = store.journal.add("retrain", "SPY d1", "info", "queued")
    assert isinstance(first, Entry)
    assert [*store.journal.list()] == [first, second]
    assert [*store.journal.list("drift", "SPY d1")] == [first]
    assert [*store.journal.list(limit=1)] == [second]
    for change in (journal.delete(), journal.update().values(text="never happened")):
        with pytest.raises(StoreError), transaction(store.engine) as connection:
            connection.execute(change)
    with pytest.raises(UsageError, match="level"):
        store.journal.add("drift", "SPY d1", "loud", "fell")


def test_an_alias_moves_only_from_where_it_was_seen(store, make):
    old = make.version(store)
    new = make.version(store, created_at=make.now + DAY, promote=False)
    other = make.version(store, created_at=make.now + 2 * DAY, promote=False)
    assert store.versions.promote(*CELL, new.version, by="ann", expected=old.version) == old.version
    with pytest.raises(TemporaryError, match=f"is {new.version}, not {old.version}: it was moved meanwhile"):
        store.versions.promote(*CELL, other.version, by="bob", expected=old.version)
    with pytest.raises(TemporaryError):
        store.versions.promote(*CELL, other.version, by="bob", expected=None)
    assert store.versions.champion(*CELL) == new.version
    assert [move.by for move in store.versions.history(*CELL)] == ["test", "ann"]
    assert [entry.data["by"] for entry in store.journal.list("promotion")] == ["test", "ann"]


def test_a_challenger_is_tried_promoted_or_withdrawn(store, make):
    champion = make.version(store)
    first, second, third = (make.version(store, created_at=make.now + n * DAY, promote=False) for n in (1, 2, 3))

    def states():
        return {row.version: row.status for row in store.versions.list()}

    assert store.versions.challenge(*CELL, first.version, by="ann") is None
    assert (store.versions.challenger(*CELL), states()[first.version]) == (first.version, "shadow")
    assert store.versions.champion(*CELL) == champion.version
    assert store.versions.challenge(*CELL, second.version, by="ann") == first.version
    assert states()[first.version] == "candidate"
    assert store.versions.withdraw(*CELL, by="ann", reason="lost", reject=True) == second.version
    assert states()[second.version] == "rejected"
    assert store.versions.challenger(*CELL) is None
    with pytest.raises(UsageError, match="was rejected"):
        store.versions.challenge(*CELL, second.version, by="ann")
    with pytest.raises(UsageError, match="is the champion"):
        store.versions.challenge(*CELL, champion.version, by="ann")
    store.versions.challenge(*CELL, third.version, by="ann")
    assert EnsembleLoader(store, make.ensemble.read).load(*CELL, "@challenger").manifest == third
    store.versions.promote(*CELL, third.version, by="ann")
    assert (store.versions.champion(*CELL), store.versions.challenger(*CELL)) == (third.version, None)
    assert store.versions.withdraw(*CELL, by="ann", reason="", reject=False) is None
    assert len(store.versions.list()) == 4


def test_a_pinned_cell_is_not_moved_by_anybody(store, make):
    good = make.version(store)
    store.controls.pin(*CELL, good.version, by="ann", reason="incident 7")
    trained = make.version(store, created_at=make.now + DAY)
    assert store.versions.champion(*CELL) == good.version
    assert store.versions.get(*CELL, trained.version).status == "candidate"
    assert store.journal.list("pin")[-1].data["version"] == trained.version
    with pytest.raises(GateRefused, match=f"pinned to {good.version}.*models unpin"):
        store.versions.promote(*CELL, trained.version, by="bob")
    other = make.version(store, horizon="15d", created_at=make.now + DAY)
    assert store.versions.champion("^GSPC", "d1", "15d") == other.version
    store.controls.unpin(*CELL)
    store.versions.promote(*CELL, trained.version, by="bob")
    assert store.versions.champion(*CELL) == trained.version


def test_what_was_rolled_back_from_does_not_stand_in_later(store, make):
    good = make.version(store)
    bad = make.version(store, created_at=make.now + DAY)
    store.versions.promote(*CELL, good.version, by="ann", kind="rollback")
    new = make.version(store, created_at=make.now + 2 * DAY)
    assert store.versions.previous(*CELL, new.version) == good.version != bad.version
    assert store.versions.previous(*CELL, good.version) is None


def test_a_damaged_champion_is_journaled_once_and_the_good_one_answers_degraded(store, make):
    old = make.version(store, answer=1)
    new = make.version(store, answer=2, created_at=make.now + DAY)
    (store.artifacts.place(*CELL, new.version) / "ensemble.json").write_text('{"answer": 666}')
    loader = EnsembleLoader(store, make.ensemble.read)
    for _ in range(3):
        loaded = loader.load_latest_model(*CELL)
        assert (loaded.ensemble.answer, loaded.degraded) == (1, True)
    (entry,) = store.journal.list("damaged")
    assert (entry.subject, entry.level) == ("^GSPC d1 5d", "error")
    assert (entry.data["version"], entry.data["stands_in"]) == (new.version, old.version)


def test_a_silenced_version_says_so_until_another_serves(store, make):
    old = make.version(store)
    store.controls.silence(*CELL, old.version, by="ann", reason="emergency")
    loader = EnsembleLoader(store, make.ensemble.read)
    assert loader.load_latest_model(*CELL).silenced
    assert loader.knowing([CELL[0]], [CELL[1]]).load_latest_model(*CELL).silenced
    make.version(store, created_at=make.now + DAY)
    assert not loader.load_latest_model(*CELL).silenced
    assert not loader.knowing([CELL[0]], [CELL[1]]).load_latest_model(*CELL).silenced


def test_a_loader_with_a_roster_answers_as_one_without(store, make):
    old = make.version(store, answer=1)
    new = make.version(store, answer=2, created_at=make.now + DAY)
    make.version(store, answer=3, horizon="15d", promote=False)
    loader = EnsembleLoader(store, make.ensemble.read)
    roster = loader.knowing([CELL[0]], [CELL[1]])
    assert roster.load_latest_model(*CELL).manifest == loader.load_latest_model(*CELL).manifest == new
    assert roster.load_latest_model("^GSPC", "1d", "5d").manifest == new
    assert roster.load_latest_model("^GSPC", "d1", "15d") is None
    assert roster.load_latest_model("OTHER", "d1", "5d") is None
    (store.artifacts.place(*CELL, new.version) / "ensemble.json").write_text('{"answer": 666}')
    loaded = roster.load_latest_model(*CELL)
    assert (loaded.manifest, loaded.degraded) == (old, True)


@pytest.mark.parametrize("name", ["manifest.json", "ensemble.json"])
def test_a_roster_checks_every_byte_too(store, make, name):
    version = make.version(store)
    path = store.artifacts.place(*CELL, version.version) / name
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"5d", b"6d", 1) if name == "manifest.json" else whole + b" ")
    with pytest.raises(NotTrained, match="damaged"):
        EnsembleLoader(store, make.ensemble.read).knowing([CELL[0]], [CELL[1]]).load_latest_model(*CELL)


def test_shadow_rows_are_kept_and_served_to_nobody(store, make):
    champion = make.version(store)
    challenger = make.version(store, created_at=make.now + DAY, promote=False, answer=1)
    (said,) = store.ledger.append([make.forecast(champion, flags=())], make.now)
    (shadow,) = store.ledger.append([make.forecast(challenger, flags=("shadow",))], make.now)
    assert [*store.ledger.list()] == [said]
    assert [*store.ledger.list(shadow=True)] == [shadow]
    assert [source.row_hash for source in store.consensus.sources(["^GSPC"])["^GSPC"]] == [said.row_hash]
    assert store.drift.matured(make.now, make.now + 30 * DAY) == [said]
    assert store.ledger.first_live("^GSPC", "d1") == make.now
    assert store.ledger.verify().rows == 2

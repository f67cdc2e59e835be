"""Files of versions that never served are removed after 30 days; whatever anything still asks for stays whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import NotFound, UsageError
from augury.core.labelspec import LabelSpec
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.synthetic import SyntheticMarket
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.durable import KINDS
from augury.runs.durable.kind import Bench
from augury.runs.durable.submission import submit
from augury.runs.registry import ab
from augury.runs.upkeep.backup import verify_store
from augury.runs.workspace import Workspace

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)
SPEC = LabelSpec(Timeframe.D1, "5d", 5, 0.009)
WHERE = ("AAA", "d1", "5d")
BARS = SyntheticMarket(n_symbols=1, n_bars=120).bars()


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    values: dict[str, Any] = {"data_dir": tmp_path, "workers": 1, "database_url": database_url}
    with Workspace.open(Settings.load(values, environ={}, start=tmp_path), clock=FixedClock(NOW)) as opened:
        yield opened


def made(place: Workspace, speaking: Any, at: datetime, **changes: Any) -> VersionManifest:
    """A version that was never promoted."""
    manifest: VersionManifest = speaking.publish(place, "AAA", SPEC, at, promote=False, **changes)
    return manifest


def folder(place: Workspace, manifest: VersionManifest) -> Path:
    return place.store.artifacts.place(manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version)


def maintained(place: Workspace, **settings: Any) -> dict[str, Any]:
    job = submit(place, "maintain", settings)
    bench = Bench(place, job, NOW, lambda _: None, lambda: None, lambda _, __: job)
    kind = KINDS.load("maintain")
    (part,) = kind.plan(bench)
    found: dict[str, Any] = kind.make(bench, part)
    return found


def test_only_what_nothing_asks_for_is_removed(place: Workspace, speaking: Any) -> None:
    gone = made(place, speaking, OLD, libraries={"one": "1"})
    refused = made(place, speaking, OLD - timedelta(days=400), libraries={"two": "2"})
    kept = {
        "young": made(place, speaking, YOUNG),
        "champion": speaking.publish(place, "AAA", SPEC, OLD - timedelta(days=1)),
        "challenger": made(place, speaking, OLD, libraries={"three": "3"}),
        "heard": made(place, speaking, OLD, libraries={"four": "4"}),
        "parent": made(place, speaking, OLD, libraries={"five": "5"}),
        "tested": made(place, speaking, OLD, libraries={"six": "6"}),
    }
    place.store.versions.challenge(*WHERE, kept["challenger"].version, by="test")
    place.store.versions.withdraw(*WHERE, by="test", reason="it lost", reject=True)
    place.store.ledger.append([speaking.say(kept["heard"], BARS, 60, flags=("shadow",))], NOW)
    kept["child"] = made(place, speaking, YOUNG, parent=kept["parent"].version, libraries={"seven": "7"})
    ab.start(place, "spring", [Cell(*WHERE)], b=kept["tested"].version, by="test")

    found = maintained(place)
    assert sorted(found["removed"]) == sorted(f"AAA d1 5d {one.version}" for one in (gone, refused))
    assert [name for name, one in kept.items() if not folder(place, one).is_dir()] == []
    assert not any(folder(place, one).exists() for one in (gone, refused))
    assert maintained(place)["removed"] == []
    ab.conclude(place, "spring", by="test")
    assert maintained(place)["removed"] == [f"AAA d1 5d {kept['tested'].version}"]


def test_what_was_removed_is_remembered_named_and_never_serves(place: Workspace, speaking: Any) -> None:
    gone, champion = made(place, speaking, OLD), speaking.publish(place, "AAA", SPEC, YOUNG)
    maintained(place)
    row = place.store.versions.get(*WHERE, gone.version)
    assert (row.removed_at, row.manifest) == (NOW, gone)
    for refused in (
        lambda: EnsembleLoader(place.store).load(*WHERE, gone.version),
        lambda: place.store.versions.promote(*WHERE, gone.version, by="test"),
        lambda: place.store.versions.challenge(*WHERE, gone.version, by="test"),
    ):
        with pytest.raises(NotFound, match=f"{gone.version} were removed on 2026-12-01") as raised:
            refused()
        assert raised.value.fix == "augury train --symbol AAA --timeframe d1"
    assert place.store.versions.champion(*WHERE) == champion.version
    (entry,) = place.store.journal.list("retention")
    assert entry.data == {"versions": [f"AAA d1 5d {gone.version}"]}


def test_a_removal_that_was_killed_halfway_is_finished_by_the_next(
    place: Workspace, speaking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = made(place, speaking, OLD)
    with monkeypatch.context() as killed:
        killed.setattr("augury.records.registry.retention.discard_folder", _killed)
        with pytest.raises(KeyboardInterrupt):
            maintained(place)
    assert folder(place, gone).is_dir()
    assert place.store.versions.get(*WHERE, gone.version).removed_at == NOW
    maintained(place)
    assert not folder(place, gone).exists()


def test_a_backup_of_a_store_with_removed_versions_verifies(place: Workspace, speaking: Any) -> None:
    made(place, speaking, OLD)
    speaking.publish(place, "AAA", SPEC, YOUNG)
    maintained(place)
    assert verify_store(place).require().versions == 1


def test_days_that_are_none_are_refused(place: Workspace) -> None:
    for wrong in (0, -3, True, 1.5):
        with pytest.raises(UsageError, match="keep_days"):
            maintained(place, keep_days=wrong)


def _killed(_: Path) -> None:
    raise KeyboardInterrupt

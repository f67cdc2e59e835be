"""Rollback, promotion and withdrawal with versions that were really trained; REC-06, RUN-11."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import CorruptArtifact, GateRefused, NotFound, TemporaryError
from augury.core.hashing import canonical_json
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell, plan_cells
from augury.runs.forecasts.forecasting import forecast
from augury.runs.intake import bars_of
from augury.runs.registry import controls
from augury.runs.registry.challenge import shadow
from augury.runs.registry.comparison import compare_versions
from augury.runs.registry.incident import incident, write_report
from augury.runs.registry.promotion import challenge, promote
from augury.runs.registry.rollback import rollback, withdraw
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")


@pytest.fixture
def twice(tmp_path: Path, database_url: str, tiny: Recipe) -> Any:
    """A live workspace whose cell was trained twice, with different recipes; the second version serves."""
    values: dict[str, Any] = {"data_dir": tmp_path, "workers": 1, "database_url": database_url}
    settings = Settings.load(values, environ={}, start=tmp_path)
    with Workspace.open(settings) as opened:
        opened.lake.write(SyntheticMarket(n_symbols=1, n_bars=400, ic=0.1).bars())
        last = bars_of(opened.lake, CELL.symbol, Timeframe.D1).frame["ts"][-1]
        now = market_calendar("XNYS").close_of(last) + timedelta(hours=1)
        place = Workspace.open(settings, clock=FixedClock(now))
        with place:
            for recipe in (tiny, tiny.replace(members={"gb": {"n_estimators": 8, "max_depth": 2}})):
                (outcome,) = train(place, [CELL], recipe)
                assert outcome.error is None
            yield place


def said(workspace: Workspace) -> bytes:
    (bundle,) = forecast(workspace, [CELL], dry_run=True)
    return "".join(canonical_json(row.to_json()) for row in bundle.forecasts).encode()


def names(workspace: Workspace) -> tuple[str, str]:
    rows = {row.status: row.version for row in workspace.store.versions.list()}
    return rows["retired"], rows["promoted"]


def test_after_a_rollback_the_forecasts_are_those_of_the_old_version_byte_for_byte(twice: Workspace) -> None:
    old, new = names(twice)
    promote(twice, CELL, old, by="test")
    before = said(twice)
    promote(twice, CELL, new, by="test")
    assert said(twice) != before
    (done,) = rollback(twice, "SYN001", "d1", by="ann", reason="incident 7")
    assert (done.version, done.previous, done.reason) == (old, new, "")
    assert said(twice) == before
    move = twice.store.versions.history(*("SYN001", "d1", "5d"))[-1]
    assert (move.alias, move.version, move.previous, move.by) == ("champion", old, new, "ann")
    (entry,) = twice.store.journal.list("rollback")
    assert (entry.subject, entry.data["reason"], entry.data["previous"]) == (str(CELL), "incident 7", new)
    (bundle,) = forecast(twice, [CELL])
    assert bundle.rows[0].forecast.version == old


def test_a_rollback_goes_back_once_and_by_name_anywhere(twice: Workspace) -> None:
    _, new = names(twice)
    rollback(twice, "SYN001", "d1", "5d", by="ann")
    with pytest.raises(NotFound, match="no whole version served before it"):
        rollback(twice, "SYN001", "d1", "5d", by="ann")
    (forward,) = rollback(twice, "SYN001", "d1", to=new, by="ann")
    assert twice.store.versions.champion("SYN001", "d1", "5d") == new == forward.version
    with pytest.raises(NotFound):
        rollback(twice, "SYN001", "d1", to="20200101T000000Z-abcdef", by="ann")
    with pytest.raises(NotFound, match="no champion for SYN009"):
        rollback(twice, "SYN009", "d1", by="ann")


def test_what_is_damaged_is_neither_promoted_nor_rolled_back_to(twice: Workspace) -> None:
    old, new = names(twice)
    folder = twice.store.artifacts.place("SYN001", "d1", "5d", old)
    (folder / "ensemble.json").write_text("{}")
    for refused in (
        lambda: promote(twice, CELL, old, by="ann"),
        lambda: rollback(twice, "SYN001", "d1", to=old, by="ann"),
    ):
        with pytest.raises(CorruptArtifact):
            refused()
    with pytest.raises(NotFound, match="no whole version"):
        rollback(twice, "SYN001", "d1", by="ann")
    assert twice.store.versions.champion("SYN001", "d1", "5d") == new


def test_a_withdrawn_champion_gives_way_or_abstains(twice: Workspace) -> None:
    old, new = names(twice)
    assert withdraw(twice, CELL, by="drift", reason="EMERGENCY").version == old
    last = withdraw(twice, CELL, by="drift", reason="EMERGENCY")
    assert (last.version, last.previous) == (old, old)
    (bundle,) = forecast(twice, [CELL], dry_run=True)
    assert (bundle.forecasts[0].label, "abstain" in bundle.forecasts[0].flags) == ("NEUTRAL", True)
    assert twice.store.journal.list("abstain")[-1].data["reason"] == "EMERGENCY"
    promote(twice, CELL, new, by="ann")
    verdict = twice.store.versions.get("SYN001", "d1", "5d", new).verdict
    (bundle,) = forecast(twice, [CELL], dry_run=True)
    assert ("abstain" in bundle.forecasts[0].flags) == (verdict != "skill")


def test_pause_pin_and_report_are_three_calls_and_reads_keep_working(twice: Workspace, tmp_path: Path) -> None:
    old, new = names(twice)
    twice.store.controls.pause("forecast", by="ann", reason="bad feed")
    with pytest.raises(TemporaryError, match=r"paused by ann.*augury jobs resume forecast"):
        controls.refuse_paused(twice, "forecast")
    controls.refuse_paused(twice, "train")
    controls.pin(twice, CELL, old, by="ann", reason="incident <7>")
    assert twice.store.versions.champion("SYN001", "d1", "5d") == old
    with pytest.raises(GateRefused):
        promote(twice, CELL, new, by="bob")
    assert said(twice)
    later = replace(twice, clock=FixedClock(twice.clock.now() + timedelta(minutes=1)))
    report = incident(later, symbol="SYN001")
    assert [row["name"] for row in report["switches"]] == ["pause:forecast", "pin:SYN001 d1 5d"]
    assert [row["version"] for row in report["aliases"]] == [old, new, old]
    assert [row["version"] for row in report["training"]] == [old, new]
    assert report["summary"][0] == "3 times a champion was moved, 0 of them back"
    page = write_report(report, tmp_path / "incident.html").read_text()
    assert "incident &lt;7&gt;" in page
    assert "http" not in page
    assert write_report(report, tmp_path / "incident.json").read_text().startswith("{")
    assert incident(later, symbol="OTHER")["aliases"] == []


def test_a_challenger_speaks_in_the_shadow_and_is_not_served(twice: Workspace) -> None:
    old, _ = names(twice)
    challenge(twice, CELL, old, by="ann")
    (served,) = forecast(twice, [CELL])
    (bundle,) = shadow(twice)
    (row,) = bundle.rows
    assert (row.forecast.version, "shadow" in row.forecast.flags) == (old, True)
    assert [found.id for found in twice.store.ledger.list()] == [served.rows[0].id]
    assert twice.store.ledger.verify().rows == 2
    promote(twice, CELL, "@challenger", by="ann")
    (after,) = forecast(twice, [CELL], dry_run=True)
    assert replace(row.forecast, flags=after.forecasts[0].flags) == after.forecasts[0]
    assert shadow(twice) == []


def test_two_versions_side_by_side(twice: Workspace) -> None:
    old, new = names(twice)
    found = compare_versions(twice, CELL, old, "@champion")
    assert (found.a.version, found.b.version) == (old, new)
    assert found.settings == {
        "recipe.members.gb.max_depth": (3, 2),
        "recipe.members.gb.n_estimators": (5, 8),
    }
    assert (found.features_only_a, found.features_only_b) == ((), ())
    assert {name for name, *_ in found.scores} >= {"accuracy"}
    assert found.verdict == "no verdict: no bar was forecast by both and has matured"
    assert found.to_json()["cell"] == "SYN001 d1 5d"


def test_cells_without_a_champion_are_named(workspace: Workspace) -> None:
    for cell in plan_cells(["SYN001"], ["d1"], ["5d"]):
        with pytest.raises(NotFound, match="no champion to pin"):
            controls.pin(workspace, cell, by="ann")
        with pytest.raises(NotFound):
            withdraw(workspace, cell, by="ann", reason="")

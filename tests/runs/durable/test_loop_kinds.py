"""The kinds ``backup`` and ``emergency``, and who asks for them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.durable import KINDS
from augury.runs.durable.kind import Bench
from augury.runs.durable.kinds import refresh
from augury.runs.forecasts.triggers import Trigger
from augury.runs.upkeep.backup import verify_backup
from augury.runs.workspace import Workspace


def bench_of(workspace: Workspace, asked: list[tuple[str, Any]], **settings: Any) -> Bench:
    def follow(kind: str, wanted: Any) -> Any:
        asked.append((kind, wanted))
        return SimpleNamespace(id=f"job of {kind}")

    job: Any = SimpleNamespace(id="1", settings=settings)
    return Bench(workspace, job, workspace.clock.now(), print, lambda: None, follow)


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    with Workspace.open(Settings.load({"data_dir": tmp_path}, environ={}, start=tmp_path)) as opened:
        opened.lake.write(SyntheticMarket(n_symbols=1, n_bars=60).bars())
        yield opened


def test_a_backup_made_twice_is_one_backup(workspace: Workspace, tmp_path: Path) -> None:
    kind = KINDS.load("backup")
    bench = bench_of(workspace, [], **kind.complete({"out": str(tmp_path / "saved")}))
    (part,) = kind.plan(bench)
    assert kind.make is not None
    assert kind.make(bench, part) == kind.make(bench, part)
    assert verify_backup(tmp_path / "saved").series == 1


def test_a_drift_check_asks_for_the_emergency_loop_only_where_it_has_something_to_do(workspace: Workspace) -> None:
    kind = KINDS.load("drift")
    told = {"day": "2026-03-02", "text": "", "exit_code": 0, "rows": [{"action": "list"}, {"action": "alert"}]}
    asked: list[tuple[str, Any]] = []
    assert "emergency_job" not in kind.finish(bench_of(workspace, asked), [told])
    told["rows"] = [{"action": "withdraw and retrain"}]
    kind.finish(bench_of(workspace, asked), [told])
    assert asked == [("emergency", {"day": "2026-03-02"})]
    workspace.store.journal.add("emergency", "SPY d1 5d", "info", "waits", {"case": "x", "step": "waiting"})
    told["rows"] = []
    kind.finish(bench_of(workspace, asked), [told])
    assert len(asked) == 2


def test_the_emergency_loop_with_nothing_to_do_says_so(workspace: Workspace) -> None:
    kind = KINDS.load("emergency")
    bench = bench_of(workspace, [], **kind.complete({"day": "2026-03-02"}))
    (part,) = kind.plan(bench)
    assert kind.write is not None
    assert kind.write(bench, part, {}) == {"text": "nothing to do", "steps": []}


def test_a_refresh_forecasts_what_no_longer_fits_and_remembers_why_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = workspace.clock.now()
    moved = Trigger("SYN001", "move_pct", 0.07, 0.05, moment, "a" * 64)
    monkeypatch.setattr(refresh, "due", lambda place, symbols: [moved])
    asked: list[Any] = []

    def cells(place: Workspace, symbols: list[str]) -> list[str]:
        asked.append(symbols)
        return symbols

    monkeypatch.setattr(refresh, "champion_cells", cells)
    monkeypatch.setattr(refresh, "forecast_all", lambda place, cells: SimpleNamespace(made=[1, 2], dropped=()))
    kind = KINDS.load("refresh")
    bench = bench_of(workspace, [], **kind.complete({}))
    parts = json.loads(json.dumps(kind.plan(bench)))  # what is planned is recorded as JSON
    assert kind.write is not None
    told = [kind.write(bench, part, {}) for part in (*parts, *parts)]  # the second time after a kill
    assert asked == [["SYN001"], ["SYN001"]]
    assert [entry.data["basis"] for entry in workspace.store.journal.list("trigger")] == ["a" * 64]
    assert kind.finish(bench, told[:1]) == {"symbols": 1, "rows": 2}


def test_a_refresh_rests_where_nothing_changed_and_while_forecasts_are_paused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS.load("refresh")
    bench = bench_of(workspace, [], **kind.complete({}))
    assert list(kind.plan(bench)) == []
    moved = Trigger("SYN001", "move_pct", 0.07, 0.05, workspace.clock.now(), "a" * 64)
    monkeypatch.setattr(refresh, "due", lambda place, symbols: [moved])
    workspace.store.controls.pause("forecast", by="ann")
    assert list(kind.plan(bench)) == []
    workspace.store.controls.resume("forecast")
    assert len(kind.plan(bench)) == 1

"""What the kinds of job that ship leave behind, without an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.records.loop.jobs import Job
from augury.runs.cells import Cell
from augury.runs.durable import KINDS
from augury.runs.durable.flow import Flow, Stop
from augury.runs.durable.kind import Bench
from augury.runs.durable.submission import submit
from augury.runs.executors.inline import Inline
from augury.runs.registry.promotion import challenge, promote
from augury.runs.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Once:
    """Steps that are done and forgotten."""

    def reserve(self, count: int) -> Sequence[Any]:
        return range(count)

    def recorded(self, places: Sequence[Any]) -> list[bool]:
        return [False for _ in places]

    def run(self, place: Any, name: str, work: Any) -> Any:
        return work()


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Workspace]:
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(NOW)) as opened:
        opened.lake.write(SyntheticMarket(n_symbols=1, n_bars=500, ic=0.1).bars())
        yield opened


def done(workspace: Workspace, kind: str, settings: dict[str, Any]) -> Job:
    job = workspace.store.jobs.start(submit(workspace, kind, settings).id)
    assert job is not None
    Flow(workspace, job, Once(), Inline, Stop()).run()
    return workspace.store.jobs.get(job.id)


@pytest.fixture
def trained(market: Workspace, tiny: Recipe) -> Workspace:
    job = done(market, "train", {"recipe": tiny.to_json(), "forecast": True})
    assert job.state == "succeeded", job.error
    return market


def test_a_training_job_asks_for_its_forecasts_once(trained: Workspace) -> None:
    jobs = {job.kind: job for job in trained.store.jobs.list()}
    assert jobs["forecast"].submitted_by == f"job {jobs['train'].id}"
    assert jobs["train"].result is not None
    assert jobs["train"].result["forecast_job"] == jobs["forecast"].id


@pytest.mark.parametrize("torn_after", ["published", "registered", "recorded"])
def test_a_cell_that_is_written_again_after_a_kill_changes_nothing(
    trained: Workspace, tiny: Recipe, torn_after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime(2026, 11, 21, tzinfo=UTC)
    job = submit(trained, "train", {"recipe": tiny.to_json()})
    clock = FixedClock(later)
    workspace = replace(trained, clock=clock, store=replace(trained.store, clock=clock))
    bench = Bench(workspace, job, later, print, lambda: None, submit)  # type: ignore[arg-type]
    kind = KINDS.load("train")
    assert kind.task is not None
    assert kind.write is not None
    (part,) = kind.plan(bench)
    ((_, made),) = Inline().run([kind.task(bench, part)])
    where = {
        "published": "augury.records.registry.versions.Versions.register",
        "registered": "augury.runs.training.TrainingRun",
    }
    if torn_after in where:
        with monkeypatch.context() as patch:
            patch.setattr(where[torn_after], _killed)
            with pytest.raises(RuntimeError, match="killed"):
                kind.write(bench, part, made)
    else:
        kind.write(bench, part, made)
    said = [kind.write(bench, part, made) for _ in range(2)]
    assert said[0] == said[1]
    assert len(trained.store.versions.list()) == 2
    assert len(trained.store.training_runs.list()) == 2
    assert trained.store.versions.champion("SYN001", "d1", "5d") == said[0]["version"]


def _killed(*_: object, **__: object) -> None:
    raise RuntimeError("killed")


def test_forecasts_written_twice_stand_in_the_ledger_once(trained: Workspace) -> None:
    job = submit(trained, "forecast")
    bench = Bench(trained, job, NOW, print, lambda: None, submit)  # type: ignore[arg-type]
    kind = KINDS.load("forecast")
    assert kind.make is not None
    assert kind.write is not None
    parts = kind.plan(bench)
    assert [part["name"] for part in parts] == ["SYN001 d1", "consensus"]
    for part in parts:
        made = kind.make(bench, part)
        assert kind.write(bench, part, made)["text"] == kind.write(bench, part, made)["text"]
    assert trained.store.ledger.verify().rows == 1


@pytest.mark.parametrize("kind", ["evaluate", "drift", "weights", "retrain", "forecast"])
def test_every_kind_of_the_loop_runs_on_a_fresh_champion(trained: Workspace, kind: str) -> None:
    job = done(trained, kind, {})
    assert job.state == "succeeded", job.error


def test_bars_that_are_not_the_asked_ones_are_refused_by_name(market: Workspace, tiny: Recipe) -> None:
    job = done(market, "train", {"recipe": tiny.to_json(), "data_version": "0123456789"})
    assert job.state == "failed"
    assert job.error is not None
    assert "was to be trained on data 0123456789" in job.error["message"]
    assert market.store.versions.list() == []


def test_a_symbol_without_bars_fails_its_part_and_leaves_a_row(market: Workspace, tiny: Recipe) -> None:
    job = done(market, "train", {"recipe": tiny.to_json(), "symbols": ["SYN001", "NONE"]})
    assert job.state == "failed"
    assert job.result is not None
    assert [part.get("error", {}).get("code") for part in job.result["parts"]] == [None, "NotFound"]
    assert [run.status for run in market.store.training_runs.list("NONE")] == ["failed"]


def test_challengers_forecast_in_the_shadow_and_are_judged(trained: Workspace, tiny: Recipe) -> None:
    again = done(trained, "train", {"recipe": tiny.replace(seed=7).to_json(), "horizons": ["5d"]})
    assert again.state == "succeeded", again.error
    first, second = sorted(row.version for row in trained.store.versions.list() if row.horizon == "5d")
    cell = Cell(trained.lake.entries()[0].symbol, "d1", "5d")
    promote(trained, cell, first, by="test")
    challenge(trained, cell, second, by="test")
    forecast = done(trained, "forecast", {"horizons": ["5d"]})
    assert forecast.state == "succeeded", forecast.error
    shadows = trained.store.ledger.list(shadow=True)
    assert {row.forecast.version for row in shadows if "shadow" in row.forecast.flags} == {second}
    assert done(trained, "forecast", {"horizons": ["5d"]}).state == "succeeded"
    assert len(trained.store.ledger.list(shadow=True)) == len(shadows)
    judged = done(trained, "challenge", {})
    assert judged.state == "succeeded", judged.error
    assert trained.store.versions.champion(cell.symbol, "d1", "5d") == first


def test_a_retrain_in_the_shadow_leaves_the_champion_and_is_tried_beside_it(trained: Workspace, tiny: Recipe) -> None:
    symbol = trained.lake.entries()[0].symbol
    before = trained.store.versions.champion(symbol, "d1", "5d")
    job = done(trained, "retrain", {"shadow": True, "recipe": tiny.replace(seed=9).to_json()})
    assert job.state == "succeeded", job.error
    assert job.result is not None
    tried = trained.store.versions.challenger(symbol, "d1", "5d")
    assert trained.store.versions.champion(symbol, "d1", "5d") == before != tried
    assert tried in job.result["versions"]


def test_a_retrain_without_a_shadow_serves(trained: Workspace, tiny: Recipe) -> None:
    symbol = trained.lake.entries()[0].symbol
    before = trained.store.versions.champion(symbol, "d1", "5d")
    assert done(trained, "retrain", {"recipe": tiny.replace(seed=9).to_json()}).state == "succeeded"
    assert trained.store.versions.champion(symbol, "d1", "5d") != before
    assert trained.store.versions.challengers(symbol) == []


def test_a_release_job_lets_a_stopped_version_go_once(market: Workspace, tiny: Recipe) -> None:
    market.lake.write(SyntheticMarket(n_symbols=1, n_bars=700, ic=0.5, seed=5).bars())
    done(market, "train", {"recipe": tiny.to_json(), "horizons": ["1d"]})
    (stopped,) = market.store.versions.list("SYN001", "d1")
    assert (stopped.status, stopped.champion) == ("rejected", False)
    job = done(market, "release", {"version": stopped.version, "cuts": 2})
    assert job.state == "succeeded", job.error
    champion = market.store.versions.champion("SYN001", "d1", "1d")
    assert champion not in (None, stopped.version)
    assert job.result is not None
    assert champion in str(job.result)
    kind, bench = KINDS.load("release"), Bench(market, job, NOW, print, lambda: None, submit)  # type: ignore[arg-type]
    assert kind.write is not None
    said = kind.write(bench, {"version": ["SYN001", "d1", "1d", stopped.version]}, {"evidence": {}})
    assert said["version"] == champion, "written again after a kill, it is the same version"
    assert len(market.store.versions.list("SYN001", "d1")) == 2
    again = done(market, "release", {"version": stopped.version})
    assert (again.state, (again.error or {}).get("code")) == ("failed", "UsageError")
    assert done(market, "release", {}).state == "failed"

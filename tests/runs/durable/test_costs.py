from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import UsageError
from augury.core.labelspec import LabelSpec
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.runs.durable.costs import costs, month_of
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace

START = datetime(2026, 11, 30, 23, tzinfo=UTC)
SPEC = LabelSpec(Timeframe.D1, "5d", 5, 0.009)


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    settings = Settings.load({"data_dir": tmp_path, "database_url": database_url}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(START)) as opened:
        yield opened


def at(place: Workspace, seconds: float) -> Workspace:
    clock = FixedClock(START + timedelta(seconds=seconds))
    return replace(place, clock=clock, store=replace(place.store, clock=clock))


def ended(place: Workspace, kind: str, begin: float, end: float, state: str = "succeeded", **more: Any) -> None:
    job = submit(place, kind, {}, **more.pop("limits", {}))
    at(place, begin).store.jobs.start(job.id)
    at(place, end).store.jobs.end(job.id, state, "", **more)


def test_a_month_is_summed_by_kind_the_dearest_first(place: Workspace, speaking: Any) -> None:
    manifest = speaking.publish(place, "SPY", SPEC)
    part = {"part": "SPY d1 5d", "version": manifest.version, "artifact_hash": manifest.content_hash}
    ended(place, "forecast", 0, 30)
    ended(place, "train", 0, 100, result={"parts": [part, {"part": "QQQ d1 5d", "error": {}}]})
    ended(place, "train", 200, 250, "failed")
    ended(place, "validate", 0, 20, result={"parts": [{"part": "SPY d1 5d", "version": manifest.version}]})
    ended(place, "evaluate", 3590, 3610)  # begun in November, ended in December
    submit(place, "train", {}, key="still waiting")
    train, forecast, validate = costs(place)
    assert (train.kind, train.jobs, train.failed, train.seconds, train.longest_s) == ("train", 2, 1, 150.0, 100.0)
    assert (train.limit_s, train.within) == (7200.0, True)
    folder = place.store.artifacts.place("SPY", "d1", "5d", manifest.version)
    assert (train.versions, train.bytes) == (1, sum(file.stat().st_size for file in folder.iterdir()))
    assert (forecast.kind, forecast.versions, forecast.bytes, validate.versions) == ("forecast", 0, 0, 0)
    assert [(cost.kind, cost.seconds) for cost in costs(place, "2026-12")] == [("evaluate", 20.0)]
    assert costs(place, "2025-12") == []


def test_what_is_no_longer_there_has_no_size_and_what_took_too_long_is_said(place: Workspace) -> None:
    part = {"part": "SPY d1 5d", "version": "20261121T105800Z-1a2b3c", "kept": True}
    ended(place, "weights", 0, 61, result={"parts": [part]}, limits={"time_limit_s": 60})
    ended(place, "monitor", 0, 0, "cancelled")
    weights, monitor = costs(place)
    assert (weights.versions, weights.bytes, weights.within) == (1, None, False)
    assert (monitor.failed, monitor.seconds, monitor.within) == (1, 0.0, True)


@pytest.mark.parametrize("text", ["2026", "november", "2026-13", "2026-11-30"])
def test_a_month_is_written_as_one(text: str) -> None:
    with pytest.raises(UsageError, match="is not a month: write it like 2026-11"):
        month_of(text)

"""Targets are judged on what the store can tell, and not before it can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.labelspec import LABELS, LabelSpec
from augury.core.outcome import Outcome
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.records.ledger.matured_counts import matured_counts
from augury.runs.durable.submission import submit
from augury.runs.monitoring.targets import MATURED_DAYS, Target, targets
from augury.runs.workspace import Workspace

BARS = SyntheticMarket(n_symbols=1, n_bars=700, ic=0.1).bars()
SPEC = LabelSpec(Timeframe.D1, "1d", 1, 0.009)
FRIDAY = date(2026, 11, 20)


def read(workspace: Workspace, tenants: Sequence[str | None] = (None,)) -> dict[str, Target]:
    return {one.name: one for one in targets(workspace, tenants)}


def at(workspace: Workspace, moment: datetime) -> Workspace:
    clock = FixedClock(moment)
    return replace(workspace, clock=clock, store=replace(workspace.store, clock=clock))


def mature(workspace: Workspace, speaking: Any, days: int, hits: int, covered: int, horizon_bars: int = 1) -> None:
    """Say one forecast a session; of ``days`` the first ``hits`` are right, the first ``covered`` inside the band."""
    spec = replace(SPEC, horizon=f"{horizon_bars}d", horizon_bars=horizon_bars)
    made = speaking.publish(workspace, "SYN001", spec)
    first = BARS.frame.height - days - horizon_bars - 1
    said = [
        speaking.say(made, BARS, first + place, label=LABELS[place % 3 if place < hits else (place + 1) % 3])
        for place in range(days)
    ]
    rows = workspace.store.ledger.append(said, workspace.clock.now())
    outcomes = [
        Outcome(
            forecast_id=row.id, symbol="SYN001", timeframe="d1", horizon=spec.horizon, version=made.version,
            horizon_bars=horizon_bars, made_at=row.forecast.made_at, data_until=row.forecast.data_until,
            matures_at=row.forecast.matures_at, evaluated_at=workspace.clock.now(), label=row.forecast.label,
            realised_label=LABELS[place % 3], confidence=0.5,
            abstained=False, realised_price=100.0, realised_return=0.0, expected_return=0.01, direction_correct=None,
            error_pct=0.0, covered50=False, covered80=place < covered, covered95=True, pinball=0.01, brier=0.5,
            outcome="MISS",
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip
    workspace.store.evaluations.record(outcomes)


@pytest.fixture
def later(workspace: Workspace) -> Workspace:
    """The workspace a day after the last bar of the synthetic market."""
    return at(workspace, BARS.frame["ts"][-1].replace(tzinfo=UTC) + timedelta(days=1))


def test_rates_come_with_n_interval_and_baseline(later: Workspace, speaking: Any) -> None:
    mature(later, speaking, days=60, hits=45, covered=48)
    found = read(later)
    rate, band = found["hit_rate"], found["coverage80"]
    assert (rate.value, rate.n, rate.met) == (0.75, 60, True)
    assert rate.text == "75.0% [62.8%, 84.2%] vs 33.3%, n=60, n_eff=60"
    assert rate.baseline == pytest.approx(1 / 3)
    assert (band.value, band.met) == (pytest.approx(0.8), True)


def test_the_database_counts_what_is_listed(tmp_path: Path, database_url: str, speaking: Any) -> None:
    values: dict[str, Any] = {"data_dir": tmp_path, "workers": 1, "database_url": database_url}
    clock = FixedClock(BARS.frame["ts"][-1].replace(tzinfo=UTC) + timedelta(days=1))
    with Workspace.open(Settings.load(values, environ={}, start=tmp_path), clock=clock) as place:
        mature(place, speaking, days=40, hits=30, covered=25)
        mature(place, speaking, days=40, hits=10, covered=35, horizon_bars=5)
        since = clock.now() - timedelta(days=45)
        listed = Counter(
            (row.matures_at.date(), row.horizon, row.horizon_bars, row.realised_label, row.hit, row.covered80)
            for row in place.store.evaluations.list(since=since)
        )
        counted = {
            (row.day, row.horizon, row.horizon_bars, row.came, row.hit, row.covered80): row.n
            for row in matured_counts(place.store.engine, since)
        }
    assert counted == listed
    assert 0 < sum(counted.values()) < 80


def test_better_than_the_baseline_by_no_more_than_luck_is_missed(later: Workspace, speaking: Any) -> None:
    mature(later, speaking, days=60, hits=24, covered=48)
    rate = read(later)["hit_rate"]
    assert rate.value == 0.4
    assert rate.met is False


def test_a_band_that_holds_too_much_misses_like_one_that_holds_too_little(later: Workspace, speaking: Any) -> None:
    mature(later, speaking, days=60, hits=20, covered=57)
    assert read(later)["coverage80"].met is False


def test_overlapping_outcomes_are_not_enough_however_many_rows_there_are(later: Workspace, speaking: Any) -> None:
    mature(later, speaking, days=60, hits=45, covered=48, horizon_bars=5)
    rate = read(later)["hit_rate"]
    assert (rate.value, rate.met) == (None, None)
    assert rate.text == "not enough yet: n=60 is worth 12 independent outcomes of the 50 it takes"


def test_only_the_last_days_on_which_something_matured_count(later: Workspace, speaking: Any) -> None:
    mature(later, speaking, days=80, hits=20, covered=20)  # the older ones, all right, lie before the window
    rate = read(later)["hit_rate"]
    assert (rate.n, rate.value) == (MATURED_DAYS, 0.0)


def test_a_day_owes_what_closed_on_it_and_time_is_given(workspace: Workspace, speaking: Any) -> None:
    before = at(workspace, datetime(2026, 11, 10, tzinfo=UTC))
    for horizon, bars in (("1d", 1), ("5d", 5)):
        speaking.publish(before, "SYN001", replace(SPEC, horizon=horizon, horizon_bars=bars))
    weekly = speaking.publish(before, "SYN001", LabelSpec(Timeframe.W1, "1w", 1, 0.01))
    assert weekly.timeframe == "w1"
    closed = datetime(2026, 11, 19, 21, tzinfo=UTC)
    early = read(at(workspace, closed + timedelta(hours=1)))["forecasts_today"]
    assert (early.met, early.n) == (None, 0)
    assert "nothing was due today" in early.text
    thursday = read(at(workspace, closed + timedelta(hours=2)))
    assert (thursday["forecasts_today"].met, thursday["forecasts_today"].n) == (False, 2)
    assert (thursday["forecasts_last_session"].n, "2026-11-18" in thursday["forecasts_last_session"].text) == (2, True)
    friday = read(at(workspace, closed + timedelta(days=1, hours=2)))
    assert friday["forecasts_today"].n == 3, "on the last session of a week its bars are due, too"
    monday = read(at(workspace, closed + timedelta(days=4, hours=-5)))
    assert str(FRIDAY) in monday["forecasts_last_session"].text


def test_nothing_was_due_before_a_cell_was_served(workspace: Workspace, speaking: Any) -> None:
    saturday = at(workspace, datetime(2026, 11, 21, 10, tzinfo=UTC))
    speaking.publish(saturday, "SYN001", SPEC)
    found = read(saturday)
    assert found["forecasts_today"].met is None
    assert found["forecasts_last_session"].text == "no session has ended before today since a version answers"


def test_forecasts_of_the_day_meet_the_target_and_replays_do_not(workspace: Workspace, speaking: Any) -> None:
    made = speaking.publish(at(workspace, datetime(2026, 11, 10, tzinfo=UTC)), "SYN001", SPEC)
    evening = at(workspace, datetime(2026, 11, 19, 23, 30, tzinfo=UTC))
    evening.store.ledger.append([speaking.say(made, BARS, 600, flags=("replay",))], evening.clock.now())
    assert read(evening)["forecasts_today"].met is False
    evening.store.ledger.append([speaking.say(made, BARS, 601)], evening.clock.now())
    today = read(evening)["forecasts_today"]
    assert (today.met, today.value) == (True, 1.0)
    assert today.text == "1 were written today, for 1 of the 1 cells that were due"


def test_failed_jobs_are_counted_for_who_may_see_them_and_for_a_week(workspace: Workspace) -> None:
    jobs = workspace.store.jobs
    for tenant, state in ((None, "succeeded"), (None, "failed"), ("home", "failed"), (None, "cancelled")):
        job = submit(workspace, "forecast", {"symbols": ["SYN001"]}, tenant_id=tenant)
        jobs.end(job.id, state, "by a test")
    assert read(workspace, (None,))["failed_jobs"].text == "1 of 2 jobs that ended in the last 7 days failed"
    assert read(workspace, (None, "home"))["failed_jobs"].value == 2
    assert read(at(workspace, workspace.clock.now() + timedelta(days=8)))["failed_jobs"].met is True


def test_champions_age_and_a_refresh_of_weights_makes_none_younger(workspace: Workspace, speaking: Any) -> None:
    now = workspace.clock.now()
    first = speaking.publish(workspace, "SYN001", SPEC, now - timedelta(days=61))
    assert read(workspace)["stale_champions"].met is False
    event = {"event": "weights_refreshed", "trained_at": (now - timedelta(days=61)).isoformat()}
    speaking.publish(workspace, "SYN001", SPEC, now, parent=first.version, events=(event,))
    refreshed = read(workspace)["stale_champions"]
    assert (refreshed.met, refreshed.value, refreshed.n) == (False, 1.0, 1)
    speaking.publish(workspace, "SYN001", SPEC, now + timedelta(seconds=1), parent=first.version)
    assert read(workspace)["stale_champions"].met is True

"""The daily check on a store: joined on forecast id, held against the serving version's own record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augury
from augury.core.clock import FixedClock
from augury.core.errors import NotTrained, UsageError
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.outcome import Outcome
from augury.core.score import Score
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.records.ledger.chain import LedgerRow
from augury.runs.monitoring.daily_check import (
    fetch_actual_results,
    fetch_yesterday_forecasts,
    run_daily_drift_check,
    yesterday,
)
from augury.runs.monitoring.drift_monitor import DriftMonitor
from augury.runs.workspace import Workspace

TODAY = datetime(2026, 11, 24, 10, tzinfo=UTC)  # a Tuesday
DAY = date(2026, 11, 23)
Said = Sequence[tuple[datetime, bool]]
Speak = Callable[..., list[LedgerRow]]


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    values: dict[str, Any] = {"data_dir": tmp_path, "workers": 1, "database_url": database_url}
    with Workspace.open(Settings.load(values, environ={}, start=tmp_path), clock=FixedClock(TODAY)) as opened:
        yield opened


def score(value: float = 0.55, baseline: float = 0.45) -> tuple[Score, ...]:
    return (
        Score("accuracy", 0.9, 0.8, 0.95, 0.5, n=1000, n_eff=1000.0, slice="fit"),
        Score("accuracy", value, value - 0.05, value + 0.05, baseline, n=1000, n_eff=1000.0),
    )


@pytest.fixture
def version(place: Workspace, speaking: Any) -> Callable[..., VersionManifest]:
    def publish(symbol: str = "AAA", timeframe: str = "h1", h: int = 1, **changes: Any) -> VersionManifest:
        spec = LabelSpec(Timeframe.parse(timeframe), f"{h}h" if timeframe == "h1" else f"{h}d", h, 0.003)
        made: VersionManifest = speaking.publish(place, symbol, spec, **({"scores": score()} | changes))
        return made

    return publish


def forecast(manifest: VersionManifest, matures_at: datetime, **changes: Any) -> Forecast:
    made = matures_at - timedelta(hours=1)
    fields: dict[str, Any] = {
        "symbol": manifest.symbol, "timeframe": manifest.timeframe, "horizon": manifest.horizon, "made_at": made,
        "data_until": made, "matures_at": matures_at, "version": manifest.version,
        "artifact_hash": manifest.content_hash, "label_spec_hash": manifest.label_spec.hash, "data_hash": "d" * 64,
        "feature_hash": manifest.features.hash, "label": "BULLISH", "p_bearish": 0.2, "p_neutral": 0.3,
        "p_bullish": 0.5, "confidence": 0.5, "agreement": None, "current_price": 100.0, "expected_return": 0.01,
        "quantiles": {name: level / 10 - 0.05 for name, level in QUANTILES.items()}, "verdict": "skill",
        "weights": {"gb": 1.0},
    }  # fmt: skip
    return Forecast(**(fields | changes))


def outcome(row: LedgerRow, hit: bool, horizon_bars: int = 1) -> Outcome:
    said = row.forecast
    return Outcome(
        forecast_id=row.id, symbol=said.symbol, timeframe=said.timeframe, horizon=said.horizon, version=said.version,
        horizon_bars=horizon_bars, made_at=said.made_at, data_until=said.data_until, matures_at=said.matures_at,
        evaluated_at=said.matures_at, label=said.label, realised_label=said.label if hit else "BEARISH",
        confidence=0.5, abstained="abstain" in said.flags, realised_price=101.0, realised_return=0.01,
        expected_return=0.01, direction_correct=hit, error_pct=0.0, covered50=True, covered80=True, covered95=True,
        pinball=0.0, brier=0.5, outcome="FULL_HIT" if hit else "MISS",
    )  # fmt: skip


@pytest.fixture
def speak(place: Workspace) -> Speak:
    def write(manifest: VersionManifest, said: Said, **changes: Any) -> list[LedgerRow]:
        """Write forecasts and, shuffled, what came of them."""
        made = [forecast(manifest, moment, **changes) for moment, _ in said]
        rows = list(place.store.ledger.append(made, TODAY))
        outcomes = [outcome(row, hit) for row, (_, hit) in zip(rows, said, strict=True)]
        order = np.random.default_rng(0).permutation(len(outcomes))
        place.store.evaluations.record([outcomes[at] for at in order])
        return rows

    return write


def history(hits: Sequence[bool], last: date = DAY, per_day: int = 5) -> list[tuple[datetime, bool]]:
    """So many outcomes a day, the newest on ``last``."""
    n = len(hits)
    days = [last - timedelta(days=(n - 1 - at) // per_day) for at in range(n)]
    return [(datetime(d.year, d.month, d.day, 10 + at % per_day, tzinfo=UTC), hits[at]) for at, d in enumerate(days)]


HALF = [at % 20 < 11 for at in range(100)]  # 55 of 100


def test_an_accuracy_that_kept_its_promise_is_normal(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(), history(HALF))
    report = run_daily_drift_check(["AAA"], workspace=place)
    (row,) = report.rows
    assert (row.level, row.n_predictions, row.date, row.data_date) == ("NORMAL", 40, DAY, DAY)
    assert (row.accuracy, row.baseline_accuracy) == (pytest.approx(0.55), 0.55)
    assert report.text() == "drift of 2026-11-23: all normal: 1 cell within 5 points of the baseline"
    assert report.exit_code == 0


def test_an_accuracy_that_fell_alerts_asks_for_a_retrain_and_is_stored(
    place: Workspace, version: Any, speak: Speak
) -> None:
    speak(version(), history([*HALF, *[at % 10 == 0 for at in range(50)]]))
    speak(version("BBB"), history(HALF))
    report = run_daily_drift_check(workspace=place)
    assert [(row.symbol, row.level) for row in report.rows] == [("AAA", "EMERGENCY"), ("BBB", "NORMAL")]
    assert [row.symbol for row in report.retrains] == [row.symbol for row in report.alerts] == ["AAA"]
    assert (report.exit_code, "all normal" in report.text()) == (5, False)
    stored = place.store.drift.list()
    assert stored == list(report.rows)
    assert DriftMonitor(place).get_drift_status("AAA", "h1").recommendation == "retrain_now"
    assert DriftMonitor(place).get_drift_status("BBB", "h1").recommendation == "insufficient_data"


def test_who_asks_does_not_change_a_level_and_a_dry_run_writes_nothing(
    place: Workspace, version: Any, speak: Speak
) -> None:
    for symbol in ("AAA", "BBB"):
        speak(version(symbol), history(HALF))
    everything = run_daily_drift_check(workspace=place, dry_run=True)
    alone = run_daily_drift_check(["BBB"], workspace=place, dry_run=True)
    assert alone.rows == everything.rows[1:]
    assert place.store.drift.list() == []


def test_the_baseline_is_the_report_slice_of_the_serving_version(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(scores=score(0.42, 0.44)), history(HALF))
    (row,) = DriftMonitor(place).compute_daily_metrics(DAY)
    assert (row.baseline_accuracy, row.notes) == (0.42, ("NO_SKILL_BASELINE",))
    speak(version("NON", scores=()), history(HALF))
    rows = DriftMonitor(place).compute_daily_metrics(DAY)
    assert (rows[1].symbol, rows[1].level, rows[1].notes) == ("NON", "NO_DATA", ("NO_BASELINE",))


def test_results_are_joined_on_the_forecast_and_never_by_position(place: Workspace, version: Any, speak: Speak) -> None:
    hits = [True, False, False, True, False]
    rows = speak(version(), history(hits))
    fetched = fetch_yesterday_forecasts(workspace=place)
    assert [row.id for row in fetched] == [row.id for row in rows]
    found = fetch_actual_results([fetched[at] for at in (3, 0, 4, 2, 1)], workspace=place)
    assert {row.id: found[row.id].hit for row in rows} == dict(zip([row.id for row in rows], hits, strict=True))
    assert fetch_actual_results([], workspace=place) == {}


def test_a_missing_actual_is_pending_and_not_neutral(place: Workspace, version: Any, speak: Speak) -> None:
    manifest = version()
    speak(manifest, history(HALF))
    moment = datetime(2026, 11, 23, 20, tzinfo=UTC)
    (late,) = place.store.ledger.append([forecast(manifest, moment, label="NEUTRAL")], TODAY)
    report = run_daily_drift_check(workspace=place)
    assert report.pending == (late.id,)
    assert (report.rows[0].n_predictions, report.exit_code) == (40, 75)
    assert report.text().endswith("1 forecasts wait for their outcome")
    assert late.id not in fetch_actual_results([late], workspace=place)


def test_a_holiday_is_no_data_and_says_from_when_its_figures_are(place: Workspace, version: Any, speak: Speak) -> None:
    friday = date(2026, 11, 20)
    speak(version(), history([False] * 60, last=friday))
    report = run_daily_drift_check(workspace=place)
    assert [(row.level, row.date, row.data_date) for row in report.rows] == [("NO_DATA", DAY, friday)]
    assert (report.exit_code, report.alerts) == (75, ())


def test_monday_looks_at_friday_and_a_day_to_come_is_refused(place: Workspace) -> None:
    assert yesterday(place) == DAY
    for weekend in (21, 22, 23):
        then = replace(place, clock=FixedClock(datetime(2026, 11, weekend, 10, tzinfo=UTC)))
        assert yesterday(then) == date(2026, 11, 20)
    with pytest.raises(UsageError, match="drift of 2026-11-25 was asked for on 2026-11-24"):
        DriftMonitor(place).compute_daily_metrics(date(2026, 11, 25))


def test_a_monitor_opened_anew_says_the_same(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(), history([*HALF, *[at % 3 == 0 for at in range(60)]]))
    before = run_daily_drift_check(workspace=place)
    with Workspace.open(place.settings, clock=FixedClock(TODAY)) as again:
        assert run_daily_drift_check(workspace=again) == before
        assert len(again.store.drift.list()) == 1


def test_only_what_the_serving_version_said_counts(place: Workspace, version: Any, speak: Speak) -> None:
    today = TODAY.date()
    speak(version(), history([False] * 60, last=today))
    speak(version(weights={"gb": 1.0}, degraded=True), history([True] * 10, last=today))
    tomorrow = DriftMonitor(replace(place, clock=FixedClock(TODAY + timedelta(days=1))))
    (row,) = tomorrow.compute_daily_metrics(today)
    assert (row.level, row.n_predictions, row.accuracy) == ("INSUFFICIENT_DATA", 10, 1.0)
    (before,) = tomorrow.compute_daily_metrics(DAY)  # the second was promoted on the day after
    assert (before.level, before.accuracy) == ("EMERGENCY", 0.0)


def test_what_was_said_twice_from_one_bar_counts_once_as_it_was_said_first(
    place: Workspace, version: Any, speak: Speak
) -> None:
    manifest = version()
    said = history([True, True, False])
    first = speak(manifest, said)
    again = [
        replace(row.forecast, made_at=row.forecast.made_at + timedelta(minutes=5), label="BEARISH") for row in first
    ]
    rows = place.store.ledger.append(again, TODAY)
    place.store.evaluations.record([outcome(row, False) for row in rows])
    (row,) = DriftMonitor(place).compute_daily_metrics(DAY)
    assert (row.n_predictions, row.accuracy) == (3, pytest.approx(2 / 3))


def test_abstaining_forecasts_and_replays_do_not_count(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(), history([False] * 50), flags=("abstain",), label="NEUTRAL")
    speak(version("BBB"), history([False] * 50), flags=("replay",))
    quiet, replayed = DriftMonitor(place).compute_daily_metrics(DAY)
    assert (quiet.level, quiet.n_predictions, quiet.notes) == ("INSUFFICIENT_DATA", 0, ("ABSTAINS",))
    assert (replayed.level, replayed.n_predictions) == ("NO_DATA", 0)
    assert DriftMonitor(place, replays=True).compute_daily_metrics(DAY)[1].level == "EMERGENCY"
    assert [row.forecast.symbol for row in fetch_yesterday_forecasts(workspace=place, replays=True)] == [
        "AAA",
        "BBB",
    ] * 5


def test_a_symbol_nobody_answers_for_names_the_command(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(), history(HALF))
    with pytest.raises(NotTrained, match="no version answers for ZZZ") as caught:
        run_daily_drift_check(["AAA", "ZZZ"], workspace=place)
    assert caught.value.fix == "augury train --symbol ZZZ"
    assert place.store.drift.list() == []


def test_a_store_without_versions_has_nothing_to_say(place: Workspace) -> None:
    report = run_daily_drift_check(workspace=place)
    assert (report.rows, report.exit_code) == ((), 75)
    assert report.text() == "drift of 2026-11-23: no cell was checked"


def test_a_week_of_checks_recommends(place: Workspace, version: Any, speak: Speak) -> None:
    speak(version(), history([*HALF, *[at % 10 == 0 for at in range(60)]]))
    monitor = DriftMonitor(place)
    for back in (12, 11, 10):
        monitor.compute_daily_metrics(DAY - timedelta(days=back))
        assert monitor.store_metrics_to_db() == 1
    assert monitor.get_drift_status("AAA", "h1", days=14).recommendation == "operating_normally"
    assert monitor.get_drift_status("AAA", "h1").recommendation == "insufficient_data"
    with pytest.raises(UsageError, match="at least 1"):
        monitor.get_drift_status("AAA", "h1", days=0)


def test_the_public_names_are_those_of_the_package() -> None:
    assert augury.DriftMonitor is DriftMonitor
    assert augury.run_daily_drift_check is run_daily_drift_check
    assert augury.fetch_yesterday_forecasts is fetch_yesterday_forecasts
    assert augury.fetch_actual_results is fetch_actual_results
    assert augury.PerformanceMetrics.__module__ == "augury.proof.drift.metrics"

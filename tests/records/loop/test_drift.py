"""The rows of the daily check, and who served when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from augury.proof.drift.features import FeatureShift
from augury.proof.drift.metrics import PerformanceMetrics

DAY = date(2026, 11, 20)
ROW = PerformanceMetrics("BRK.B", "d1", DAY, 0.3, 40, 0.55, -0.25, True, "DRIFT", 0.001, 40.0)
EMPTY = PerformanceMetrics("A_B", "w1", DAY, None, 0, None, None, False, "NO_DATA", None, 0.0)


def test_a_check_is_read_back_as_it_was_written(store, make):
    assert store.drift.record([ROW, EMPTY], make.now) == 2
    assert store.drift.list() == [EMPTY, ROW]
    assert store.drift.list("BRK.B") == [ROW]
    assert store.drift.list(timeframe="w1") == [EMPTY]
    assert store.drift.record([], make.now) == 0


def test_a_cell_has_one_row_a_day_and_the_last_check_of_the_day_stands(store, make):
    store.drift.record([ROW], make.now)
    later = replace(ROW, level="NORMAL", drift_detected=False, accuracy=0.55, drift_margin=0.0)
    store.drift.record([later, replace(ROW, date=DAY + timedelta(days=1))], make.now)
    assert [row.level for row in store.drift.list("BRK.B", "d1")] == ["NORMAL", "DRIFT"]
    assert store.drift.list(since=DAY + timedelta(days=1)) == [replace(ROW, date=DAY + timedelta(days=1))]
    assert store.drift.list(until=DAY) == [later]


def test_the_rows_are_still_there_in_another_process(open_store, make):
    open_store().drift.record([ROW], make.now)
    assert open_store().drift.list() == [ROW]


def test_features_are_kept_by_day_and_the_newest_day_answers(store):
    old = [FeatureShift("rsi_14", 0.1, 0.2, 0.3, 0.2, False)]
    new = [FeatureShift("atr", 0.4, 0.2, None, 0.2, True), FeatureShift("rsi_14", None, 0.1, 0.3, 0.2, False)]
    store.drift.record_features("AAA", "d1", DAY - timedelta(days=1), old)
    for _ in range(2):
        assert store.drift.record_features("AAA", "d1", DAY, new) == 2
    assert store.drift.features("AAA", "d1") == new
    assert store.drift.features("AAA", "d1", DAY - timedelta(days=1)) == old
    assert store.drift.features("AAA", "h1") == []


def test_the_version_that_served_at_a_moment_is_known_after_it_was_replaced(open_store, make):
    first = make.version(open_store(make.now), answer=1, created_at=make.now)
    later = make.now + timedelta(days=5)
    second = make.version(open_store(later), answer=2, created_at=later)
    store = open_store()
    (then,) = store.drift.served(make.now + timedelta(days=1))
    (now,) = store.drift.served(later + timedelta(days=1))
    assert (then.version, now.version) == (first.version, second.version)
    (before,) = store.drift.served(make.now - timedelta(days=1))
    assert before.version == first.version
    assert now.manifest["version"] == second.version


def test_a_refresh_of_weights_inherits_the_evidence_and_a_retrain_does_not(open_store, make):
    first = make.version(open_store(make.now), answer=1, created_at=make.now)
    later = make.now + timedelta(days=1)
    refreshed = make.version(
        open_store(later), answer=1, created_at=later, parent=first.version, weights={"rf": 1.0}, degraded=True
    )
    (served,) = open_store().drift.served(later + timedelta(days=1))
    assert served.family == {first.version, refreshed.version}
    last = make.now + timedelta(days=2)
    retrained = make.version(open_store(last), answer=2, created_at=last, parent=refreshed.version)
    (served,) = open_store().drift.served(last + timedelta(days=1))
    assert served.family == {retrained.version}


def test_forecasts_are_found_by_the_day_of_their_maturity(store, make):
    manifest = make.version(store)
    said = [make.forecast(manifest, make.now + timedelta(hours=at)) for at in (0, 24, 48)]
    rows = store.ledger.append(said, make.now)
    start = make.now + timedelta(days=7)
    assert [row.id for row in store.drift.matured(start, start + timedelta(hours=24))] == [rows[0].id]
    assert [row.id for row in store.drift.matured(start, start + timedelta(hours=49))] == [row.id for row in rows]

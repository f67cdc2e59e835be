from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations_with_replacement

import pytest

from augury.proof.drift.metrics import LEVELS, PerformanceMetrics, sentence, worst
from augury.proof.drift.status import status_of

DAY = date(2026, 11, 20)
NORMAL = PerformanceMetrics("AAA", "d1", DAY, 0.55, 40, 0.55, 0.0, False, "NORMAL", 0.6, 40.0, DAY)


def row(level: str, margin: float = -0.2, day: date = DAY, accuracy: float = 0.35) -> PerformanceMetrics:
    bad = level in ("DRIFT", "EMERGENCY")
    return replace(NORMAL, level=level, drift_margin=margin, drift_detected=bad, accuracy=accuracy, date=day)


def test_all_normal_is_said_only_when_no_row_is_worse() -> None:
    assert sentence([NORMAL, NORMAL]) == "all normal: 2 cells within 5 points of the baseline"
    for pair in combinations_with_replacement(LEVELS, 2):
        said = sentence([NORMAL, *(row(level) for level in pair)])
        assert said.startswith("all normal") == (set(pair) == {"NORMAL"})
        for level in pair:
            assert level == "NORMAL" or level in said


def test_the_sentence_names_the_worst_row_with_its_figures() -> None:
    rows = [NORMAL, row("MONITOR", -0.1), row("EMERGENCY", -0.3, accuracy=0.25), row("EMERGENCY", -0.26)]
    assert worst(rows) is rows[2]
    assert sentence(rows) == (
        "2 EMERGENCY, 1 MONITOR, 1 NORMAL; worst is AAA d1 EMERGENCY: accuracy 0.250 vs 0.550 (-30.0 points),"
        " n=40, n_eff=40, p=0.6"
    )
    assert sentence([]) == "no cell was checked"


@pytest.mark.parametrize(
    ("level", "margin", "action"),
    [
        ("NORMAL", 0.0, "none"),
        ("MONITOR", -0.1, "list"),
        ("DRIFT", -0.20, "alert"),
        ("DRIFT", -0.201, "alert and retrain"),
        ("EMERGENCY", -0.26, "withdraw and retrain"),
        ("INSUFFICIENT_DATA", -0.5, "list"),
        ("NO_DATA", -0.5, "none"),
    ],
)
def test_each_level_asks_for_its_own_action(level: str, margin: float, action: str) -> None:
    assert row(level, margin).action == action
    assert row(level, margin).wants_retrain == ("retrain" in action)


def week(*days: tuple[str, float]) -> list[PerformanceMetrics]:
    start = DAY - timedelta(days=len(days))
    return [row(level, -0.2, start + timedelta(days=at), accuracy) for at, (level, accuracy) in enumerate(days)]


@pytest.mark.parametrize(
    ("rows", "recommendation"),
    [
        (week(("NORMAL", 0.5), ("EMERGENCY", 0.2)), "retrain_now"),
        (week(("NORMAL", 0.5), ("MONITOR", 0.45), ("DRIFT", 0.35), ("DRIFT", 0.3)), "schedule_retrain"),
        (week(("DRIFT", 0.3), ("DRIFT", 0.35), ("MONITOR", 0.45)), "monitor_closely"),
        (week(("DRIFT", 0.3), ("DRIFT", 0.2)), "monitor_closely"),
        (week(("NORMAL", 0.5), ("MONITOR", 0.5), ("NORMAL", 0.5)), "operating_normally"),
        (week(("NORMAL", 0.5), ("NO_DATA", 0.5), ("INSUFFICIENT_DATA", 0.1), ("NORMAL", 0.5)), "insufficient_data"),
        ([], "insufficient_data"),
    ],
)
def test_a_week_of_checks_gives_one_recommendation(rows: list[PerformanceMetrics], recommendation: str) -> None:
    assert status_of("AAA", "d1", rows).recommendation == recommendation


def test_the_status_pools_the_judged_days_and_tells_the_trend_from_three_on() -> None:
    status = status_of("AAA", "d1", week(("NORMAL", 0.6), ("NORMAL", 0.5), ("NO_DATA", 0.0), ("MONITOR", 0.4)))
    assert (status.days, status.days_judged, status.level) == (4, 3, "MONITOR")
    assert status.overall_accuracy == pytest.approx(0.5)
    assert status.trend == pytest.approx(-0.2)
    assert "trend -20.0 points, 3 of 4 days judged" in status.text()
    assert status_of("AAA", "d1", week(("NORMAL", 0.6), ("NORMAL", 0.5))).trend is None

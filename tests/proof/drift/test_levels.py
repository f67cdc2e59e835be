from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.typing import Bools
from augury.proof.drift.levels import CellEvidence, judge
from augury.proof.drift.metrics import PerformanceMetrics
from augury.proof.drift.thresholds import load_thresholds

DAY = date(2026, 11, 20)
CELLS = 48


def evidence(
    hits: Bools, per_day: int = 5, *, baseline: float = 0.55, h: float = 1.0, last: date = DAY
) -> CellEvidence:
    """A cell whose outcomes matured so many a day, the newest on ``last``."""
    n = len(hits)
    days = np.datetime64(last) - (np.arange(n)[::-1] // per_day).astype("timedelta64[D]")
    full = np.full(n, baseline)
    return CellEvidence("AAA", "h1", days, np.asarray(hits, bool), np.full(n, h), full, full - 0.05)


def one(cell: CellEvidence, day: date = DAY) -> PerformanceMetrics:
    (row,) = judge([cell], day)
    return row


def share(hits: int, n: int) -> Bools:
    """So many hits of n, spread evenly, so that no stretch is worse than the whole."""
    steps = np.arange(1, n + 1) * hits
    return np.asarray(steps // n > (steps - hits) // n)


@pytest.mark.parametrize(
    ("hits", "n", "baseline", "level", "beyond"),
    [
        (20, 40, 0.55, "NORMAL", "MONITOR"),
        (80, 200, 0.55, "MONITOR", "DRIFT"),
        (60, 200, 0.55, "DRIFT", "EMERGENCY"),
        (70, 200, 0.60, "DRIFT", "EMERGENCY"),
    ],
)
def test_a_margin_exactly_on_a_boundary_belongs_to_the_milder_level(
    hits: int, n: int, baseline: float, level: str, beyond: str
) -> None:
    cell, worse = (evidence(share(k, n), n, baseline=baseline) for k in (hits, hits - 1))
    assert (one(cell).level, one(worse).level) == (level, beyond)


def test_the_boundary_at_fifteen_points_is_not_moved_by_binary_fractions() -> None:
    row = one(evidence(share(80, 200), 200))
    assert row.accuracy is not None
    assert row.accuracy - 0.55 < -0.15  # what a plain comparison would fire at
    assert row.level == "MONITOR"


def test_a_margin_that_the_tests_do_not_believe_is_only_listed() -> None:
    row = one(evidence(share(15, 40), 40))
    assert row.drift_margin == pytest.approx(-0.175)
    assert row.p_value is not None
    assert row.p_value > 0.01
    assert (row.level, row.drift_detected, row.action) == ("MONITOR", False, "list")


def test_forty_outcomes_that_count_are_needed_and_overlapping_ones_count_their_part() -> None:
    never = np.zeros(39, bool)
    assert one(evidence(never)).level == "INSUFFICIENT_DATA"
    assert one(evidence(np.zeros(40, bool))).level == "EMERGENCY"
    overlapping = one(evidence(np.zeros(195, bool), h=5.0))
    assert (overlapping.level, overlapping.n_eff) == ("INSUFFICIENT_DATA", pytest.approx(39.0))
    assert not overlapping.drift_detected
    assert one(evidence(np.zeros(200, bool), h=5.0)).level == "EMERGENCY"


def test_a_day_on_which_nothing_matured_is_no_data_and_neither_good_nor_bad() -> None:
    holiday = one(evidence(np.zeros(100, bool), last=DAY - timedelta(days=1)))
    assert (holiday.level, holiday.drift_detected, holiday.action) == ("NO_DATA", False, "none")
    assert (holiday.date, holiday.data_date) == (DAY, DAY - timedelta(days=1))
    nothing = one(evidence(np.zeros(0, bool)))
    assert (nothing.level, nothing.accuracy, nothing.n_predictions, nothing.data_date) == ("NO_DATA", None, 0, None)


def test_the_window_takes_whole_days_from_the_newest_until_forty_count() -> None:
    early_misses = np.concatenate([np.zeros(100, bool), np.ones(42, bool)])
    row = one(evidence(early_misses, 7))
    assert (row.n_predictions, row.accuracy) == (42, 1.0)
    split = one(evidence(np.concatenate([np.zeros(60, bool), np.ones(39, bool)]), 33))
    assert (split.n_predictions, split.n_eff) == (66, 66.0)


def test_the_window_grows_back_ninety_days_and_no_further() -> None:
    assert one(evidence(np.ones(90, bool), 1)).level == "NORMAL"
    sparse = evidence(np.ones(40, bool), 1)
    far = CellEvidence(
        "AAA", "d1", np.datetime64(DAY) - 3 * np.arange(40)[::-1].astype("timedelta64[D]"), sparse.hits,
        sparse.horizon_bars, sparse.baselines, sparse.best_baselines,
    )  # fmt: skip
    row = one(far)
    assert (row.level, row.n_predictions) == ("INSUFFICIENT_DATA", 30)


def test_outcomes_after_the_day_that_is_judged_are_left_out() -> None:
    cell = evidence(np.concatenate([np.ones(60, bool), np.zeros(60, bool)]), 60)
    before = one(cell, DAY - timedelta(days=1))
    assert (before.accuracy, before.level, before.data_date) == (1.0, "NORMAL", DAY - timedelta(days=1))


def test_a_version_that_never_beat_its_best_baseline_says_so() -> None:
    cell = evidence(share(30, 60))
    assert one(cell).notes == ()
    no_better = CellEvidence("AAA", "h1", cell.matured_on, cell.hits, cell.horizon_bars, cell.baselines, cell.baselines)
    assert one(no_better).notes == ("NO_SKILL_BASELINE",)


def test_outcomes_out_of_order_are_refused() -> None:
    cell = evidence(share(30, 60))
    with pytest.raises(DataError, match="not in order of maturity"):
        CellEvidence("A", "h1", cell.matured_on[::-1], cell.hits, cell.horizon_bars, cell.baselines, cell.baselines)


def alarm_days(days: int, limits: dict[str, float], *, h: float = 1.0, seed: int = 11) -> int:
    """Days of 48 cells, each day drawn anew, on which any of them alarms although nothing drifts."""
    rng, thresholds = np.random.default_rng(seed), load_thresholds().replace(limits)
    found = 0
    for _ in range(days):
        cells = [evidence(rng.random(240) < 0.55, h=h) for _ in range(CELLS)]
        found += any(row.drift_detected for row in judge(cells, DAY, thresholds))
    return found


def test_without_drift_at_most_one_day_of_a_hundred_has_an_alarm_over_48_cells() -> None:
    assert alarm_days(200, {}) <= 2


def test_a_margin_without_its_tests_would_alarm_nearly_every_day() -> None:
    assert alarm_days(30, {"test.cusum_limit": -1, "test.cusum_limit_48": -1, "test.window_p": 2}) >= 15


def test_a_limit_of_five_would_alarm_too_often_over_48_cells() -> None:
    assert alarm_days(80, {"test.cusum_limit": 5.0, "test.cusum_limit_48": 5.0}) > 3


def test_without_drift_overlapping_outcomes_do_not_alarm_either() -> None:
    rng, found, h = np.random.default_rng(5), 0, 5
    for _ in range(100):
        cells = []
        for _ in range(CELLS):
            # Hits of h bars share h - 1 of their bars: a moving sum of noise above its own 45 % point.
            noise = np.convolve(rng.normal(size=404), np.ones(h), "valid") / np.sqrt(h)
            cells.append(evidence(noise > -0.12566, h=h))
        found += any(row.drift_detected for row in judge(cells, DAY))
    assert found <= 1


def detected(drop: float, within: int, levels: tuple[str, ...], seed: int = 6, paths: int = 500) -> float:
    """Share of falls seen within so many forecasts, five a day, at the limit that 48 cells are held to."""
    rng = np.random.default_rng(seed)
    thresholds = load_thresholds().replace({"test.cusum_limit": load_thresholds()["test.cusum_limit_48"]})
    seen = 0
    for _ in range(paths):
        hits = np.concatenate([rng.random(200) < 0.55, rng.random(within) < 0.55 - drop])
        seen += any(
            judge([evidence(hits[:upto])], DAY, thresholds)[0].level in levels for upto in range(205, 201 + within, 5)
        )
    return seen / paths


def test_a_fall_of_25_points_is_drift_or_worse_within_100_forecasts() -> None:
    assert detected(0.25, 100, ("DRIFT", "EMERGENCY")) >= 0.9


def test_a_fall_of_35_points_is_an_emergency_within_60_forecasts() -> None:
    assert detected(0.35, 60, ("EMERGENCY",)) >= 0.9

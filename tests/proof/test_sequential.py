"""Champion against challenger with a look every day; BEY-08."""

from __future__ import annotations

import json

import numpy as np
import pytest

from augury.core.errors import DataError, UsageError
from augury.proof.sequential import SequentialComparison

SIMULATIONS, DAYS, FORECASTS = 200, 250, 60


def played(lead: float, *, seed: int, shared: float = 0.0, forecasts: int = FORECASTS, **options: float) -> list[str]:
    """States after at most 250 days of right-or-wrong answers, one a simulation.

    ``shared`` is the share of forecasts on which both answer alike.
    """
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(SIMULATIONS):
        run = SequentialComparison(**options)
        own = rng.random((DAYS, forecasts)) >= shared
        answers = [rng.random((DAYS, forecasts)) < p for p in (0.52, 0.52 + lead / (1 - shared))]
        for day in np.where(own, answers[1].astype(float) - answers[0], 0.0):
            if run.decided:
                break
            run.update(day)
        states.append(run.state)
    return states


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_equal_models_are_falsely_promoted_in_at_most_5_percent_although_one_looks_every_day(shared: float) -> None:
    assert played(0.0, seed=11, shared=shared).count("promote") <= 0.05 * SIMULATIONS


@pytest.mark.parametrize(("shared", "at_least"), [(0.0, 0.80), (0.5, 0.90)])
def test_two_points_more_are_promoted_within_250_days_of_60_forecasts(shared: float, at_least: float) -> None:
    assert played(0.02, seed=12, shared=shared).count("promote") >= at_least * SIMULATIONS


def test_a_daily_look_at_an_ordinary_test_would_promote_equal_models_far_too_often() -> None:
    """What the wealth is for: the same days, judged by 1.645 standard errors whenever one looks."""
    rng = np.random.default_rng(11)
    days = np.arange(1, DAYS + 1)
    wrong = 0
    for _ in range(SIMULATIONS):
        right = rng.random((2, DAYS, FORECASTS)) < 0.52
        daily = (right[1].astype(float) - right[0]).mean(axis=1)
        z = np.cumsum(daily) / np.sqrt(np.maximum(np.cumsum(daily**2), 1e-12))
        wrong += bool((z[days >= 10] > 1.645).any())
    assert wrong > 0.2 * SIMULATIONS


def test_a_challenger_that_is_not_better_is_withdrawn_and_a_worse_one_never_promoted() -> None:
    assert played(0.0, seed=13).count("reject") > 0.7 * SIMULATIONS
    worse = played(-0.02, seed=14)
    assert worse.count("promote") == 0
    assert worse.count("reject") > 0.95 * SIMULATIONS


def test_forecasts_of_a_day_that_move_together_count_as_the_one_they_are() -> None:
    """All 60 forecasts of a day right or wrong together: still at most 5 %."""
    rng = np.random.default_rng(15)
    promoted = 0
    for _ in range(SIMULATIONS):
        run = SequentialComparison()
        for day in rng.choice([-1.0, 0.0, 1.0], size=DAYS):
            run.update(np.full(FORECASTS, day))
        promoted += run.state == "promote"
    assert promoted <= 0.05 * SIMULATIONS


def test_outcomes_that_overlap_for_5_days_do_not_fool_it() -> None:
    rng = np.random.default_rng(16)
    promoted = {1: 0, 5: 0}
    for _ in range(SIMULATIONS):
        daily = np.convolve(rng.normal(size=804), np.ones(5), "valid") * 0.05
        for horizon, of in ((1, promoted), (5, promoted)):
            run = SequentialComparison(horizon_days=horizon, days_max=800)
            for day in daily:
                if run.decided:
                    break
                run.update(np.full(10, day))
            of[horizon] += run.state == "promote"
    assert promoted[5] <= 0.05 * SIMULATIONS
    assert promoted[1] > 0.08 * SIMULATIONS  # taking every day for itself would be fooled


def test_it_says_insufficient_before_50_forecasts_and_10_rounds_and_when_the_days_are_over() -> None:
    thin = SequentialComparison()
    assert [thin.update(np.ones(2)) for _ in range(24)] == ["insufficient"] * 24
    assert thin.update(np.ones(2)) == "promote"
    short = SequentialComparison()
    assert [short.update(np.ones(60)) for _ in range(9)] == ["insufficient"] * 9
    assert short.update(np.ones(60)) in ("continue", "promote")
    open_question = SequentialComparison(days_max=20)
    said = [open_question.update(np.array([1.0, -1.0, 0.0] * 20)) for _ in range(25)]
    assert said[15] == "continue"
    assert said[19:] == ["insufficient"] * 6
    assert open_question.days == 20
    assert open_question.decided


def test_an_obvious_difference_is_seen_within_30_days() -> None:
    for lead, state in ((1.0, "promote"), (-1.0, "reject")):
        run = SequentialComparison()
        while not run.decided:
            run.update(np.full(60, lead))
        assert (run.state, run.days <= 30) == (state, True)


def test_a_decision_stands_whatever_comes_after() -> None:
    run = SequentialComparison()
    for _ in range(40):
        run.update(np.ones(60))
    before = run.to_json()
    assert run.update(-np.ones(60)) == "promote"
    assert run.to_json() == before


def test_a_run_stopped_every_day_and_read_back_from_json_is_the_same_run() -> None:
    rng = np.random.default_rng(0)
    days = [rng.choice([-1.0, 0.0, 1.0], size=int(rng.integers(0, 80))) for _ in range(100)]
    for horizon in (1, 3):
        whole = stopped = SequentialComparison(horizon_days=horizon)
        whole = SequentialComparison(horizon_days=horizon)
        for day in days:
            whole.update(day)
            stopped = SequentialComparison.from_json(json.loads(json.dumps(stopped.to_json())))
            stopped.update(day)
        assert stopped == whole


def test_wrong_questions_and_wrong_days_are_refused() -> None:
    with pytest.raises(UsageError, match="effect > 0"):
        SequentialComparison(effect=0.0)
    with pytest.raises(DataError, match="day 1 of a comparison holds differences that are not finite"):
        SequentialComparison().update(np.array([np.nan]))

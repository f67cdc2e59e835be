"""Rates of the schedules, epoch by epoch."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from augury.core.errors import UnknownName, UsageError
from augury.learning.schedules import build_schedule
from augury.learning.schedules.cosine import Cosine
from augury.learning.schedules.cosine_restarts import CosineRestarts
from augury.learning.schedules.plateau import Plateau
from augury.learning.settings import TrainingSettings


def test_restarts_follow_the_reference() -> None:
    schedule = CosineRestarts(1e-3, 40, t0=3, t_mult=2, eta_min=5e-5)
    expected = [0.001, 0.000763, 0.000288, 0.001, 0.000936, 0.000763, 0.000525, 0.000288, 0.000114, 0.001]
    assert [round(schedule.rate(epoch), 6) for epoch in range(10)] == expected
    assert [epoch for epoch in range(1, 40) if schedule.rate(epoch) == 1e-3] == [3, 9, 21]
    assert [e for e in range(1, 9) if CosineRestarts(1.0, 9, t0=3, t_mult=1).rate(e) == 1.0] == [3, 6]


def test_a_cosine_falls_from_the_rate_to_the_floor() -> None:
    rates = [Cosine(1e-3, 50, eta_min=1e-5).rate(epoch) for epoch in range(60)]
    assert rates[0] == 1e-3
    assert rates[25] == pytest.approx((1e-3 + 1e-5) / 2)
    assert rates[50:] == pytest.approx([1e-5] * 10)
    assert all(b < a for a, b in pairwise(rates[:51]))


def test_a_plateau_cuts_after_waiting_and_never_below_the_floor() -> None:
    schedule, rates = Plateau(1.0, 10, factor=0.1, wait=2, improvement=0.05, eta_min=0.05), []
    for epoch, value in enumerate((1.0, 0.96, 0.96, 0.5, math.inf, math.nan, 0.6, 0.7, 0.8)):
        rates.append(schedule.rate(epoch))
        schedule.seen(value)
    assert rates == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])


def test_a_plateau_of_a_measure_below_zero_is_seen_as_any_other() -> None:
    schedule = Plateau(1.0, 10, wait=1)
    for value in (-0.01, -0.02, -0.02):
        schedule.seen(value)
    assert schedule.rate(3) == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "cosine", "schedule_settings": {"eta_mn": 0}}, "no setting 'eta_mn', did you mean 'eta_min'"),
        ({"schedule": "constant", "schedule_settings": {"t0": 3}}, r"no setting 't0' \(known: none\)"),
        ({"schedule": "cosine", "schedule_settings": {"eta_min": 1.0}}, "eta_min=1 is not in 0..0.0005"),
        ({"schedule": "cosine_restarts", "schedule_settings": {"t0": 0}}, "t0=0"),
        ({"schedule": "plateau", "schedule_settings": {"factor": 1.5}}, "factor=1.5"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_schedule(TrainingSettings.from_json(settings))


def test_an_unknown_schedule_names_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown schedule 'cosin', did you mean 'cosine'\?.*constant, cosine,"):
        build_schedule(TrainingSettings(schedule="cosin"))

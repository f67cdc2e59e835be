from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import UsageError
from augury.runs.monitoring.alerts.expression import parse
from augury.runs.monitoring.alerts.rule import DEFAULTS, Alert, effective


@pytest.mark.parametrize(
    ("text", "metric", "limit"),
    [
        ("accuracy < 0.8", "accuracy", 0.8),
        ("latency_p95 > 200ms", "latency_p95", 0.2),
        ("latency_p95 > 0.2 s", "latency_p95", 0.2),
        ("drift_score > 0.2", "drift_score", 0.2),
        ("error_rate>=5%", "error_rate", 0.05),
        ("accuracy_margin < -15%", "accuracy_margin", -0.15),
    ],
)
def test_durations_are_held_in_seconds_and_shares_as_fractions(text: str, metric: str, limit: float) -> None:
    (clause,) = parse(text).clauses
    assert (clause.metric, round(clause.limit, 12)) == (metric, limit)


@pytest.mark.parametrize(
    ("text", "character", "expected"),
    [
        ("", 1, "a metric"),
        ("accuracy", 9, "one of < <="),
        ("accuracy <", 11, "a number"),
        ("accuracy << 0.8", 11, "a number"),
        ("accuracy < 0.8 xor drift_score > 1", 16, "'and' or 'or'"),
        ("accuracy < 0.8 and", 19, "a metric"),
        ("accuracy < 0.8 and and > 1", 20, "a metric"),
        ("latency_p95 > 200", 15, "a duration with its unit"),
        ("accuracy < 80", 12, "a share"),
        ("queue > 5minutes", 10, "a unit"),
        ("__import__('os').system('id') > 1", 11, "one of < <="),
        ("queue > 1; drop table alerts", 10, "a unit"),
        ("queue > 1e999", 9, "a finite number"),
        ("queue > nan", 9, "a number"),
    ],
)
def test_a_condition_that_is_not_understood_is_pointed_at(text: str, character: int, expected: str) -> None:
    with pytest.raises(UsageError, match="expected") as raised:
        parse(text)
    assert f"expected {expected}" in raised.value.message
    assert f"at character {character}," in raised.value.message
    assert raised.value.exit_code == 2


@given(st.text(alphabet=string.printable, max_size=60))
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    try:
        found = parse(text)
    except UsageError:
        return
    assert parse(str(found)).metrics == found.metrics


def test_and_binds_tighter_than_or_and_what_is_missing_stays_unknown() -> None:
    either = parse("a > 1 or b > 1 and c > 1")
    assert either.holds({"a": 2, "b": None, "c": None}) is True
    assert either.holds({"a": 0, "b": 2, "c": 2}) is True
    assert either.holds({"a": 0, "b": 2, "c": 0}) is False
    assert either.holds({"a": 0, "b": None, "c": 0}) is False
    assert either.holds({"a": 0, "b": 2}) is None


def test_a_boundary_belongs_to_the_milder_side_whatever_binary_makes_of_it() -> None:
    assert parse("accuracy_margin < -15%").holds({"accuracy_margin": 0.40 - 0.55}) is False
    assert parse("accuracy_margin <= -15%").holds({"accuracy_margin": 0.40 - 0.55}) is True


def test_the_fixed_limit_gives_way_to_the_baseline_once_there_is_one() -> None:
    drop = DEFAULTS[0]
    assert effective(drop, {"accuracy": 0.5}).holds({"accuracy": 0.5}) is True
    skilled = {"accuracy": 0.5, "accuracy_margin": -0.02, "drift_level": 0.0}
    assert effective(drop, skilled).holds(skilled) is False
    fallen = {"accuracy": 0.3, "accuracy_margin": -0.22, "drift_level": 2.0}
    assert effective(drop, fallen).holds(fallen) is True
    by_chance = fallen | {"drift_level": 1.0}
    assert effective(drop, by_chance).holds(by_chance) is False
    assert effective(Alert("own", "accuracy < 0.7"), skilled).metrics == ("accuracy",)


@pytest.mark.parametrize("wrong", [{"severity": "fatal"}, {"name": "a b"}, {"name": ""}, {"hold_checks": 0}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Alert(**({"name": "low", "condition": "accuracy < 0.8"} | wrong))  # type: ignore[arg-type]

"""The admission policy of members; section 4 of the specification of ensembles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import UnknownName
from augury.core.labelspec import LabelSpec
from augury.core.timeframe import Timeframe
from augury.proof.drift.metrics import PerformanceMetrics
from augury.records.store import Store
from augury.runs.registry.policy import Measured, judge_member, measured, policy
from augury.runs.workspace import Workspace

NONE = Measured(0, None, None, None)


@pytest.mark.parametrize(
    ("member", "found", "admitted"),
    [
        ("rf", NONE, True),
        ("gb", NONE, True),
        ("arima_garch", NONE, False),
        ("arima_garch", Measured(13, 0.0, None, None), False),
        ("arima_garch", Measured(14, 9.9, None, None), True),
        ("arima_garch", Measured(14, 10.0, None, None), False),
        ("arima_garch", Measured(14, None, None, None), False),
        ("trend_season", Measured(30, 30.0, -0.1, None), True),
        ("trend_season", Measured(29, 0.0, -0.1, None), False),
        ("trend_season", Measured(30, 0.0, 0.0, None), False),
        ("lstm", Measured(90, None, None, 0.1), True),
        ("lstm", Measured(90, None, None, 0.0), False),
        ("lstm", Measured(89, None, None, 5.0), False),
    ],
)
def test_each_member_has_its_rule_and_the_boundary_refuses(member: str, found: Measured, admitted: bool) -> None:
    assert judge_member(member, found).admitted is admitted


def test_a_member_without_a_rule_is_unknown() -> None:
    with pytest.raises(UnknownName, match="did you mean 'lstm'"):
        judge_member("lstn", NONE)


def test_what_is_live_is_measured_and_refusals_are_journaled(workspace: Workspace, speaking: Any) -> None:
    assert measured(workspace, "SYN001", "d1") == NONE
    bars = workspace.lake.read(["SYN001"], Timeframe.D1)
    manifest = speaking.publish(workspace, "SYN001", LabelSpec(Timeframe.D1, "5d", 5, 0.009))
    said = speaking.say(manifest, bars, 600)
    workspace.store.ledger.append([said], said.made_at)
    now = said.made_at + timedelta(days=20)
    store = Store(workspace.store.engine, workspace.store.artifacts, FixedClock(now))
    later = Workspace(workspace.settings, workspace.lake, store, FixedClock(now))
    rows = [
        PerformanceMetrics("SYN001", "d1", (now - timedelta(days=9 - i)).date(), 0.4, 50, 0.5, -0.16 + 0.01 * i, False,
                           "MONITOR", None, 50.0) for i in range(10)
    ]  # fmt: skip
    store.drift.record(rows, now)
    found = measured(later, "SYN001", "d1")
    assert (found.days_live, found.walk_forward_win) == (20, None)
    assert found.drift_points == pytest.approx(7.0)
    assert found.drift_slope == pytest.approx(-1.0)
    admitted = {one.member: one.admitted for one in policy(later, "SYN001", "d1", journal=True)}
    assert admitted == {"rf": True, "gb": True, "arima_garch": True, "trend_season": False, "lstm": False}
    logged = store.journal.list("policy", "SYN001 d1")
    assert [entry.data["measured"]["days_live"] for entry in logged] == [20, 20]

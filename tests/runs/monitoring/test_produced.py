"""A version is watched before its outcomes are known, end to end on the synthetic market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from augury.core.clock import FixedClock
from augury.core.errors import InsufficientHistory
from augury.core.forecast import Forecast
from augury.core.labelspec import LabelSpec
from augury.core.outcome import Outcome
from augury.core.score import GateResult, Score, Verdict
from augury.core.timeframe import Timeframe
from augury.core.version import SliceFacts, VersionManifest
from augury.data.synthetic import SyntheticMarket
from augury.proof.drift.features import drift_score
from augury.proof.drift.metrics import PerformanceMetrics
from augury.records.ledger.chain import LedgerRow
from augury.runs.monitoring.drift_monitor import DriftMonitor
from augury.runs.monitoring.measured import READINGS
from augury.runs.monitoring.produced import produced
from augury.runs.workspace import Workspace

MARKET = SyntheticMarket(n_symbols=1, n_bars=700, ic=0.1)
SPEC = LabelSpec(Timeframe.D1, "5d", 5, 0.009)
ROW = PerformanceMetrics("SYN001", "d1", date(2026, 11, 19), 0.2, 60, 0.55, -0.35, True, "EMERGENCY", 1e-6, 60.0)
ACCURACY = (Score("accuracy", 0.55, 0.5, 0.6, 0.5, n=1000, n_eff=200.0),)
OVERFIT = Verdict("skill", (GateResult("OVERFIT_GAP", True, "refuse", "lost 0.18", 0.18, 0.2),))


def write(
    place: Workspace, manifest: VersionManifest, proba: np.ndarray, expected: Sequence[float], speaking: Any
) -> None:
    """Say so many forecasts of daily bars, the last 20 without an outcome."""
    bars = MARKET.bars()
    first = bars.frame.height - len(proba) - 10
    said: list[Forecast] = [
        speaking.say(
            manifest, bars, first + at, p_bearish=p[0], p_neutral=p[1], p_bullish=p[2], confidence=float(max(p)),
            expected_return=float(expected[at]),
        )
        for at, p in enumerate(proba)
    ]  # fmt: skip
    rows = place.store.ledger.append(said, place.clock.now())
    rng = np.random.default_rng(1)
    place.store.evaluations.record([came(row, float(rng.normal(0, 0.02))) for row in rows[:-20]])


def came(row: LedgerRow, value: float) -> Outcome:
    said = row.forecast
    label = "BULLISH" if value > 0.009 else "BEARISH" if value < -0.009 else "NEUTRAL"
    return Outcome(
        forecast_id=row.id, symbol=said.symbol, timeframe=said.timeframe, horizon=said.horizon, version=said.version,
        horizon_bars=5, made_at=said.made_at, data_until=said.data_until, matures_at=said.matures_at,
        evaluated_at=said.matures_at, label=said.label, realised_label=label, confidence=said.confidence,
        abstained=False, realised_price=100.0, realised_return=value, expected_return=said.expected_return,
        direction_correct=True, error_pct=0.0, covered50=True, covered80=True, covered95=True, pinball=0.0,
        brier=0.5, outcome="MISS",
    )  # fmt: skip


def test_lively_answers_promise_an_accuracy_before_their_outcomes(workspace: Workspace, speaking: Any) -> None:
    manifest = speaking.publish(workspace, "SYN001", SPEC, scores=ACCURACY)
    rng = np.random.default_rng(0)
    write(workspace, manifest, rng.dirichlet([4, 4, 4], 120), rng.normal(0, 0.003, 120).tolist(), speaking)
    (found,) = produced(workspace, replace(ROW, accuracy=0.5))
    assert found.habits == ()
    assert found.estimated is not None
    assert (found.estimated.n, found.estimated.n_eff) == (20, pytest.approx(4.0))
    assert found.text() == "5d: the last 120 answers are lively; estimated accuracy insufficient (n=4)"


def test_a_version_that_gave_up_is_named_and_its_fall_is_graded(workspace: Workspace, speaking: Any) -> None:
    manifest = speaking.publish(workspace, "SYN001", SPEC, scores=ACCURACY, verdict=OVERFIT)
    write(workspace, manifest, np.tile([0.25, 0.25, 0.5], (120, 1)), [0.01] * 120, speaking)
    (found,) = produced(workspace, ROW)
    assert {habit.code for habit in found.habits} == {"COLLAPSED", "ONE_SIDED", "ONE_CLASS"}
    grades = {(one.earlier, one.later): one.grade for one in found.divergences}
    assert grades == {
        ("train", "validation"): "notice",
        ("train", "live"): "critical",
        ("validation", "live"): "critical",
    }
    assert "validation to live -35.0 points (critical)" in found.text()
    (quiet,) = produced(workspace, replace(ROW, level="INSUFFICIENT_DATA"))
    assert [one.later for one in quiet.divergences] == ["validation"]


def test_abstentions_bands_alone_and_replays_are_no_answers(workspace: Workspace, speaking: Any) -> None:
    manifest = speaking.publish(workspace, "SYN001", SPEC, scores=ACCURACY)
    bars = MARKET.bars()
    flags = ("abstain", "band_only", "replay")
    said = [speaking.say(manifest, bars, 500 + at, flags=flags[at % 3 : at % 3 + 1]) for at in range(60)]
    workspace.store.ledger.append(said, workspace.clock.now())
    (found,) = produced(workspace, ROW)
    assert (found.n, found.habits, found.estimated) == (0, (), None)
    assert list(READINGS.load("answers").read(workspace, workspace.clock.now())) == []


def test_features_are_held_against_the_train_slice_of_the_serving_version(workspace: Workspace, speaking: Any) -> None:
    from augury.features.engine import build

    bars = MARKET.bars()
    manifest = build(bars, "starter").manifest
    ends = [bars.frame["ts"][at].isoformat() for at in (250, 600)]
    speaking.publish(workspace, "SYN001", SPEC, features=manifest, slices={"train": SliceFacts(ends[0], ends[1], 350)})
    shifts = DriftMonitor(workspace).compute_feature_drift("SYN001", "d1")
    assert [one.feature for one in shifts] == list(manifest.names)
    assert (drift_score(shifts) or 0.0) <= 0.2
    early = replace(workspace, clock=FixedClock(datetime.fromisoformat(ends[1]).astimezone(UTC) + timedelta(days=40)))
    with pytest.raises(InsufficientHistory, match="live rows"):
        DriftMonitor(early).compute_feature_drift("SYN001", "d1")
    with pytest.raises(InsufficientHistory, match="no version answers for SYN002 d1"):
        DriftMonitor(workspace).compute_feature_drift("SYN002", "d1")

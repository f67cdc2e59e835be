"""The client of Augury 0.1.0.

    from augury_client import Augury

    augury = Augury("http://127.0.0.1:8000", "aug_live_…")
    for row in augury.forecasts.list_forecasts(symbol="^GSPC")["forecasts"]:
        print(row["label"], row["expected_return"], row["version"])

Only the standard library. Every refusal is a :class:`Refused` with the problem document in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen


class Event(NamedTuple):
    """One server-sent event: its id, its kind, its data."""

    id: str
    kind: str
    data: Any


class Refused(Exception):
    """An answer of 400 or more.

    ``problem`` is the document (RFC 9457): ``status``, ``code``, ``detail``, ``fix``, ``request_id``.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


def _quote(part: Any) -> str:
    return quote(str(part), safe="")


AbTestAnswer = TypedDict(
    "AbTestAnswer",
    {
        "name": "str",
        "state": "str",
        "arms": "dict[str, ArmAnswer]",
        "cells": "list[list[str]]",
        "metrics": "list[str]",
        "effect": "float",
        "required_n": "int",
        "created_by": "str",
        "created_at": "str",
        "ended_at": "str | None",
        "verdict": "str | None",
    },
)

AbTestList = TypedDict(
    "AbTestList",
    {
        "tests": "list[AbTestAnswer]",
    },
)

ActAnswer = TypedDict(
    "ActAnswer",
    {
        "id": "int",
        "at": "str",
        "actor": "str",
        "action": "str",
        "subject": "str",
        "request_id": "str | None",
        "data": "dict[str, Any]",
    },
)

Ahead = TypedDict(
    "Ahead",
    {
        "horizons": "list[str]",
        "dates": "list[str]",
        "prices": "list[float]",
        "returns": "list[float]",
        "positions": "list[float]",
        "fused_positions": "list[float]",
        "classifier_probabilities": "list[list[Any]]",
        "bands": "list[list[Band]]",
        "actions": "list[str]",
    },
)

AlertAnswer = TypedDict(
    "AlertAnswer",
    {
        "id": "int",
        "rule": "str",
        "subject": "str",
        "severity": "str",
        "state": "str",
        "since": "str",
        "updated_at": "str",
        "acknowledged_by": "str | None",
        "value": "float | None",
        "text": "str",
        "data": "dict[str, Any]",
    },
)

AlertPage = TypedDict(
    "AlertPage",
    {
        "alerts": "list[AlertAnswer]",
        "next": "str | None",
    },
)

Alive = TypedDict(
    "Alive",
    {
        "status": "str",
    },
)

Arm = TypedDict(
    "Arm",
    {
        "test": "str",
        "arm": "str",
        "version": "str",
    },
)

ArmAnswer = TypedDict(
    "ArmAnswer",
    {
        "share": "float",
        "versions": "dict[str, str]",
    },
)

AsOf = TypedDict(
    "AsOf",
    {
        "symbol": "str",
        "day": "str",
        "rebuilt": "bool",
        "rows": "list[RememberedAnswer]",
    },
)

AuditAnswer = TypedDict(
    "AuditAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "version": "str",
        "of": "str",
        "verdict": "str",
        "values": "int",
        "cuts": "int",
        "seed": "int",
        "data_version": "str",
        "stages": "list[StageAnswer]",
        "suspects": "list[dict[str, Any]]",
    },
)

AuditList = TypedDict(
    "AuditList",
    {
        "audits": "list[AuditAnswer]",
        "kept": "list[KeptAudit]",
        "command": "str",
    },
)

AuditPage = TypedDict(
    "AuditPage",
    {
        "acts": "list[ActAnswer]",
        "next": "str | None",
    },
)

AuditedThing = TypedDict(
    "AuditedThing",
    {
        "name": "str",
        "sha256": "str | None",
    },
)

BacktestAnswer = TypedDict(
    "BacktestAnswer",
    {
        "id": "str",
        "name": "str",
        "made_at": "str",
        "made_by": "str",
        "settings": "dict[str, Any]",
        "data_hash": "str | None",
        "first": "str | None",
        "as_of": "str | None",
        "bars": "int",
        "sharpe": "float | None",
        "sharpe_low": "float | None",
        "sharpe_high": "float | None",
        "total_return": "float | None",
        "benchmark_return": "float | None",
        "max_drawdown": "float | None",
        "verdict": "str",
        "reason": "str",
        "beside_luck": "str",
        "summary": "str",
        "warnings": "list[str]",
        "table": "list[dict[str, str]]",
        "figures": "dict[str, Any]",
        "capacity": "dict[str, Any]",
        "costs": "dict[str, Any]",
        "selection": "dict[str, Any] | None",
        "curve": "list[CurvePoint]",
        "last_trades": "list[Fill]",
    },
)

BacktestBody = TypedDict(
    "BacktestBody",
    {
        "symbols": "list[str]",
        "name": "NotRequired[str]",
        "timeframe": "NotRequired[str]",
        "rule": "NotRequired[str]",
        "every": "NotRequired[int | None]",
        "side": "NotRequired[Literal['long_short', 'long']]",
        "capital": "NotRequired[float]",
        "commission_bps": "NotRequired[float]",
        "commission_min": "NotRequired[float]",
        "slippage_bps": "NotRequired[float]",
        "borrow_rate": "NotRequired[float]",
        "impact": "NotRequired[float]",
        "margin": "NotRequired[float]",
        "fill": "NotRequired[Literal['open', 'close']]",
        "fractional": "NotRequired[bool]",
        "prices": "NotRequired[Literal['close', 'adj_close']]",
    },
)

BacktestLine = TypedDict(
    "BacktestLine",
    {
        "id": "str",
        "name": "str",
        "made_at": "str",
        "made_by": "str",
        "settings": "dict[str, Any]",
        "data_hash": "str | None",
        "first": "str | None",
        "as_of": "str | None",
        "bars": "int",
        "sharpe": "float | None",
        "sharpe_low": "float | None",
        "sharpe_high": "float | None",
        "total_return": "float | None",
        "benchmark_return": "float | None",
        "max_drawdown": "float | None",
        "verdict": "str",
        "reason": "str",
        "beside_luck": "str",
    },
)

BacktestPage = TypedDict(
    "BacktestPage",
    {
        "backtests": "list[BacktestLine]",
        "next_cursor": "str | None",
    },
)

Band = TypedDict(
    "Band",
    {
        "level": "int",
        "low": "float",
        "high": "float",
    },
)

BarAnswer = TypedDict(
    "BarAnswer",
    {
        "time": "str",
        "open": "float | None",
        "high": "float | None",
        "low": "float | None",
        "close": "float",
        "volume": "float | None",
    },
)

BarPage = TypedDict(
    "BarPage",
    {
        "symbol": "str",
        "timeframe": "str",
        "synthetic": "bool",
        "adjustment": "str",
        "provider": "str",
        "data_version": "str",
        "total": "int",
        "merged": "int",
        "bars": "list[BarAnswer]",
        "next": "str | None",
    },
)

CalibrationRow = TypedDict(
    "CalibrationRow",
    {
        "group": "dict[str, str]",
        "n": "int",
        "n_eff": "float",
        "insufficient": "bool",
        "coverage": "list[CoverageAnswer]",
        "pinball": "dict[str, float]",
        "crps": "float",
        "pit": "list[float]",
    },
)

CalibrationTable = TypedDict(
    "CalibrationTable",
    {
        "by": "list[str]",
        "n": "int",
        "repeated": "int",
        "replays": "bool",
        "rows": "list[CalibrationRow]",
    },
)

CallAnswer = TypedDict(
    "CallAnswer",
    {
        "at": "str",
        "method": "str",
        "route": "str",
        "status": "int",
        "latency_ms": "float",
        "units": "int",
        "key_id": "str | None",
        "user_id": "str | None",
        "request_id": "str",
    },
)

Candle = TypedDict(
    "Candle",
    {
        "date": "str",
        "open": "float | None",
        "high": "float | None",
        "low": "float | None",
        "close": "float",
    },
)

CellAnswer = TypedDict(
    "CellAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "champion": "str | None",
        "challenger": "str | None",
        "pinned": "str | None",
        "silenced": "str | None",
        "champion_tag": "str",
        "versions": "list[VersionSummary]",
        "history": "list[MoveAnswer]",
    },
)

ChampionAnswer = TypedDict(
    "ChampionAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "champion": "str | None",
        "challenger": "str | None",
        "pinned": "str | None",
        "moves": "int",
    },
)

ChampionRef = TypedDict(
    "ChampionRef",
    {
        "timeframe": "str",
        "horizon": "str",
        "version": "str",
    },
)

Change = TypedDict(
    "Change",
    {
        "symbol": "str",
        "field": "Literal['note', 'position', 'removed']",
        "value": "str | float | bool",
        "at": "str",
        "device": "str",
    },
)

Changes = TypedDict(
    "Changes",
    {
        "changes": "list[Change]",
    },
)

Channel = TypedDict(
    "Channel",
    {
        "channel": "str | None",
        "send": "bool",
    },
)

ChecksAnswer = TypedDict(
    "ChecksAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "data_version": "str",
        "rows": "int",
        "valid": "bool",
        "score": "float",
        "findings": "list[FindingAnswer]",
    },
)

Choice = TypedDict(
    "Choice",
    {
        "version": "str",
        "reason": "NotRequired[str]",
    },
)

Comparison = TypedDict(
    "Comparison",
    {
        "same_data": "bool",
        "differs": "dict[str, list[Any]]",
        "backtests": "list[BacktestAnswer]",
    },
)

ComparisonAnswer = TypedDict(
    "ComparisonAnswer",
    {
        "a": "VersionSummary",
        "b": "VersionSummary",
        "scores": "list[ScorePair]",
        "settings": "list[SettingPair]",
        "features_only_a": "list[str]",
        "features_only_b": "list[str]",
        "weights": "list[WeightPair]",
        "paired": "list[ScoreAnswer]",
        "verdict": "str",
    },
)

ConsensusAnswer = TypedDict(
    "ConsensusAnswer",
    {
        "symbol": "str",
        "horizon": "str",
        "made_at": "str",
        "data_until": "str",
        "matures_at": "str",
        "recorded_at": "str",
        "label": "str",
        "confidence": "float",
        "agreement": "float | None",
        "n_eff": "float",
        "current_price": "float",
        "expected_return": "float",
        "bands": "list[Band]",
        "quantiles": "dict[str, float]",
        "voices": "list[VoiceAnswer]",
        "handoffs": "list[list[Any]]",
        "flags": "list[str]",
        "ladder": "dict[str, Any] | None",
        "quality": "float | None",
        "issues": "list[str]",
        "row_hash": "str",
    },
)

ConsensusPage = TypedDict(
    "ConsensusPage",
    {
        "symbol": "str",
        "consensus": "list[ConsensusAnswer]",
    },
)

ConsensusView = TypedDict(
    "ConsensusView",
    {
        "horizon": "str",
        "label": "str",
        "confidence": "float",
        "agreement": "float | None",
        "n_eff": "float",
        "made_at": "str",
        "data_until": "str",
        "matures_at": "str",
        "current_price": "float",
        "expected_return": "float",
        "bands": "list[Band]",
        "timeframes": "list[str]",
        "handoffs": "list[HandoffAnswer]",
        "flags": "list[str]",
    },
)

ContributionAnswer = TypedDict(
    "ContributionAnswer",
    {
        "what": "str",
        "value": "float | None",
        "share": "float | None",
        "low": "float | None",
        "high": "float | None",
        "n": "int",
    },
)

CoverageAnswer = TypedDict(
    "CoverageAnswer",
    {
        "level": "float",
        "share": "float",
        "low": "float",
        "high": "float",
        "winkler": "float",
    },
)

CurvePoint = TypedDict(
    "CurvePoint",
    {
        "ts": "str",
        "net": "float",
        "benchmark": "float",
    },
)

DataHealth = TypedDict(
    "DataHealth",
    {
        "judged_at": "str",
        "alarming": "int",
        "series": "list[SeriesAnswer]",
    },
)

DayAnswer = TypedDict(
    "DayAnswer",
    {
        "day": "str",
        "calls": "int",
        "units": "int",
        "refused": "int",
        "failed": "int",
        "latency_ms": "float",
    },
)

DeflatedAnswer = TypedDict(
    "DeflatedAnswer",
    {
        "luck": "float",
        "dsr": "float | None",
        "pbo": "float | None",
        "trials": "int",
        "believed": "bool",
        "text": "str",
    },
)

DriftPage = TypedDict(
    "DriftPage",
    {
        "since": "str",
        "until": "str",
        "sentence": "str",
        "cells": "list[DriftSummary]",
        "rows": "list[DriftRow]",
    },
)

DriftRow = TypedDict(
    "DriftRow",
    {
        "symbol": "str",
        "timeframe": "str",
        "date": "str",
        "level": "str",
        "accuracy": "float | None",
        "accuracy_low": "float | None",
        "accuracy_high": "float | None",
        "baseline_accuracy": "float | None",
        "drift_margin": "float | None",
        "p_value": "float | None",
        "n_predictions": "int",
        "n_eff": "float",
        "drift_detected": "bool",
        "data_date": "str | None",
        "notes": "list[str]",
        "action": "str",
        "text": "str",
    },
)

DriftSummary = TypedDict(
    "DriftSummary",
    {
        "symbol": "str",
        "timeframe": "str",
        "days": "int",
        "days_judged": "int",
        "level": "str",
        "overall_accuracy": "float | None",
        "baseline_accuracy": "float | None",
        "trend": "float | None",
        "recommendation": "str",
        "text": "str",
    },
)

End = TypedDict(
    "End",
    {
        "promote": "bool",
    },
)

EquityPoint = TypedDict(
    "EquityPoint",
    {
        "time": "str",
        "equity": "float",
    },
)

ExperimentAnswer = TypedDict(
    "ExperimentAnswer",
    {
        "experiment_id": "str",
        "phase": "str",
        "timestamp": "str",
        "metrics": "dict[str, Any]",
        "config": "dict[str, Any]",
    },
)

ExperimentComparison = TypedDict(
    "ExperimentComparison",
    {
        "a": "str",
        "b": "str",
        "verdict": "str",
        "facts": "dict[str, Any]",
    },
)

ExperimentPage = TypedDict(
    "ExperimentPage",
    {
        "experiments": "list[ExperimentAnswer]",
    },
)

ExplanationAnswer = TypedDict(
    "ExplanationAnswer",
    {
        "forecast_id": "int",
        "cell": "str",
        "version": "str",
        "data_until": "str",
        "synthetic": "bool",
        "sentences": "list[str]",
        "contributions": "list[ContributionAnswer]",
    },
)

FeatureDrift = TypedDict(
    "FeatureDrift",
    {
        "feature": "str",
        "psi": "float | None",
        "ks": "float | None",
        "wasserstein": "float | None",
        "limit": "float",
        "flagged": "bool",
    },
)

FeatureDriftPage = TypedDict(
    "FeatureDriftPage",
    {
        "symbol": "str",
        "timeframe": "str",
        "drift_score": "float | None",
        "flagged": "int",
        "features": "list[FeatureDrift]",
    },
)

FieldError = TypedDict(
    "FieldError",
    {
        "field": "str",
        "row": "NotRequired[int | None]",
        "message": "str",
    },
)

Fill = TypedDict(
    "Fill",
    {
        "ts": "str",
        "symbol": "str",
        "shares": "float",
        "price": "float",
        "commission": "float",
        "slippage": "float",
        "impact": "float",
    },
)

FindingAnswer = TypedDict(
    "FindingAnswer",
    {
        "code": "str",
        "severity": "str",
        "rows": "int",
        "first_ts": "str | None",
        "message": "str",
        "fix": "str",
    },
)

Floors = TypedDict(
    "Floors",
    {
        "buy": "float",
        "sell": "float",
    },
)

ForecastAnswer = TypedDict(
    "ForecastAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "made_at": "str",
        "data_until": "str",
        "matures_at": "str",
        "version": "str",
        "verdict": "str",
        "label": "str",
        "p_bearish": "float",
        "p_neutral": "float",
        "p_bullish": "float",
        "confidence": "float",
        "agreement": "float | None",
        "current_price": "float",
        "expected_return": "float",
        "bands": "list[Band]",
        "quantiles": "dict[str, float]",
        "weights": "dict[str, float]",
        "flags": "list[str]",
        "data_hash": "str",
        "id": "int",
        "recorded_at": "str",
        "row_hash": "str",
        "outcome": "NotRequired[RealisedAnswer | None]",
    },
)

ForecastBody = TypedDict(
    "ForecastBody",
    {
        "symbol": "str",
        "timeframe": "NotRequired[str]",
        "horizons": "NotRequired[list[str]]",
        "days_on_chart": "NotRequired[int]",
        "smoothing": "NotRequired[Literal['none', 'ema', 'moving_average']]",
        "confidence_floors": "NotRequired[Floors]",
        "trade_share_floor": "NotRequired[float]",
        "fusion": "NotRequired[FusionBody]",
        "risk_profile": "NotRequired[Literal['conservative', 'balanced', 'aggressive']]",
        "allow_stale": "NotRequired[bool]",
        "dry_run": "NotRequired[bool]",
    },
)

ForecastPage = TypedDict(
    "ForecastPage",
    {
        "forecasts": "list[ForecastAnswer]",
        "next": "NotRequired[str | None]",
    },
)

FusionBody = TypedDict(
    "FusionBody",
    {
        "mode": "Literal['classifier', 'regressor', 'hybrid', 'weighted', 'gbm_only', 'gbm_heavy', 'balanced', 'lstm_heavy']",
        "thresholds": "Thresholds",
        "scale": "float",
        "max_short": "float",
    },
)

GateAnswer = TypedDict(
    "GateAnswer",
    {
        "code": "str",
        "passed": "bool",
        "effect": "str",
        "message": "str",
        "value": "float | None",
        "limit": "float | None",
    },
)

GroupForecast = TypedDict(
    "GroupForecast",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "made_at": "str",
        "data_until": "str",
        "matures_at": "str",
        "version": "str",
        "verdict": "str",
        "label": "str",
        "p_bearish": "float",
        "p_neutral": "float",
        "p_bullish": "float",
        "confidence": "float",
        "agreement": "float | None",
        "current_price": "float",
        "expected_return": "float",
        "bands": "list[Band]",
        "quantiles": "dict[str, float]",
        "weights": "dict[str, float]",
        "flags": "list[str]",
        "data_hash": "str",
        "id": "int",
        "recorded_at": "str",
        "row_hash": "str",
        "outcome": "NotRequired[RealisedAnswer | None]",
        "weight": "float",
        "handoff": "float | None",
    },
)

HandoffAnswer = TypedDict(
    "HandoffAnswer",
    {
        "shorter": "str",
        "longer": "str",
        "confidence": "float",
    },
)

Health = TypedDict(
    "Health",
    {
        "ready": "bool",
        "checked_at": "str",
        "parts": "list[Part]",
    },
)

Hold = TypedDict(
    "Hold",
    {
        "version": "str | None",
        "reason": "str",
    },
)

HoldingAnswer = TypedDict(
    "HoldingAnswer",
    {
        "symbol": "str",
        "shares": "float",
        "average_price": "float",
        "close": "float",
        "marked_at": "str",
        "value": "float",
        "unrealised": "float",
    },
)

HoldoutList = TypedDict(
    "HoldoutList",
    {
        "holdout": "list[SealAnswer]",
    },
)

HorizonView = TypedDict(
    "HorizonView",
    {
        "horizon": "str",
        "agreement": "float | None",
        "n_eff": "float | None",
        "handoffs": "list[HandoffAnswer]",
        "forecasts": "list[GroupForecast]",
    },
)

InvitationAnswer = TypedDict(
    "InvitationAnswer",
    {
        "code": "str",
        "address": "str",
        "role": "str",
        "expires_at": "str",
    },
)

InvitationBody = TypedDict(
    "InvitationBody",
    {
        "role": "Literal['reader', 'trader', 'admin']",
    },
)

Item = TypedDict(
    "Item",
    {
        "note": "str",
        "position": "float | None",
    },
)

JobAnswer = TypedDict(
    "JobAnswer",
    {
        "id": "str",
        "kind": "str",
        "state": "str",
        "progress": "float | None",
        "settings": "dict[str, Any]",
        "queue": "str",
        "priority": "int",
        "attempt": "int",
        "attempts_allowed": "int",
        "time_limit_s": "float",
        "submitted_by": "str",
        "submitted_at": "str",
        "started_at": "str | None",
        "heartbeat_at": "str | None",
        "ended_at": "str | None",
        "result": "dict[str, Any] | None",
        "error": "JobFailure | None",
        "installation": "bool",
    },
)

JobBody = TypedDict(
    "JobBody",
    {
        "kind": "str",
        "settings": "NotRequired[dict[str, Any]]",
        "priority": "NotRequired[int]",
    },
)

JobFailure = TypedDict(
    "JobFailure",
    {
        "code": "str",
        "message": "str",
        "fix": "str",
    },
)

JobLog = TypedDict(
    "JobLog",
    {
        "job": "str",
        "lines": "list[LogLine]",
    },
)

JobPage = TypedDict(
    "JobPage",
    {
        "jobs": "list[JobAnswer]",
        "next_cursor": "str | None",
    },
)

KeptAudit = TypedDict(
    "KeptAudit",
    {
        "id": "int",
        "at": "str",
        "of": "list[AuditedThing]",
        "verdict": "str",
        "text": "str",
        "values": "int",
        "cuts": "int",
        "seed": "int",
        "data_version": "str",
        "timeframe": "str",
        "symbols": "list[str]",
        "synthetic": "bool",
        "stages": "list[KeptStage]",
        "leaking": "int",
        "leaks": "list[LeakAnswer]",
    },
)

KeptStage = TypedDict(
    "KeptStage",
    {
        "stage": "str",
        "columns": "int",
        "cuts": "int",
        "values": "int",
        "verdict": "str",
    },
)

KeyAnswer = TypedDict(
    "KeyAnswer",
    {
        "id": "str",
        "name": "str",
        "hint": "str",
        "sandbox": "bool",
        "scopes": "list[str]",
        "state": "str",
        "user_id": "str | None",
        "created_at": "str",
        "expires_at": "str | None",
        "revoked_at": "str | None",
        "rotated_to": "str | None",
    },
)

KeyBody = TypedDict(
    "KeyBody",
    {
        "name": "str",
        "scopes": "NotRequired[list[Literal['read', 'predict', 'train', 'admin']]]",
        "days": "NotRequired[int | None]",
        "sandbox": "NotRequired[bool]",
    },
)

KeyList = TypedDict(
    "KeyList",
    {
        "keys": "list[KeyAnswer]",
    },
)

KindAnswer = TypedDict(
    "KindAnswer",
    {
        "kind": "str",
        "does": "str",
        "queue": "str",
        "needs": "str",
        "time_limit_s": "float",
        "settings": "dict[str, Any]",
    },
)

KindPage = TypedDict(
    "KindPage",
    {
        "kinds": "list[KindAnswer]",
    },
)

LeakAnswer = TypedDict(
    "LeakAnswer",
    {
        "stage": "str",
        "column": "str",
        "kind": "str",
        "symbol": "str",
        "ts": "str",
        "cut": "str",
    },
)

LeavingBody = TypedDict(
    "LeavingBody",
    {
        "password": "str",
    },
)

LedgerDay = TypedDict(
    "LedgerDay",
    {
        "day": "str",
        "rows": "int",
    },
)

LedgerDays = TypedDict(
    "LedgerDays",
    {
        "rows": "int",
        "days": "list[LedgerDay]",
    },
)

LineageAnswer = TypedDict(
    "LineageAnswer",
    {
        "hash": "str",
        "steps": "list[LineageStep]",
    },
)

LineageStep = TypedDict(
    "LineageStep",
    {
        "depth": "int",
        "kind": "str",
        "hash": "str",
        "parents": "list[str]",
        "rows": "int | None",
        "dataset": "str | None",
        "version": "str | None",
        "change": "str | None",
        "made_at": "str | None",
        "software": "str",
        "parameters": "dict[str, Any]",
    },
)

LiveForecast = TypedDict(
    "LiveForecast",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "dates": "list[str]",
        "prices": "list[float]",
        "actual_returns": "list[float | None]",
        "predicted_returns": "list[float | None]",
        "predicted_prices": "list[PriceBand | None]",
        "fused_positions": "list[float | None]",
        "classifier_probabilities": "list[list[Any] | None]",
        "trade_markers": "list[Marker]",
        "overlays": "dict[str, list[float | None]]",
        "candles": "list[Candle]",
        "forecast": "Ahead",
        "forecasts": "list[SaidAnswer]",
        "forecast_ids": "list[int]",
        "refused": "list[Refusal]",
        "metadata": "Metadata",
    },
)

LogLine = TypedDict(
    "LogLine",
    {
        "id": "int",
        "at": "str",
        "level": "str",
        "text": "str",
        "data": "dict[str, Any] | None",
    },
)

Marker = TypedDict(
    "Marker",
    {
        "date": "str",
        "action": "str",
        "position": "float",
        "price": "float",
    },
)

Me = TypedDict(
    "Me",
    {
        "name": "str",
        "kind": "str",
        "tenant": "str",
        "scopes": "list[str]",
        "sandbox": "bool",
        "plan": "PlanAnswer",
        "calls_today": "int",
    },
)

MeasuredAnswer = TypedDict(
    "MeasuredAnswer",
    {
        "metric": "str",
        "a": "float | None",
        "b": "float | None",
        "state": "str",
        "evidence": "float",
        "p": "float",
        "p_holm": "float",
    },
)

MemberAnswer = TypedDict(
    "MemberAnswer",
    {
        "name": "str",
        "status": "str",
        "reason": "str",
        "weight": "float | None",
        "settings": "dict[str, Any]",
        "facts": "dict[str, Any]",
    },
)

MessageAnswer = TypedDict(
    "MessageAnswer",
    {
        "id": "str",
        "event": "str",
        "subject": "str",
        "state": "str",
        "attempts": "int",
        "created_at": "str",
        "next_at": "str | None",
        "last_at": "str | None",
        "last_status": "int | None",
        "last_error": "str | None",
        "payload": "dict[str, Any]",
    },
)

MessagePage = TypedDict(
    "MessagePage",
    {
        "messages": "list[MessageAnswer]",
    },
)

Metadata = TypedDict(
    "Metadata",
    {
        "versions": "dict[str, str]",
        "tests": "dict[str, Arm]",
        "data_hash": "str",
        "as_of": "str",
        "fusion_mode": "str",
        "fallbacks": "list[str]",
        "flags": "list[str]",
        "written": "bool",
    },
)

MoveAnswer = TypedDict(
    "MoveAnswer",
    {
        "at": "str",
        "alias": "str",
        "version": "str",
        "previous": "str | None",
        "by": "str",
    },
)

MovedAnswer = TypedDict(
    "MovedAnswer",
    {
        "cell": "str",
        "version": "str | None",
        "previous": "str | None",
        "champion": "ChampionAnswer",
        "champion_tag": "str",
    },
)

MyData = TypedDict(
    "MyData",
    {
        "exported_at": "str",
        "profile": "Profile",
        "keys": "list[KeyAnswer]",
        "sessions": "list[SessionAnswer]",
        "watchlist": "list[augury__service__answers__my_data__WatchedAnswer]",
        "positions": "list[PositionKept]",
        "webhooks": "list[WebhookAnswer]",
        "usage": "list[CallAnswer]",
        "acts": "list[ActAnswer]",
    },
)

NewKey = TypedDict(
    "NewKey",
    {
        "id": "str",
        "name": "str",
        "hint": "str",
        "sandbox": "bool",
        "scopes": "list[str]",
        "state": "str",
        "user_id": "str | None",
        "created_at": "str",
        "expires_at": "str | None",
        "revoked_at": "str | None",
        "rotated_to": "str | None",
        "key": "str",
    },
)

NewWebhook = TypedDict(
    "NewWebhook",
    {
        "id": "str",
        "url": "str",
        "events": "list[str]",
        "created_at": "str",
        "disabled_at": "str | None",
        "disabled_reason": "str | None",
        "secret": "str",
        "old_secret_until": "NotRequired[str | None]",
    },
)

Part = TypedDict(
    "Part",
    {
        "name": "str",
        "well": "bool",
        "detail": "str",
    },
)

Plan = TypedDict(
    "Plan",
    {
        "name": "str",
        "symbols": "list[str]",
        "timeframe": "NotRequired[str]",
        "horizon": "NotRequired[str]",
        "a": "NotRequired[str]",
        "b": "NotRequired[str]",
        "share": "NotRequired[float]",
        "metrics": "NotRequired[list[Literal['hit', 'brier', 'pinball', 'covered80']]]",
        "effect": "NotRequired[float]",
    },
)

PlanAnswer = TypedDict(
    "PlanAnswer",
    {
        "name": "str",
        "calls_per_minute": "int",
        "burst": "int",
        "calls_per_day": "int",
        "jobs": "int",
        "calls_at_once": "int",
    },
)

PortfolioAnswer = TypedDict(
    "PortfolioAnswer",
    {
        "at": "str",
        "capital": "float",
        "equity": "float",
        "cash": "float",
        "gross": "float",
        "net": "float",
        "profit": "float",
        "costs": "float",
        "holdings": "list[HoldingAnswer]",
        "positions": "list[PositionAnswer]",
        "curve": "list[EquityPoint]",
    },
)

PositionAnswer = TypedDict(
    "PositionAnswer",
    {
        "id": "str",
        "symbol": "str",
        "quantity": "float",
        "state": "str",
        "decision_price": "float",
        "opened_at": "str",
        "closed_at": "str | None",
        "forecast_id": "int | None",
    },
)

PositionKept = TypedDict(
    "PositionKept",
    {
        "id": "str",
        "symbol": "str",
        "timeframe": "str",
        "quantity": "float",
        "entry_price": "float",
        "opened_at": "str",
        "exit_price": "float | None",
        "closed_at": "str | None",
        "forecast_id": "int | None",
    },
)

PriceBand = TypedDict(
    "PriceBand",
    {
        "low": "float",
        "median": "float",
        "high": "float",
    },
)

Problem = TypedDict(
    "Problem",
    {
        "type": "str",
        "title": "str",
        "status": "int",
        "detail": "str",
        "instance": "str",
        "code": "str",
        "errors": "NotRequired[list[FieldError]]",
        "request_id": "str",
        "fix": "NotRequired[str]",
        "docs": "str",
    },
)

Profile = TypedDict(
    "Profile",
    {
        "id": "str",
        "name": "str",
        "role": "str",
        "tenant": "str",
        "settings": "dict[str, Any]",
        "created_at": "str",
    },
)

Reached = TypedDict(
    "Reached",
    {
        "replays": "bool",
        "matured": "int",
        "scores": "list[ReachedAnswer]",
    },
)

ReachedAnswer = TypedDict(
    "ReachedAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "version": "str",
        "n": "int",
        "accuracy": "ScoreAnswer | None",
        "coverage80": "ScoreAnswer",
        "abstained": "int",
    },
)

RealisedAnswer = TypedDict(
    "RealisedAnswer",
    {
        "evaluated_at": "str",
        "realised_price": "float",
        "realised_return": "float",
        "realised_label": "str",
        "direction_correct": "bool | None",
        "error_pct": "float | None",
        "covered50": "bool",
        "covered80": "bool",
        "covered95": "bool",
        "pinball": "float | None",
        "brier": "float | None",
        "outcome": "str",
    },
)

Reason = TypedDict(
    "Reason",
    {
        "reason": "str",
    },
)

Refusal = TypedDict(
    "Refusal",
    {
        "horizon": "str",
        "code": "str",
        "detail": "str",
        "fix": "str",
    },
)

ReliabilityRow = TypedDict(
    "ReliabilityRow",
    {
        "low": "float",
        "high": "float",
        "confidence": "float",
        "accuracy": "float",
        "accuracy_low": "float",
        "accuracy_high": "float",
        "n": "int",
    },
)

ReliabilityTable = TypedDict(
    "ReliabilityTable",
    {
        "n": "int",
        "n_eff": "float",
        "sufficient": "bool",
        "ece": "float | None",
        "replays": "bool",
        "rows": "list[ReliabilityRow]",
    },
)

RememberedAnswer = TypedDict(
    "RememberedAnswer",
    {
        "forecast": "ForecastAnswer",
        "content_hash": "str",
        "rebuilt_hash": "str | None",
        "equal": "bool | None",
        "reason": "str",
    },
)

Return = TypedDict(
    "Return",
    {
        "to": "str | None",
        "reason": "str",
    },
)

RowScore = TypedDict(
    "RowScore",
    {
        "label": "str",
        "p_bearish": "float",
        "p_neutral": "float",
        "p_bullish": "float",
        "score": "float",
        "expected_return": "float",
    },
)

Rule = TypedDict(
    "Rule",
    {
        "name": "str",
        "condition": "str",
        "severity": "NotRequired[Literal['info', 'warning', 'critical']]",
        "hold_checks": "NotRequired[int]",
    },
)

RuleList = TypedDict(
    "RuleList",
    {
        "rules": "list[augury__service__answers__alerts__RuleAnswer]",
    },
)

RunAnswer = TypedDict(
    "RunAnswer",
    {
        "id": "int",
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str | None",
        "run_date": "str",
        "status": "str",
        "seconds": "float",
        "version": "str | None",
        "error_message": "str | None",
        "n_training_samples": "int | None",
        "n_validation_samples": "int | None",
        "ensemble_validation_accuracy": "float | None",
        "ci_low": "float | None",
        "ci_high": "float | None",
        "baseline_accuracy": "float | None",
        "settings": "dict[str, Any]",
        "model_performances": "dict[str, Any]",
        "weights": "dict[str, float]",
    },
)

RunPage = TypedDict(
    "RunPage",
    {
        "runs": "list[RunAnswer]",
        "next_cursor": "str | None",
    },
)

SaidAnswer = TypedDict(
    "SaidAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "made_at": "str",
        "data_until": "str",
        "matures_at": "str",
        "version": "str",
        "verdict": "str",
        "label": "str",
        "p_bearish": "float",
        "p_neutral": "float",
        "p_bullish": "float",
        "confidence": "float",
        "agreement": "float | None",
        "current_price": "float",
        "expected_return": "float",
        "bands": "list[Band]",
        "quantiles": "dict[str, float]",
        "weights": "dict[str, float]",
        "flags": "list[str]",
        "data_hash": "str",
    },
)

ScoreAnswer = TypedDict(
    "ScoreAnswer",
    {
        "name": "str",
        "slice": "str",
        "value": "float",
        "low": "float | None",
        "high": "float | None",
        "baseline": "float | None",
        "n": "int",
        "n_eff": "float",
        "sufficient": "bool",
        "text": "str",
        "deflated": "NotRequired[DeflatedAnswer | None]",
    },
)

ScoreBody = TypedDict(
    "ScoreBody",
    {
        "dataframe_split": "SplitRows | None",
        "dataframe_records": "list[dict[str, float]] | None",
    },
)

ScorePair = TypedDict(
    "ScorePair",
    {
        "name": "str",
        "a": "ScoreAnswer | None",
        "b": "ScoreAnswer | None",
    },
)

Scores = TypedDict(
    "Scores",
    {
        "predictions": "list[RowScore]",
        "version": "str",
    },
)

SealAnswer = TypedDict(
    "SealAnswer",
    {
        "dataset": "str",
        "sealed_from": "str",
        "sealed_at": "str",
        "openings": "int",
        "last_opened_at": "str | None",
        "last_reason": "str | None",
        "state": "str",
    },
)

SeriesAnswer = TypedDict(
    "SeriesAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "rows": "int",
        "first": "str",
        "last": "str",
        "last_close": "float",
        "change": "float | None",
        "provider": "str",
        "calendar": "str",
        "adjustment": "str",
        "synthetic": "bool",
        "close_only": "bool",
        "data_version": "str",
        "sessions_behind": "int",
        "missing": "int",
        "equal_closes": "int",
        "verdict": "str",
        "alarming": "bool",
    },
)

SessionAnswer = TypedDict(
    "SessionAnswer",
    {
        "created_at": "str",
        "seen_at": "str",
        "expires_at": "str",
    },
)

SettingPair = TypedDict(
    "SettingPair",
    {
        "name": "str",
        "a": "Any",
        "b": "Any",
    },
)

SplitRows = TypedDict(
    "SplitRows",
    {
        "columns": "list[str]",
        "data": "list[list[float]]",
    },
)

StageAnswer = TypedDict(
    "StageAnswer",
    {
        "stage": "str",
        "columns": "int",
        "cuts": "int",
        "values": "int",
    },
)

StatusAnswer = TypedDict(
    "StatusAnswer",
    {
        "test": "AbTestAnswer",
        "n": "dict[str, int]",
        "required_n": "int",
        "shares_ok": "bool",
        "bounds": "list[Any]",
        "metrics": "list[MeasuredAnswer]",
        "days": "int",
        "verdict": "str",
    },
)

SweepAnswer = TypedDict(
    "SweepAnswer",
    {
        "study": "str",
        "objective": "str",
        "total": "int",
        "completed": "int",
        "pruned": "int",
        "failed": "int",
        "running": "int",
        "best": "dict[str, Any] | None",
        "elapsed_s": "float | None",
        "eta_s": "float | None",
        "last": "list[dict[str, Any]]",
        "processes": "list[dict[str, Any]]",
        "lines": "list[dict[str, Any]]",
    },
)

SweepLine = TypedDict(
    "SweepLine",
    {
        "study": "str",
        "objective": "str",
        "total": "int",
        "completed": "int",
        "pruned": "int",
        "failed": "int",
        "running": "int",
        "best": "dict[str, Any] | None",
    },
)

SweepPage = TypedDict(
    "SweepPage",
    {
        "sweeps": "list[SweepLine]",
    },
)

SymbolAnswer = TypedDict(
    "SymbolAnswer",
    {
        "symbol": "str",
        "synthetic": "bool",
        "freshness": "str | None",
        "series": "list[SeriesAnswer]",
        "champions": "list[ChampionRef]",
    },
)

SymbolPage = TypedDict(
    "SymbolPage",
    {
        "symbols": "list[SymbolAnswer]",
        "next": "str | None",
    },
)

TargetAnswer = TypedDict(
    "TargetAnswer",
    {
        "name": "str",
        "wanted": "str",
        "value": "float | None",
        "met": "bool | None",
        "text": "str",
        "n": "int",
        "low": "float | None",
        "high": "float | None",
        "baseline": "float | None",
    },
)

Targets = TypedDict(
    "Targets",
    {
        "checked_at": "str",
        "targets": "list[TargetAnswer]",
    },
)

TestAnswer = TypedDict(
    "TestAnswer",
    {
        "status": "int | None",
        "delivered": "bool",
        "reason": "str",
    },
)

Thresholds = TypedDict(
    "Thresholds",
    {
        "buy": "float",
        "sell": "float",
        "regressor": "float | None",
    },
)

TimeframeView = TypedDict(
    "TimeframeView",
    {
        "timeframe": "str",
        "base_horizon": "str",
        "extended_horizons": "list[str]",
        "handoff_confidence": "float | None",
        "generated_at": "str",
        "current_price": "float",
        "forecasts": "list[GroupForecast]",
    },
)

TrialList = TypedDict(
    "TrialList",
    {
        "trials": "list[augury__service__answers__alerts__TrialAnswer]",
    },
)

TrialPage = TypedDict(
    "TrialPage",
    {
        "trials": "list[augury__service__answers__proof__TrialAnswer]",
        "next": "str | None",
    },
)

UsageDays = TypedDict(
    "UsageDays",
    {
        "plan": "str",
        "calls_per_day": "int",
        "days": "list[DayAnswer]",
    },
)

UsagePage = TypedDict(
    "UsagePage",
    {
        "calls": "list[CallAnswer]",
        "next": "str | None",
    },
)

UserAnswer = TypedDict(
    "UserAnswer",
    {
        "id": "str",
        "name": "str",
        "role": "str",
        "created_at": "str",
        "disabled_at": "str | None",
    },
)

UserChange = TypedDict(
    "UserChange",
    {
        "role": "Literal['reader', 'trader', 'admin'] | None",
        "disabled": "bool | None",
    },
)

UserList = TypedDict(
    "UserList",
    {
        "users": "list[UserAnswer]",
    },
)

VerdictAnswer = TypedDict(
    "VerdictAnswer",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "version": "str",
        "champion": "bool",
        "created_at": "str",
        "verdict": "str",
        "failed": "list[str]",
        "gates": "list[GateAnswer]",
        "accuracy": "ScoreAnswer | None",
        "coverage80": "ScoreAnswer | None",
        "selection": "str",
        "audited": "bool",
    },
)

VerdictList = TypedDict(
    "VerdictList",
    {
        "limits_version": "str",
        "limits_hash": "str",
        "counts": "dict[str, int]",
        "verdicts": "list[VerdictAnswer]",
    },
)

VersionAnswer = TypedDict(
    "VersionAnswer",
    {
        "summary": "VersionSummary",
        "parent": "str | None",
        "scores": "list[ScoreAnswer]",
        "gates": "list[GateAnswer]",
        "members": "list[MemberAnswer]",
        "n_features": "int",
        "manifest": "dict[str, Any]",
    },
)

VersionPage = TypedDict(
    "VersionPage",
    {
        "versions": "list[VersionSummary]",
        "next": "str | None",
    },
)

VersionSummary = TypedDict(
    "VersionSummary",
    {
        "symbol": "str",
        "timeframe": "str",
        "horizon": "str",
        "version": "str",
        "status": "str",
        "verdict": "str",
        "champion": "bool",
        "challenger": "bool",
        "created_at": "str",
        "trained_at": "str",
        "removed_at": "str | None",
        "data_last": "str",
        "synthetic": "bool",
        "degraded": "bool",
        "sha256": "str",
        "accuracy": "ScoreAnswer | None",
        "coverage80": "ScoreAnswer | None",
    },
)

Views = TypedDict(
    "Views",
    {
        "symbol": "str",
        "view": "Literal['timeframe', 'horizon', 'consensus']",
        "timeframes": "NotRequired[list[TimeframeView] | None]",
        "horizons": "NotRequired[list[HorizonView] | None]",
        "consensus": "NotRequired[list[ConsensusView] | None]",
    },
)

VoiceAnswer = TypedDict(
    "VoiceAnswer",
    {
        "timeframe": "str",
        "horizon": "str",
        "row_hash": "str",
        "label": "str",
        "confidence": "float",
        "target": "float",
        "weight": "float",
        "handoff": "float | None",
        "abstained": "bool",
    },
)

WatchlistAnswer = TypedDict(
    "WatchlistAnswer",
    {
        "items": "list[augury__service__answers__watchlist__WatchedAnswer]",
    },
)

WebhookAnswer = TypedDict(
    "WebhookAnswer",
    {
        "id": "str",
        "url": "str",
        "events": "list[str]",
        "created_at": "str",
        "disabled_at": "str | None",
        "disabled_reason": "str | None",
    },
)

WebhookBody = TypedDict(
    "WebhookBody",
    {
        "url": "str",
        "events": "list[str]",
    },
)

WebhookPage = TypedDict(
    "WebhookPage",
    {
        "webhooks": "list[WebhookAnswer]",
    },
)

WeightPair = TypedDict(
    "WeightPair",
    {
        "member": "str",
        "a": "float | None",
        "b": "float | None",
    },
)

WindowAnswer = TypedDict(
    "WindowAnswer",
    {
        "prediction": "str",
        "confidence": "float",
        "probabilities": "dict[str, float]",
        "model_version": "str",
    },
)

WindowAnswers = TypedDict(
    "WindowAnswers",
    {
        "predictions": "list[WindowAnswer]",
        "model_version": "str",
        "mode": "str",
    },
)

WindowsBody = TypedDict(
    "WindowsBody",
    {
        "data": "list[list[list[float]]]",
    },
)

Wish = TypedDict(
    "Wish",
    {
        "symbol": "str",
        "quantity": "float",
        "forecast_id": "NotRequired[int | None]",
    },
)

augury__service__answers__alerts__RuleAnswer = TypedDict(
    "augury__service__answers__alerts__RuleAnswer",
    {
        "name": "str",
        "condition": "str",
        "severity": "str",
        "channels": "list[str]",
        "hold_checks": "int",
        "enabled": "bool",
        "is_default": "bool",
        "reads": "list[str]",
    },
)

augury__service__answers__alerts__TrialAnswer = TypedDict(
    "augury__service__answers__alerts__TrialAnswer",
    {
        "channel": "str",
        "state": "str",
        "error": "str | None",
    },
)

augury__service__answers__backtests__RuleAnswer = TypedDict(
    "augury__service__answers__backtests__RuleAnswer",
    {
        "name": "str",
        "about": "str",
        "every": "int",
    },
)

augury__service__answers__my_data__WatchedAnswer = TypedDict(
    "augury__service__answers__my_data__WatchedAnswer",
    {
        "symbol": "str",
        "position": "float",
        "note": "str",
        "removed": "bool",
        "stamps": "dict[str, str]",
        "updated_at": "str",
    },
)

augury__service__answers__proof__TrialAnswer = TypedDict(
    "augury__service__answers__proof__TrialAnswer",
    {
        "dataset": "str",
        "kind": "str",
        "config_hash": "str",
        "metric": "str",
        "value": "float | None",
        "n": "float",
        "dsr": "float | None",
        "pbo": "float | None",
        "trials": "int",
        "data_version": "str",
        "scored_at": "str | None",
        "text": "str",
    },
)

augury__service__answers__watchlist__WatchedAnswer = TypedDict(
    "augury__service__answers__watchlist__WatchedAnswer",
    {
        "symbol": "str",
        "position": "float",
        "note": "str",
        "removed": "bool",
        "updated_at": "str",
        "stamps": "dict[str, str]",
    },
)

augury__service__routes__keys__RotateBody = TypedDict(
    "augury__service__routes__keys__RotateBody",
    {
        "overlap_hours": "int",
    },
)

augury__service__routes__webhooks__RotateBody = TypedDict(
    "augury__service__routes__webhooks__RotateBody",
    {
        "overlap_hours": "int",
    },
)


class AbCalls:
    """Calls about ab."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_tests(self) -> AbTestList:
        """A/B tests."""
        answer: AbTestList = self._client.ask("GET", "/v1/ab", None, None, None)
        return answer

    def start(self, body: Plan) -> AbTestAnswer:
        """Begin a test."""
        answer: AbTestAnswer = self._client.ask("POST", "/v1/ab", None, None, body)
        return answer

    def get_test(self, name: str) -> StatusAnswer:
        """Where a test stands."""
        answer: StatusAnswer = self._client.ask("GET", f"/v1/ab/{_quote(name)}", None, None, None)
        return answer

    def conclude(self, name: str, body: End) -> StatusAnswer:
        """End a test."""
        answer: StatusAnswer = self._client.ask("POST", f"/v1/ab/{_quote(name)}/conclude", None, None, body)
        return answer


class AlertsCalls:
    """Calls about alerts."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_alerts(
        self,
        *,
        all: bool | None = None,
        history: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AlertPage:
        """What is wrong now."""
        answer: AlertPage = self._client.ask(
            "GET", "/v1/alerts", {"all": all, "history": history, "limit": limit, "cursor": cursor}, None, None
        )
        return answer

    def list_rules(self) -> RuleList:
        """The rules."""
        answer: RuleList = self._client.ask("GET", "/v1/alerts/rules", None, None, None)
        return answer

    def try_rule(self, body: Rule) -> augury__service__answers__alerts__RuleAnswer:
        """Read a rule, write nothing."""
        answer: augury__service__answers__alerts__RuleAnswer = self._client.ask(
            "POST", "/v1/alerts/rules/test", None, None, body
        )
        return answer

    def try_all(self, body: Channel) -> TrialList:
        """Try the channels."""
        answer: TrialList = self._client.ask("POST", "/v1/alerts/test", None, None, body)
        return answer

    def ack(self, alert_id: int) -> AlertAnswer:
        """Look after an alert."""
        answer: AlertAnswer = self._client.ask("POST", f"/v1/alerts/{_quote(alert_id)}/ack", None, None, None)
        return answer


class AuditCalls:
    """Calls about audit."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_acts(self, *, cursor: str | None = None, limit: int | None = None) -> AuditPage:
        """Who did what."""
        answer: AuditPage = self._client.ask("GET", "/v1/audit", {"cursor": cursor, "limit": limit}, None, None)
        return answer


class BacktestsCalls:
    """Calls about backtests."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_backtests(self, *, limit: int | None = None, cursor: str | None = None) -> BacktestPage:
        """Backtests, the newest first."""
        answer: BacktestPage = self._client.ask("GET", "/v1/backtests", {"limit": limit, "cursor": cursor}, None, None)
        return answer

    def run_backtest(self, body: BacktestBody) -> BacktestAnswer:
        """Run a backtest."""
        answer: BacktestAnswer = self._client.ask("POST", "/v1/backtests", None, None, body)
        return answer

    def compare_backtests(self, *, id: list[str]) -> Comparison:
        """Backtests side by side."""
        answer: Comparison = self._client.ask("GET", "/v1/backtests/compare", {"id": id}, None, None)
        return answer

    def list_rules(self) -> list[augury__service__answers__backtests__RuleAnswer]:
        """The rules by name."""
        answer: list[augury__service__answers__backtests__RuleAnswer] = self._client.ask(
            "GET", "/v1/backtests/rules", None, None, None
        )
        return answer

    def get_backtest(self, backtest_id: str) -> BacktestAnswer:
        """One backtest."""
        answer: BacktestAnswer = self._client.ask("GET", f"/v1/backtests/{_quote(backtest_id)}", None, None, None)
        return answer


class BarsCalls:
    """Calls about bars."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_bars(
        self,
        *,
        symbol: str,
        timeframe: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        points: int | None = None,
        cursor: str | None = None,
    ) -> BarPage:
        """Bars."""
        answer: BarPage = self._client.ask(
            "GET",
            "/v1/bars",
            {
                "symbol": symbol,
                "timeframe": timeframe,
                "from": from_,
                "to": to,
                "limit": limit,
                "points": points,
                "cursor": cursor,
            },
            None,
            None,
        )
        return answer


class ConsensusCalls:
    """Calls about consensus."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def get_asof(self, *, symbol: str, day: str, timeframe: str | None = None, rebuild: bool | None = None) -> AsOf:
        """What was said on a day."""
        answer: AsOf = self._client.ask(
            "GET", "/v1/asof", {"symbol": symbol, "day": day, "timeframe": timeframe, "rebuild": rebuild}, None, None
        )
        return answer

    def get_consensus(self, *, symbol: str, horizon: str | None = None) -> ConsensusPage:
        """What the timeframes say together."""
        answer: ConsensusPage = self._client.ask(
            "GET", "/v1/consensus", {"symbol": symbol, "horizon": horizon}, None, None
        )
        return answer


class DataCalls:
    """Calls about data."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_data(self) -> DataHealth:
        """Health of the data."""
        answer: DataHealth = self._client.ask("GET", "/v1/data", None, None, None)
        return answer

    def list_checks(self, *, symbol: str, timeframe: str | None = None) -> ChecksAnswer:
        """Every check on a series."""
        answer: ChecksAnswer = self._client.ask(
            "GET", "/v1/data/checks", {"symbol": symbol, "timeframe": timeframe}, None, None
        )
        return answer

    def get_lineage(self, data_hash: str) -> LineageAnswer:
        """Where data came from."""
        answer: LineageAnswer = self._client.ask("GET", f"/v1/data/lineage/{_quote(data_hash)}", None, None, None)
        return answer


class DriftCalls:
    """Calls about drift."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_drift(
        self,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        days: int | None = None,
        limit: int | None = None,
    ) -> DriftPage:
        """Checks of the last days."""
        answer: DriftPage = self._client.ask(
            "GET", "/v1/drift", {"symbol": symbol, "timeframe": timeframe, "days": days, "limit": limit}, None, None
        )
        return answer

    def list_feature_drift(
        self, *, symbol: str, timeframe: str | None = None, limit: int | None = None
    ) -> FeatureDriftPage:
        """How far features moved."""
        answer: FeatureDriftPage = self._client.ask(
            "GET", "/v1/drift/features", {"symbol": symbol, "timeframe": timeframe, "limit": limit}, None, None
        )
        return answer


class ForecastsCalls:
    """Calls about forecasts."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_forecasts(
        self,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        version: str | None = None,
        since: str | None = None,
        until: str | None = None,
        view: Literal["ledger", "latest"] | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> ForecastPage:
        """What was forecast."""
        answer: ForecastPage = self._client.ask(
            "GET",
            "/v1/forecasts",
            {
                "symbol": symbol,
                "timeframe": timeframe,
                "horizon": horizon,
                "version": version,
                "since": since,
                "until": until,
                "view": view,
                "cursor": cursor,
                "limit": limit,
            },
            None,
            None,
        )
        return answer

    def make_forecast(self, body: ForecastBody) -> LiveForecast:
        """Forecast now."""
        answer: LiveForecast = self._client.ask("POST", "/v1/forecasts", None, None, body)
        return answer

    def view_forecasts(self, view: Literal["timeframe", "horizon", "consensus"], *, symbol: str) -> Views:
        """One symbol by timeframe, by horizon or as consensus."""
        answer: Views = self._client.ask("GET", f"/v1/forecasts/views/{_quote(view)}", {"symbol": symbol}, None, None)
        return answer

    def get_forecast(self, forecast_id: int) -> ForecastAnswer:
        """One forecast."""
        answer: ForecastAnswer = self._client.ask("GET", f"/v1/forecasts/{_quote(forecast_id)}", None, None, None)
        return answer

    def list_days(self, *, limit: int | None = None) -> LedgerDays:
        """Rows written per day."""
        answer: LedgerDays = self._client.ask("GET", "/v1/ledger/days", {"limit": limit}, None, None)
        return answer

    def list_scores(
        self, *, symbol: str | None = None, timeframe: str | None = None, replays: bool | None = None
    ) -> Reached:
        """What versions reached live."""
        answer: Reached = self._client.ask(
            "GET", "/v1/scores", {"symbol": symbol, "timeframe": timeframe, "replays": replays}, None, None
        )
        return answer


class HealthCalls:
    """Calls about health."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def alive_older(self) -> Alive:
        """Is this process alive (older address)."""
        answer: Alive = self._client.ask("GET", "/api/health", None, None, None)
        return answer

    def alive(self) -> Alive:
        """Is this process alive."""
        answer: Alive = self._client.ask("GET", "/healthz", None, None, None)
        return answer

    def metrics(self) -> str:
        """Counters for Prometheus."""
        answer: str = self._client.text("GET", "/metrics", None, None, None)
        return answer

    def ready(self) -> Health:
        """Can it do its work."""
        answer: Health = self._client.ask("GET", "/readyz", None, None, None)
        return answer

    def list_targets(self) -> Targets:
        """Targets and what is."""
        answer: Targets = self._client.ask("GET", "/v1/targets", None, None, None)
        return answer


class InstallationCalls:
    """Calls about installation."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def predict_api(self, body: WindowsBody) -> WindowAnswers:
        """Classify windows (older address)."""
        answer: WindowAnswers = self._client.ask("POST", "/api/predict", None, None, body)
        return answer

    def predict_older(self, body: WindowsBody) -> WindowAnswers:
        """Classify windows (older address)."""
        answer: WindowAnswers = self._client.ask("POST", "/predict", None, None, body)
        return answer

    def predict_batch(self, body: WindowsBody) -> WindowAnswers:
        """Classify up to 100 windows (older address)."""
        answer: WindowAnswers = self._client.ask("POST", "/predict/batch", None, None, body)
        return answer


class JobsCalls:
    """Calls about jobs."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_jobs(
        self,
        *,
        state: list[str] | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> JobPage:
        """Jobs, the last submitted first."""
        answer: JobPage = self._client.ask(
            "GET", "/v1/jobs", {"state": state, "kind": kind, "limit": limit, "cursor": cursor}, None, None
        )
        return answer

    def submit_job(self, body: JobBody) -> JobAnswer:
        """Ask for a job."""
        answer: JobAnswer = self._client.ask("POST", "/v1/jobs", None, None, body)
        return answer

    def watch_jobs(self) -> Iterator[Event]:
        """Hear that jobs change."""
        answer: Iterator[Event] = self._client.events("GET", "/v1/jobs/events", None, None, None)
        return answer

    def list_kinds(self) -> KindPage:
        """The kinds of job."""
        answer: KindPage = self._client.ask("GET", "/v1/jobs/kinds", None, None, None)
        return answer

    def get_job(self, job_id: str) -> JobAnswer:
        """One job."""
        answer: JobAnswer = self._client.ask("GET", f"/v1/jobs/{_quote(job_id)}", None, None, None)
        return answer

    def cancel_job(self, job_id: str) -> JobAnswer:
        """Cancel a job."""
        answer: JobAnswer = self._client.ask("POST", f"/v1/jobs/{_quote(job_id)}/cancel", None, None, None)
        return answer

    def watch_job(self, job_id: str, *, last_event_id: int | None = None) -> Iterator[Event]:
        """Watch a job."""
        answer: Iterator[Event] = self._client.events(
            "GET", f"/v1/jobs/{_quote(job_id)}/events", None, {"last-event-id": last_event_id}, None
        )
        return answer

    def get_log(self, job_id: str, *, after: int | None = None, limit: int | None = None) -> JobLog:
        """The log of a job."""
        answer: JobLog = self._client.ask(
            "GET", f"/v1/jobs/{_quote(job_id)}/logs", {"after": after, "limit": limit}, None, None
        )
        return answer

    def retry_job(self, job_id: str) -> JobAnswer:
        """Do a job again."""
        answer: JobAnswer = self._client.ask("POST", f"/v1/jobs/{_quote(job_id)}/retry", None, None, None)
        return answer


class KeysCalls:
    """Calls about keys."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_keys(self) -> KeyList:
        """The keys of your tenant."""
        answer: KeyList = self._client.ask("GET", "/v1/keys", None, None, None)
        return answer

    def create_key(self, body: KeyBody) -> NewKey:
        """Make a key."""
        answer: NewKey = self._client.ask("POST", "/v1/keys", None, None, body)
        return answer

    def end_key(self, key_id: str) -> KeyAnswer:
        """Revoke a key."""
        answer: KeyAnswer = self._client.ask("DELETE", f"/v1/keys/{_quote(key_id)}", None, None, None)
        return answer

    def replace_key(self, key_id: str, body: augury__service__routes__keys__RotateBody | None) -> NewKey:
        """Replace a key."""
        answer: NewKey = self._client.ask("POST", f"/v1/keys/{_quote(key_id)}/rotate", None, None, body)
        return answer


class ModelsCalls:
    """Calls about models."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_models(
        self,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        status: Literal["candidate", "shadow", "promoted", "retired", "rejected"] | None = None,
        verdict: Literal["skill", "calibrated_only", "insufficient", "refused"] | None = None,
        sort: Literal["newest", "oldest"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> VersionPage:
        """Versions."""
        answer: VersionPage = self._client.ask(
            "GET",
            "/v1/models",
            {
                "symbol": symbol,
                "timeframe": timeframe,
                "horizon": horizon,
                "status": status,
                "verdict": verdict,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
            },
            None,
            None,
        )
        return answer

    def get_model(self, symbol: str, timeframe: str, horizon: str) -> CellAnswer:
        """One cell."""
        answer: CellAnswer = self._client.ask(
            "GET", f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}", None, None, None
        )
        return answer

    def challenge(
        self, symbol: str, timeframe: str, horizon: str, body: Choice, *, if_match: str | None = None
    ) -> MovedAnswer:
        """Try a version beside the champion."""
        answer: MovedAnswer = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/challenge",
            None,
            {"if-match": if_match},
            body,
        )
        return answer

    def get_champion(self, symbol: str, timeframe: str, horizon: str) -> ChampionAnswer:
        """Which version answers."""
        answer: ChampionAnswer = self._client.ask(
            "GET", f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/champion", None, None, None
        )
        return answer

    def compare(
        self, symbol: str, timeframe: str, horizon: str, *, a: str | None = None, b: str | None = None
    ) -> ComparisonAnswer:
        """Two versions side by side."""
        answer: ComparisonAnswer = self._client.ask(
            "GET",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/compare",
            {"a": a, "b": b},
            None,
            None,
        )
        return answer

    def pin(self, symbol: str, timeframe: str, horizon: str, body: Hold, *, if_match: str | None = None) -> MovedAnswer:
        """Hold a cell at a version."""
        answer: MovedAnswer = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/pin",
            None,
            {"if-match": if_match},
            body,
        )
        return answer

    def promote(
        self, symbol: str, timeframe: str, horizon: str, body: Choice, *, if_match: str | None = None
    ) -> MovedAnswer:
        """Let a version answer."""
        answer: MovedAnswer = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/promote",
            None,
            {"if-match": if_match},
            body,
        )
        return answer

    def rollback(
        self, symbol: str, timeframe: str, horizon: str, body: Return, *, if_match: str | None = None
    ) -> MovedAnswer:
        """Let the version before answer again."""
        answer: MovedAnswer = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/rollback",
            None,
            {"if-match": if_match},
            body,
        )
        return answer

    def unpin(
        self, symbol: str, timeframe: str, horizon: str, body: Reason, *, if_match: str | None = None
    ) -> MovedAnswer:
        """Let promotions decide again."""
        answer: MovedAnswer = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/unpin",
            None,
            {"if-match": if_match},
            body,
        )
        return answer

    def get_version(self, name: str) -> VersionAnswer:
        """One version."""
        answer: VersionAnswer = self._client.ask("GET", f"/v1/versions/{_quote(name)}", None, None, None)
        return answer


class PortfolioCalls:
    """Calls about portfolio."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def read_portfolio(self, *, at: str | None = None) -> PortfolioAnswer:
        """What I hold on paper."""
        answer: PortfolioAnswer = self._client.ask("GET", "/v1/portfolio", {"at": at}, None, None)
        return answer

    def hold(self, body: Wish) -> PortfolioAnswer:
        """Decide to hold."""
        answer: PortfolioAnswer = self._client.ask("POST", "/v1/portfolio/positions", None, None, body)
        return answer

    def end(self, position_id: str) -> PortfolioAnswer:
        """Decide to end a position."""
        answer: PortfolioAnswer = self._client.ask(
            "DELETE", f"/v1/portfolio/positions/{_quote(position_id)}", None, None, None
        )
        return answer


class PredictCalls:
    """Calls about predict."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def score_rows(
        self, symbol: str, timeframe: str, horizon: str, body: ScoreBody, *, version: str | None = None
    ) -> Scores:
        """Score rows of features."""
        answer: Scores = self._client.ask(
            "POST",
            f"/v1/models/{_quote(symbol)}/{_quote(timeframe)}/{_quote(horizon)}/score",
            {"version": version},
            None,
            body,
        )
        return answer

    def predict_windows(self, body: WindowsBody) -> WindowAnswers:
        """Classify windows."""
        answer: WindowAnswers = self._client.ask("POST", "/v1/predict", None, None, body)
        return answer


class ProofCalls:
    """Calls about proof."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def get_explanation(self, forecast_id: int) -> ExplanationAnswer:
        """Why a forecast says what it says."""
        answer: ExplanationAnswer = self._client.ask("GET", f"/v1/explanations/{_quote(forecast_id)}", None, None, None)
        return answer

    def list_audits(self, *, symbol: str | None = None, timeframe: str | None = None) -> AuditList:
        """Causality audits."""
        answer: AuditList = self._client.ask(
            "GET", "/v1/proof/audits", {"symbol": symbol, "timeframe": timeframe}, None, None
        )
        return answer

    def list_calibration(
        self,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        by: list[Literal["symbol", "regime", "horizon"]] | None = None,
        replays: bool | None = None,
    ) -> CalibrationTable:
        """How the bands held."""
        answer: CalibrationTable = self._client.ask(
            "GET",
            "/v1/proof/calibration",
            {"symbol": symbol, "timeframe": timeframe, "by": by, "replays": replays},
            None,
            None,
        )
        return answer

    def list_verdicts(
        self, *, symbol: str | None = None, timeframe: str | None = None, all: bool | None = None
    ) -> VerdictList:
        """What the gates said."""
        answer: VerdictList = self._client.ask(
            "GET", "/v1/proof/gates", {"symbol": symbol, "timeframe": timeframe, "all": all}, None, None
        )
        return answer

    def list_holdout(self) -> HoldoutList:
        """What is sealed."""
        answer: HoldoutList = self._client.ask("GET", "/v1/proof/holdout", None, None, None)
        return answer

    def list_reliability(
        self, *, symbol: str | None = None, timeframe: str | None = None, replays: bool | None = None
    ) -> ReliabilityTable:
        """How sure, and how often right."""
        answer: ReliabilityTable = self._client.ask(
            "GET", "/v1/proof/reliability", {"symbol": symbol, "timeframe": timeframe, "replays": replays}, None, None
        )
        return answer

    def list_trials(
        self, *, dataset: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> TrialPage:
        """Every configuration scored."""
        answer: TrialPage = self._client.ask(
            "GET", "/v1/proof/trials", {"dataset": dataset, "limit": limit, "cursor": cursor}, None, None
        )
        return answer


class RunsCalls:
    """Calls about runs."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_experiments(self) -> ExperimentPage:
        """Tracked experiments."""
        answer: ExperimentPage = self._client.ask("GET", "/v1/experiments", None, None, None)
        return answer

    def compare_experiments(self, *, a: str, b: str, varies: str | None = None) -> ExperimentComparison:
        """Two experiments side by side."""
        answer: ExperimentComparison = self._client.ask(
            "GET", "/v1/experiments/compare", {"a": a, "b": b, "varies": varies}, None, None
        )
        return answer

    def list_runs(
        self,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        """Attempts to train, the last first."""
        answer: RunPage = self._client.ask(
            "GET", "/v1/runs", {"symbol": symbol, "timeframe": timeframe, "limit": limit, "cursor": cursor}, None, None
        )
        return answer

    def get_run(self, run_id: int) -> RunAnswer:
        """One attempt to train."""
        answer: RunAnswer = self._client.ask("GET", f"/v1/runs/{_quote(run_id)}", None, None, None)
        return answer


class SweepsCalls:
    """Calls about sweeps."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_sweeps(self) -> SweepPage:
        """Searches of settings."""
        answer: SweepPage = self._client.ask("GET", "/v1/sweeps", None, None, None)
        return answer

    def get_sweep(self, study: str, *, trials: int | None = None) -> SweepAnswer:
        """One search of settings."""
        answer: SweepAnswer = self._client.ask("GET", f"/v1/sweeps/{_quote(study)}", {"trials": trials}, None, None)
        return answer


class SymbolsCalls:
    """Calls about symbols."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_symbols(
        self, *, search: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> SymbolPage:
        """Symbols."""
        answer: SymbolPage = self._client.ask(
            "GET", "/v1/symbols", {"search": search, "limit": limit, "cursor": cursor}, None, None
        )
        return answer

    def get_symbol(self, name: str) -> SymbolAnswer:
        """One symbol."""
        answer: SymbolAnswer = self._client.ask("GET", f"/v1/symbols/{_quote(name)}", None, None, None)
        return answer


class UsageCalls:
    """Calls about usage."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_usage(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        key: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> UsagePage:
        """Calls."""
        answer: UsagePage = self._client.ask(
            "GET",
            "/v1/usage",
            {"since": since, "until": until, "key": key, "cursor": cursor, "limit": limit},
            None,
            None,
        )
        return answer

    def export_usage(self, *, since: str | None = None, until: str | None = None) -> str:
        """Calls as CSV."""
        answer: str = self._client.text("GET", "/v1/usage.csv", {"since": since, "until": until}, None, None)
        return answer

    def list_days(self, *, since: str | None = None, until: str | None = None) -> UsageDays:
        """Days."""
        answer: UsageDays = self._client.ask("GET", "/v1/usage/daily", {"since": since, "until": until}, None, None)
        return answer


class UsersCalls:
    """Calls about users."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def who_asks(self) -> Me:
        """Who asks."""
        answer: Me = self._client.ask("GET", "/v1/me", None, None, None)
        return answer

    def end_sessions(self) -> str:
        """Sign out everywhere."""
        answer: str = self._client.text("DELETE", "/v1/me/sessions", None, None, None)
        return answer

    def list_users(self) -> UserList:
        """The people of your tenant."""
        answer: UserList = self._client.ask("GET", "/v1/users", None, None, None)
        return answer

    def invite_user(self, body: InvitationBody) -> InvitationAnswer:
        """Invite somebody."""
        answer: InvitationAnswer = self._client.ask("POST", "/v1/users/invitations", None, None, body)
        return answer

    def leave_for_good(self, body: LeavingBody) -> str:
        """Delete your account."""
        answer: str = self._client.text("DELETE", "/v1/users/me", None, None, body)
        return answer

    def export_me(self) -> MyData:
        """Your data."""
        answer: MyData = self._client.ask("GET", "/v1/users/me/export", None, None, None)
        return answer

    def change(self, user_id: str, body: UserChange) -> UserAnswer:
        """Change what somebody may."""
        answer: UserAnswer = self._client.ask("PATCH", f"/v1/users/{_quote(user_id)}", None, None, body)
        return answer


class WatchlistCalls:
    """Calls about watchlist."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def read_watchlist(self, *, removed: bool | None = None) -> WatchlistAnswer:
        """What I watch."""
        answer: WatchlistAnswer = self._client.ask("GET", "/v1/watchlist", {"removed": removed}, None, None)
        return answer

    def sync(self, body: Changes) -> WatchlistAnswer:
        """Merge what a device wrote."""
        answer: WatchlistAnswer = self._client.ask("POST", "/v1/watchlist", None, None, body)
        return answer

    def delete(self, symbol: str) -> WatchlistAnswer:
        """Stop watching a symbol."""
        answer: WatchlistAnswer = self._client.ask("DELETE", f"/v1/watchlist/{_quote(symbol)}", None, None, None)
        return answer

    def put(self, symbol: str, body: Item) -> WatchlistAnswer:
        """Watch a symbol."""
        answer: WatchlistAnswer = self._client.ask("PUT", f"/v1/watchlist/{_quote(symbol)}", None, None, body)
        return answer


class WebhooksCalls:
    """Calls about webhooks."""

    def __init__(self, client: Augury) -> None:
        self._client = client

    def list_webhooks(self) -> WebhookPage:
        """Who is told."""
        answer: WebhookPage = self._client.ask("GET", "/v1/webhooks", None, None, None)
        return answer

    def create_webhook(self, body: WebhookBody) -> NewWebhook:
        """Be told of news."""
        answer: NewWebhook = self._client.ask("POST", "/v1/webhooks", None, None, body)
        return answer

    def delete_webhook(self, webhook_id: str) -> str:
        """Tell it nothing more."""
        answer: str = self._client.text("DELETE", f"/v1/webhooks/{_quote(webhook_id)}", None, None, None)
        return answer

    def get_webhook(self, webhook_id: str) -> WebhookAnswer:
        """One webhook."""
        answer: WebhookAnswer = self._client.ask("GET", f"/v1/webhooks/{_quote(webhook_id)}", None, None, None)
        return answer

    def list_messages(self, webhook_id: str, *, limit: int | None = None, before: str | None = None) -> MessagePage:
        """The delivery log."""
        answer: MessagePage = self._client.ask(
            "GET", f"/v1/webhooks/{_quote(webhook_id)}/messages", {"limit": limit, "before": before}, None, None
        )
        return answer

    def replay_message(self, webhook_id: str, message_id: str) -> MessageAnswer:
        """Tell it again."""
        answer: MessageAnswer = self._client.ask(
            "POST", f"/v1/webhooks/{_quote(webhook_id)}/messages/{_quote(message_id)}/replay", None, None, None
        )
        return answer

    def rotate_webhook(self, webhook_id: str, body: augury__service__routes__webhooks__RotateBody) -> NewWebhook:
        """Change the secret."""
        answer: NewWebhook = self._client.ask("POST", f"/v1/webhooks/{_quote(webhook_id)}/rotate", None, None, body)
        return answer

    def test_webhook(self, webhook_id: str) -> TestAnswer:
        """Try a webhook."""
        answer: TestAnswer = self._client.ask("POST", f"/v1/webhooks/{_quote(webhook_id)}/test", None, None, None)
        return answer


class Augury:
    """A client of one installation.

    Parameters
    ----------
    address : str
        ``https://host`` without a path.
    key : str
        ``aug_live_…``; sent in the Authorization header, never in an address.
    timeout_s : float
        Of one call.
    tries : int
        A call refused with 429 or 503 is made again after the seconds the answer names.
    """

    def __init__(self, address: str, key: str, *, timeout_s: float = 30.0, tries: int = 3) -> None:
        self._address = address.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s
        self._tries = tries
        self.ab = AbCalls(self)
        self.alerts = AlertsCalls(self)
        self.audit = AuditCalls(self)
        self.backtests = BacktestsCalls(self)
        self.bars = BarsCalls(self)
        self.consensus = ConsensusCalls(self)
        self.data = DataCalls(self)
        self.drift = DriftCalls(self)
        self.forecasts = ForecastsCalls(self)
        self.health = HealthCalls(self)
        self.installation = InstallationCalls(self)
        self.jobs = JobsCalls(self)
        self.keys = KeysCalls(self)
        self.models = ModelsCalls(self)
        self.portfolio = PortfolioCalls(self)
        self.predict = PredictCalls(self)
        self.proof = ProofCalls(self)
        self.runs = RunsCalls(self)
        self.sweeps = SweepsCalls(self)
        self.symbols = SymbolsCalls(self)
        self.usage = UsageCalls(self)
        self.users = UsersCalls(self)
        self.watchlist = WatchlistCalls(self)
        self.webhooks = WebhooksCalls(self)

    def ask(
        self, verb: str, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, Any] | None, body: Any
    ) -> Any:
        """Make a call and read its JSON."""
        said = self.text(verb, path, query, headers, body)
        return json.loads(said) if said else None

    def text(
        self, verb: str, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, Any] | None, body: Any
    ) -> str:
        """Make a call and read its text."""
        with self._open(verb, path, query, headers, body) as answer:
            return str(answer.read().decode())

    def events(
        self, verb: str, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, Any] | None, body: Any
    ) -> Iterator[Event]:
        """Follow server-sent events until they end."""
        with self._open(verb, path, query, {"Accept": "text/event-stream", **(headers or {})}, body) as answer:
            facts: dict[str, str] = {}
            for line in answer:
                name, _, value = line.decode().rstrip("\r\n").partition(":")
                if name:
                    facts[name] = (
                        facts[name] + "\n" + value.strip() if name == "data" and name in facts else value.strip()
                    )
                elif facts:
                    if "data" in facts:
                        yield Event(facts.get("id", ""), facts.get("event", "message"), json.loads(facts["data"]))
                    facts = {}

    def _open(
        self, verb: str, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, Any] | None, body: Any
    ) -> Any:
        asked = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        address = self._address + path + (f"?{urlencode(asked, doseq=True)}" if asked else "")
        said = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": "augury-client"}
        said |= {name: str(value) for name, value in (headers or {}).items() if value is not None}
        data = None
        if body is not None:
            data, said["Content-Type"] = json.dumps(body).encode(), "application/json"
        for left in reversed(range(self._tries)):
            try:
                return urlopen(Request(address, data, said, method=verb), timeout=self._timeout_s)
            except HTTPError as error:
                with error:
                    text = error.read().decode("utf-8", "replace")
                wait = error.headers.get("Retry-After")
                if not (left and wait and error.code in (429, 503)):
                    raise Refused(error.code, _problem(text)) from None
                time.sleep(min(float(wait), self._timeout_s))
        raise AssertionError("unreachable")


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _problem(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}

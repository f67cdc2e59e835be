"""``/v1/alerts``: what is wrong now, who looks after it, and by which rules."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from augury.service.access import Operator, Reader
from augury.service.answers.alerts import (
    AlertAnswer,
    AlertPage,
    RuleAnswer,
    RuleList,
    TrialList,
    acknowledge,
    alerts,
    read_rule,
    rules,
    try_alerts,
)
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import UNKNOWN, Cursor
from augury.service.problems import request_id_of
from augury.service.strict import Strict

ROUTER = APIRouter(prefix="/v1", tags=["alerts"], route_class=TaggedRoute)


class Rule(Strict):
    """A rule to be read: ``metric op value[unit]``, joined by ``and`` and ``or``."""

    name: str = Field(min_length=1, max_length=64, examples=["slow"])
    condition: str = Field(min_length=1, max_length=500, examples=["latency_p95 > 150ms"])
    severity: Literal["info", "warning", "critical"] = "warning"
    hold_checks: int = Field(default=1, ge=1, le=100)


class Channel(Strict):
    """Which channel (default: every one), and whether a message is really sent."""

    channel: str | None = Field(default=None, min_length=1, max_length=64, examples=["file"])
    send: bool = False


@ROUTER.get("/alerts", summary="What is wrong now")
def list_alerts(
    backend: TheBackend,
    caller: Reader,
    everything: Annotated[bool, Query(alias="all", description="Normal ones and those without data, too.")] = False,
    history: Annotated[bool, Query(description="Past states, too.")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Cursor = None,
) -> AlertPage:
    """Return alerts, the last changed first."""
    return alerts(backend, everything, history, limit, cursor)


@ROUTER.get("/alerts/rules", summary="The rules")
def list_rules(backend: TheBackend, caller: Reader) -> RuleList:
    """Return the rules of the store, and the defaults it has no rule of the same name for."""
    return rules(backend)


@ROUTER.post("/alerts/rules/test", summary="Read a rule, write nothing")
def try_rule(caller: Operator, body: Rule) -> RuleAnswer:
    """Say how a rule is understood and which metrics it reads."""
    return read_rule(body.name, body.condition, body.severity, body.hold_checks)


@ROUTER.post("/alerts/test", summary="Try the channels")
def try_all(backend: TheBackend, caller: Operator, body: Channel) -> TrialList:
    """Send a test message to the channels, or without ``send`` say to which it would go."""
    return try_alerts(backend, caller, body.channel, dry_run=not body.send)


@ROUTER.post("/alerts/{alert_id}/ack", summary="Look after an alert", responses=UNKNOWN)
def ack(
    backend: TheBackend, caller: Operator, request: Request,
    alert_id: Annotated[int, Path(ge=1, le=2**31 - 1, examples=[12])],
) -> AlertAnswer:  # fmt: skip
    """Note that the caller looks after an alert; it stays open until it resolves."""
    return acknowledge(backend, caller, alert_id, request_id_of(request))

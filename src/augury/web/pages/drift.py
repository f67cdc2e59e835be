"""Drift and data: is what is served still as good as promised, is what it reads whole, and is all well."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import UsageError
from augury.service.access import Operator, Reader
from augury.service.answers.alerts import AlertPage, acknowledge, alerts
from augury.service.answers.data import ChecksAnswer, DataHealth, checks, data, lineage
from augury.service.answers.drift import DriftPage, DriftRow, FeatureDriftPage, drift, feature_drift
from augury.service.answers.health import Health, health
from augury.service.backend import TheBackend
from augury.service.problems import request_id_of
from augury.web.columns import Row, symbol_href
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
LEVELS: Final = ("NORMAL", "MONITOR", "DRIFT", "EMERGENCY", "INSUFFICIENT_DATA", "NO_DATA")
CHECK: Final = (
    Column("level", "Level", "level", term="drift"), Column("accuracy", "Accuracy", "percent"),
    Column("accuracy_low", "95 % from", "percent"), Column("accuracy_high", "to", "percent"),
    Column("baseline_accuracy", "Promised", "percent", term="baseline"), Column("drift_margin", "Margin", "points"),
    Column("n_predictions", "n", "count", term="n"), Column("n_eff", "n_eff", "count", term="n_eff"),
    Column("p_value", "p", "number"), Column("action", "Asks for"), Column("data_date", "Newest outcome"),
    Column("said", "Notes", "long"),
)  # fmt: skip


@ROUTER.get("/drift")
def drift_and_data(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str, Query(max_length=24)] = "",
    timeframe: Annotated[str, Query(max_length=8)] = "",
    days: Annotated[int, Query(ge=1, le=3660)] = 30,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Show the newest check of each cell; with a symbol and timeframe its features and the checks of its bars."""
    found, stored, wrong, state = drift(backend, days=days), data(backend), alerts(backend), health(backend)
    newest = newest_rows(found)
    chosen = bool(symbol and timeframe)
    tables = [
        _cells(newest, days), _history(found, symbol, timeframe), alert_table(wrong), _series(stored, days),
        health_table(state),
    ]  # fmt: skip
    if chosen:
        tables += [_features(feature_drift(backend, symbol, timeframe)), _findings(checks(backend, symbol, timeframe))]
    return page(
        request, caller, "drift.html", title="Drift and data", tables=tables, found=found, stored=stored, state=state,
        counts={level: sum(one.level == level for one in newest) for level in LEVELS}, newest=newest, days=days,
        chosen=f"{symbol} {timeframe}" if chosen else "", wrong=wrong.alerts, rules="operate" in caller.scopes,
        done=done == "acknowledged",
    )  # fmt: skip


@ROUTER.post("/drift/acknowledge")
def look_after(
    request: Request, backend: TheBackend, caller: Operator, alert: Annotated[int, Form(ge=1, le=2**62)]
) -> Response:
    """Note that the caller looks after an alert."""
    try:
        acknowledge(backend, caller, alert, request_id_of(request))
    except UsageError:  # it resolved meanwhile: the page shows how it is now
        return RedirectResponse("/drift#table-alerts", 303)
    return RedirectResponse("/drift?done=acknowledged#table-alerts", 303)


@ROUTER.get("/drift/lineage")
def origin(
    request: Request, backend: TheBackend, caller: Reader, hash: Annotated[str, Query(min_length=1, max_length=64)]
) -> Response:
    """Show how data were made, back to their files."""
    found = lineage(backend, hash)
    rows = [
        one.model_dump() | {
            "parents": ", ".join(parent[:12] for parent in one.parents),
            "said": ", ".join(f"{name} {value}" for name, value in one.parameters.items()), "short": one.hash[:12],
            "href": "/drift/lineage?" + urlencode({"hash": one.hash}),
        }
        for one in found.steps
    ]  # fmt: skip
    columns = (
        Column("depth", "Steps back", "count"), Column("kind", "Made by"), Column("short", "Hash", "code", link="href"),
        Column("dataset", "Dataset"), Column("version", "Version"), Column("change", "Change"),
        Column("rows", "Rows", "count"), Column("parents", "From", "code"), Column("said", "With", "long"),
        Column("made_at", "Made", "when"), Column("software", "Software"),
    )  # fmt: skip
    shown = Table("lineage", f"How data {found.hash[:12]} were made", columns, rows)
    return page(request, caller, "lineage.html", title=f"Lineage of {found.hash[:12]}", tables=[shown], found=found)


def newest_rows(found: DriftPage) -> list[DriftRow]:
    """Return the newest check of each cell, the hardest level first."""
    kept: dict[tuple[str, str], DriftRow] = {}
    for one in found.rows:
        kept.setdefault((one.symbol, one.timeframe), one)
    order = {"EMERGENCY": 0, "DRIFT": 1, "MONITOR": 2, "NORMAL": 3, "INSUFFICIENT_DATA": 4, "NO_DATA": 5}
    return sorted(kept.values(), key=lambda one: (order[one.level], one.symbol, one.timeframe))


def alert_table(found: AlertPage) -> Table:
    """Write alerts as a table."""
    columns = (
        Column("severity", "Severity", "badge"), Column("text", "What", "long"), Column("subject", "Of"),
        Column("since", "Since", "when"), Column("acknowledged_by", "Looked after by"), Column("id", "Alert", "count"),
    )  # fmt: skip
    rows = [one.model_dump() for one in found.alerts]
    return Table("alerts", "What is wrong now", columns, rows, "No alert is open.", "augury alerts check")


def health_table(state: Health) -> Table:
    """Write how each part is as a table."""
    rows = [part.model_dump() | {"state": "ok" if part.well else "failed"} for part in state.parts]
    columns = (Column("name", "Part"), Column("state", "Is", "badge"), Column("detail", "Because", "long"))
    return Table("health", "System health", columns, rows)


def _row(one: DriftRow, days: int) -> Row:
    query = {"symbol": one.symbol, "timeframe": one.timeframe, "days": days}
    return one.model_dump() | {
        "href": "/drift?" + urlencode(query) + "#chosen", "said": ", ".join(one.notes), "n_eff": int(one.n_eff),
        "data_date": str(one.data_date) if one.data_date else None, "day": str(one.date),
    }  # fmt: skip


def _cells(newest: list[DriftRow], days: int) -> Table:
    columns = (
        Column("symbol", "Symbol", link="href"), Column("timeframe", "Bars"), *CHECK, Column("day", "Checked for")
    )  # fmt: skip
    return Table(
        "cells", "The newest check of each cell", columns, [_row(one, days) for one in newest],
        f"No check in the last {days} days.", "augury drift check",
    )  # fmt: skip


def _history(found: DriftPage, symbol: str, timeframe: str) -> Table:
    wanted = [
        one for one in found.rows
        if (not symbol or one.symbol == symbol) and (not timeframe or one.timeframe == timeframe)
    ]  # fmt: skip
    columns = (Column("day", "Day"), Column("symbol", "Symbol"), Column("timeframe", "Bars"), *CHECK)
    rows = [_row(one, found.until.toordinal() - found.since.toordinal() + 1) for one in wanted[:200]]
    return Table("checks", f"Checks from {found.since} to {found.until}", columns, rows, "No check in these days.")


def _features(found: FeatureDriftPage) -> Table:
    columns = (
        Column("feature", "Feature", "code"), Column("moved", "Is", "badge"), Column("psi", "PSI", "number"),
        Column("ks", "KS", "number"), Column("wasserstein", "Wasserstein", "number"),
        Column("limit", "Limit", "number"),
    )  # fmt: skip
    rows = [one.model_dump() | {"moved": "moved" if one.flagged else "normal"} for one in found.features]
    score = "" if found.drift_score is None else f", {found.drift_score:.0%} beyond the limit"
    caption = f"How far the features of {found.symbol} {found.timeframe} moved from training{score}"
    return Table(
        "feature_drift", caption, columns, rows, "No deep check has looked at its features yet.",
        f"augury drift check --deep --symbols {found.symbol}",
    )  # fmt: skip


def _findings(found: ChecksAnswer) -> Table:
    columns = (
        Column("code", "Rule", "code"), Column("severity", "Severity", "badge"), Column("rows", "Bars", "count"),
        Column("first_ts", "First", "bar"), Column("message", "Found", "long"), Column("fix", "What helps", "code"),
    )  # fmt: skip
    rows = [one.model_dump() | {"symbol": found.symbol} for one in found.findings]
    caption = f"Checks of {found.symbol} {found.timeframe}: score {found.score:.0f} of 100, {found.rows} bars, data "
    return Table("findings", caption + found.data_version[:12], columns, rows, "Every check passed.")


def _series(stored: DataHealth, days: int) -> Table:
    columns = (
        Column("symbol", "Symbol", link="href"), Column("timeframe", "Bars"), Column("verdict", "Is", "badge"),
        Column("rows", "Stored", "count"), Column("missing", "Missing", "count", "of 1,000"),
        Column("sessions_behind", "Behind", "count", "sessions"), Column("equal_closes", "Equal closes", "count"),
        Column("first", "From", "when"), Column("last", "To", "when"), Column("checks", "Checks", link="checks_href"),
        Column("short", "Data version", "code", link="lineage_href"), Column("provider", "From"),
        Column("adjustment", "Prices"), Column("calendar", "Calendar"),
    )  # fmt: skip
    rows = [
        one.model_dump() | {
            "href": symbol_href(one.symbol, timeframe=one.timeframe), "checks": "run", "short": one.data_version[:12],
            "checks_href": "/drift?" + urlencode({"symbol": one.symbol, "timeframe": one.timeframe, "days": days})
            + "#chosen",
            "lineage_href": "/drift/lineage?" + urlencode({"hash": one.data_version}),
        }
        for one in stored.series
    ]  # fmt: skip
    caption = f"Stored bars, judged {stored.judged_at:%Y-%m-%d %H:%M} UTC"
    return Table("series", caption, columns, rows, "No bars are stored yet.", "augury data import --provider sample")

"""Overview: what is forecast now, what past forecasts were worth, and whether all is well."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.answers.alerts import alerts
from augury.service.answers.forecasts import ForecastAnswer, forecasts
from augury.service.answers.health import health
from augury.service.answers.ledger import LedgerDays, ledger_days
from augury.service.answers.reached import Reached, reached
from augury.service.answers.targets import Targets, targets
from augury.service.backend import TheBackend
from augury.web.columns import FORECAST, LIVE, forecast_rows, live_rows
from augury.web.pages.drift import alert_table, health_table
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
DAYS = 30
_TARGETS: Final = {
    "forecasts_today": "Forecasts today", "forecasts_last_session": "Forecasts, last trading day",
    "hit_rate": "Hit rate", "coverage80": "Outcomes inside the 80 % band", "failed_jobs": "Failed jobs",
    "stale_champions": "Old champions", "open_alerts": "Open alerts",
}  # fmt: skip
_MET: Final = {True: "met", False: "missed", None: "not yet"}


@ROUTER.get("/")
def overview(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """Show the newest forecast of each cell, live scores, alerts, health and how much was written."""
    newest = sorted(forecasts(backend, view="latest", limit=1000).forecasts, key=_order)
    scored, state, days, wrong = reached(backend), health(backend), ledger_days(backend, DAYS), alerts(backend)
    held = targets(backend, caller)
    return page(
        request, caller, "overview.html", title="Overview",
        tables=[
            _targets(held), _forecasts(newest), _live(scored), alert_table(wrong), health_table(state), _days(days),
        ],
        newest=newest, scored=scored, state=state, days=days, wrong=wrong.alerts,
        fresh=not newest and not any(part.name == "models" and part.well for part in state.parts),
    )  # fmt: skip


def _order(one: ForecastAnswer) -> tuple[str, datetime, str]:
    return one.symbol, one.matures_at, one.timeframe


def _targets(held: Targets) -> Table:
    rows = [one.model_dump() | {"name": _TARGETS[one.name], "state": _MET[one.met]} for one in held.targets]
    columns = (
        Column("name", "Target"), Column("wanted", "Should be", "long"), Column("text", "Is", "long"),
        Column("n", "n", "count", term="n"), Column("state", "State", "badge"),
    )  # fmt: skip
    return Table("targets", f"Targets and what is, {held.checked_at:%Y-%m-%d %H:%M} UTC", columns, rows)


def _forecasts(newest: list[ForecastAnswer]) -> Table:
    return Table(
        "forecasts", "The newest forecast of each symbol, timeframe and horizon",
        (Column("symbol", "Symbol", link="href"), *FORECAST), forecast_rows(newest),
        "Nothing was forecast yet.", "augury forecast --all",
    )  # fmt: skip


def _live(scored: Reached) -> Table:
    return Table(
        "accuracy", "What matured forecasts were worth, by version", LIVE, live_rows(scored.scores),
        "No forecast has matured and been scored yet.", "augury evaluate",
    )  # fmt: skip


def _days(days: LedgerDays) -> Table:
    rows = [{"day": str(one.day), "rows": one.rows} for one in days.days]
    columns = (Column("day", "Day", unit="UTC"), Column("rows", "Rows", "count"))
    return Table("days", "Rows written per day", columns, rows, "Nothing is in the ledger.", "augury forecast --all")

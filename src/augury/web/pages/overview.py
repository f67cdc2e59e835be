"""Overview: what was forecast last."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.answers.forecasts import forecasts
from augury.service.backend import TheBackend
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
COLUMNS = (
    Column("symbol", "Symbol", link="href"),
    Column("timeframe", "Bars"),
    Column("horizon", "Horizon", term="horizon"),
    Column("label", "Says", "label"),
    Column("expected_return", "Expected", "signed"),
    Column("confidence", "Confidence", "percent", term="confidence"),
    Column("verdict", "Verdict", "verdict", term="verdict"),
    Column("made_at", "Made", "when"),
    Column("matures_at", "Known on", "when"),
    Column("version", "Version", "code", term="version"),
)


@ROUTER.get("/")
def overview(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """Show the newest forecasts."""
    rows = [
        row.model_dump() | {"href": f"/symbols/{row.symbol}?timeframe={row.timeframe}"}
        for row in forecasts(backend, limit=50).forecasts
    ]
    shown = Table(
        "forecasts", "The newest forecasts", COLUMNS, rows, "Nothing was forecast yet.", "augury forecast --all"
    )
    return page(request, caller, "overview.html", title="Overview", tables=[shown])

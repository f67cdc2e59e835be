"""``/v1/usage``: what was used, call by call, by day, and as CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from augury.service.access import Admin
from augury.service.answers.usage import UsageDays, UsagePage, usage, usage_csv, usage_days
from augury.service.backend import TheBackend
from augury.service.moments import Day
from augury.service.paths import Cursor
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["usage"], route_class=StrictRoute)
Since = Annotated[Day | None, Query(description="First UTC day.")]
Until = Annotated[Day | None, Query(description="Last UTC day.")]
OfKey = Annotated[str | None, Query(max_length=32, description="Id of one key.")]


@ROUTER.get("/usage", summary="Calls")
def list_usage(
    backend: TheBackend, caller: Admin, since: Since = None, until: Until = None, key: OfKey = None,
    cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> UsagePage:  # fmt: skip
    """Return the calls of your tenant, the newest first; each row is a line of the access log."""
    return usage(backend, caller, since=since, until=until, key_id=key, cursor=cursor, limit=limit)


@ROUTER.get("/usage/daily", summary="Days")
def list_days(backend: TheBackend, caller: Admin, since: Since = None, until: Until = None) -> UsageDays:
    """Return the calls of your tenant rolled up by UTC day; the last 31 days unless said otherwise."""
    return usage_days(backend, caller, since=since, until=until)


@ROUTER.get(
    "/usage.csv", summary="Calls as CSV", response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def export_usage(backend: TheBackend, caller: Admin, since: Since = None, until: Until = None) -> Response:
    """Return at most 100,000 calls of your tenant as CSV, the newest first."""
    headers = {"content-disposition": 'attachment; filename="usage.csv"'}
    return Response(usage_csv(backend, caller, since=since, until=until), 200, headers, "text/csv; charset=utf-8")

"""``/v1/audit``: who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Admin
from augury.service.answers.audit import AuditPage, audit
from augury.service.backend import TheBackend
from augury.service.paths import Cursor
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["audit"], route_class=StrictRoute)


@ROUTER.get("/audit", summary="Who did what")
def list_acts(
    backend: TheBackend, caller: Admin, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> AuditPage:
    """Return the audit trail of your tenant, the newest first: sign-ins, keys, people, promotions, quota warnings."""
    return audit(backend, caller, cursor=cursor, limit=limit)

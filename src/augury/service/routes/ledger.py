"""``/v1/ledger/days``: how much was written when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.ledger import LedgerDays, ledger_days
from augury.service.backend import TheBackend
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["forecasts"], route_class=StrictRoute)


@ROUTER.get("/ledger/days", summary="Rows written per day")
def list_days(
    backend: TheBackend, caller: Reader, limit: Annotated[int, Query(ge=1, le=366, examples=[30])] = 30
) -> LedgerDays:
    """Return how many rows of the ledger were written on each UTC day, the newest first."""
    return ledger_days(backend, limit)

"""Promote, roll back, release: what would change is shown first, and done once it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import AuguryError, ChangedMeanwhile, GateRefused, NotFound, UsageError
from augury.service.access import Operator
from augury.service.accounts.caller import Caller
from augury.service.answers import promotions
from augury.service.answers.comparisons import ComparisonAnswer, comparison
from augury.service.answers.jobs import JobAnswer
from augury.service.answers.models import CellAnswer, model
from augury.service.answers.promotions import MovedAnswer, Wish
from augury.service.backend import Backend, TheBackend
from augury.service.problems import request_id_of, status_of
from augury.web.columns import cell_href
from augury.web.comparing import compare_tables
from augury.web.pages.models import cell_place, served_before
from augury.web.rendering import page

ROUTER = APIRouter()
Act = Literal["promote", "rollback", "challenge", "pin", "unpin", "release"]
WORDS: Final[dict[Act, str]] = {
    "promote": "Promote", "rollback": "Roll back", "challenge": "Try beside the champion", "pin": "Pin",
    "unpin": "Unpin", "release": "Release",
}  # fmt: skip
_DO: Final[dict[Act, Callable[[Backend, Wish, str], MovedAnswer | JobAnswer]]] = {
    "promote": promotions.promote, "rollback": promotions.rollback, "challenge": promotions.challenge,
    "pin": promotions.pin, "unpin": lambda backend, wish, version: promotions.unpin(backend, wish),
    "release": promotions.release,
}  # fmt: skip


@ROUTER.get("/models/confirm")
def confirm(
    request: Request,
    backend: TheBackend,
    caller: Operator,
    act: Act,
    symbol: Annotated[str, Query(max_length=24)],
    timeframe: Annotated[str, Query(max_length=8)],
    horizon: Annotated[str, Query(max_length=8)],
    version: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show what an act would change; nothing is changed yet."""
    return _shown(request, backend, caller, act, model(backend, symbol, timeframe, horizon), version)


@ROUTER.post("/models/confirm")
def act_on(
    request: Request,
    backend: TheBackend,
    caller: Operator,
    act: Annotated[Act, Form()],
    symbol: Annotated[str, Form(max_length=24)],
    timeframe: Annotated[str, Form(max_length=8)],
    horizon: Annotated[str, Form(max_length=8)],
    seen: Annotated[str, Form(max_length=80)],
    version: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Do it, unless somebody moved the alias since the page was read; then what is now is shown to decide anew."""
    wish = Wish(caller, symbol, timeframe, horizon, reason, seen, request_id_of(request))
    try:
        done = _DO[act](backend, wish, version)
    except (ChangedMeanwhile, GateRefused, NotFound, UsageError) as error:
        found = model(backend, symbol, timeframe, horizon)
        return _shown(request, backend, caller, act, found, version, refused=error, reason=reason)
    if isinstance(done, JobAnswer):  # it has begun; its page says how it goes
        return RedirectResponse(f"/runs/{done.id}", 303)
    return RedirectResponse(cell_place(symbol, timeframe, horizon, act), 303)


def _shown(
    request: Request, backend: Backend, caller: Caller, act: Act, found: CellAnswer, version: str, *,
    refused: AuguryError | None = None, reason: str = "",
) -> Response:  # fmt: skip
    target = version or (served_before(found) if act == "rollback" else found.champion) or ""
    differs = _differs(backend, found, target)
    return page(
        request, caller, "confirm.html", title=f"{WORDS[act]}: {found.symbol} {found.timeframe} {found.horizon}",
        tables=compare_tables(differs) if differs else [], act=act, word=WORDS[act], found=found, target=target,
        differs=differs, refused=refused, reason=reason, status=200 if refused is None else status_of(refused),
        chosen=next((one for one in found.versions if one.version == target), None),
        cell_href=cell_href(found.symbol, found.timeframe, found.horizon),
    )  # fmt: skip


def _differs(backend: Backend, found: CellAnswer, target: str) -> ComparisonAnswer | None:
    if not found.champion or not target or target == found.champion:
        return None
    return comparison(backend, found.symbol, found.timeframe, found.horizon, found.champion, target)

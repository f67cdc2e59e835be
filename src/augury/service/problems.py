"""Problems: every refusal is an RFC 9457 document with a code, the request's id and the command that helps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from augury.core import errors
from augury.core.errors import AuguryError
from augury.service.backend import Backend, backend_of

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[tuple[tuple[type[AuguryError], int], ...]] = (
    (errors.MissingExtra, 503),
    (errors.UsageError, 422),
    (errors.DataError, 422),
    (errors.NotFound, 404),
    (errors.ModelError, 503),
    (errors.GateRefused, 409),
    (errors.ChangedMeanwhile, 412),
    (errors.NotSignedIn, 401),
    (errors.Forbidden, 403),
    (errors.LimitReached, 429),
    (errors.StorageFull, 507),
    (errors.TemporaryError, 503),
    (AuguryError, 500),
)
"""The first class an error belongs to says its status."""
RETRY_S: Final = 2
_SHOWN: Final = 200
"""Characters of an address or a text of the caller's that are said back."""
_TITLES: Final = {
    400: "Broken request", 401: "Who are you?", 403: "Not allowed", 404: "Not found", 405: "Wrong verb",
    408: "Too slow", 409: "In conflict", 412: "It has changed meanwhile", 413: "Too large", 414: "Address too long",
    415: "Wrong media type",
    421: "Not for this host", 422: "Wrong values", 429: "Too many calls", 431: "Headers too large",
    500: "Our mistake", 503: "Not now", 507: "Storage full",
}  # fmt: skip
_log = structlog.get_logger("augury.service")


class FieldError(BaseModel):
    """One wrong field."""

    field: str
    row: int | None = None
    message: str


class Problem(BaseModel):
    """What a refusal says (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldError] = []
    request_id: str
    fix: str = ""
    docs: str


def title_of(status: int) -> str:
    """Return the few words a status is headed with."""
    return _TITLES.get(status, "Problem")


def status_of(error: AuguryError) -> int:
    """Return the status that answers an error.

    Examples
    --------
    >>> status_of(errors.NotTrained("no trained model for AAPL d1"))
    503
    """
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(
    request: Request, status: int, code: str, detail: str, *, fix: str = "", fields: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """Write a problem document; nothing in it says where on the disk this installation lies."""
    docs, backend = f"/docs/errors#{code}", backend_of(request)
    detail, fix = without_places(backend, detail), without_places(backend, fix)
    shown = [one.model_copy(update={"message": without_places(backend, one.message)}) for one in fields or []]
    said = Problem(
        type=docs, title=title_of(status), status=status, detail=detail, code=code, fix=fix, docs=docs,
        instance=request.scope["path"][:_SHOWN], errors=shown, request_id=request_id_of(request),
    )  # fmt: skip
    return JSONResponse(said.model_dump(mode="json"), status, headers, MEDIA_TYPE)


def without_places(backend: Backend, text: str) -> str:
    """Take the folders of this installation out of a text that leaves it: they are for its operators, in the log.

    Parameters
    ----------
    backend : Backend
    text : str
        A message; errors of files name them.
    """
    settings = backend.workspace.settings
    folders = {Path(settings.data_dir), Path(settings.data_dir).resolve(), Path(settings.lake)}
    for folder in sorted(folders, key=lambda one: -len(one.parts)):  # what lies inside another one first
        if folder.is_absolute() and len(folder.parts) > 1:
            text = text.replace(str(folder), "the data folder")
    return text


def facts_without_places(backend: Backend, value: Any) -> Any:
    """Take the folders of this installation out of every text of a JSON value."""
    if isinstance(value, str):
        return without_places(backend, value)
    if isinstance(value, dict):
        return {name: facts_without_places(backend, part) for name, part in value.items()}
    return [facts_without_places(backend, part) for part in value] if isinstance(value, list) else value


def request_id_of(request: Request) -> str:
    """Return the id of a request; the access log and the meter carry the same."""
    return str(request.scope.get("augury.request_id", ""))


def answer_errors(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""
    app.add_exception_handler(AuguryError, named)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unexpected)


async def named(request: Request, error: Exception) -> Response:
    """Answer an error that Augury raised on purpose."""
    assert isinstance(error, AuguryError)
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="augury"'
    if isinstance(error, errors.LimitReached):
        headers["Retry-After"] = str(math.ceil(float(str(error.facts.get("retry_after_s", 1)))))
    if status == 503:
        headers["Retry-After"] = str(RETRY_S)
    if status >= 500:
        _log.warning("refused", code=error.code, detail=error.message, request_id=request_id_of(request))
    # What the store says of itself (paths, hosts) is for its operators: it is in the log.
    detail = error.message if not isinstance(error, errors.StoreError | errors.TemporaryError) else _PLAIN[status]
    given = error.facts.get("fields")
    fields = [entry for entry in given if isinstance(entry, FieldError)] if isinstance(given, list) else []
    return problem(request, status, error.code, detail, fix=error.fix, fields=fields, headers=headers)


_PLAIN: Final = {
    500: "the store is damaged: its operators find the reason in the log",
    503: "the store is busy or cannot be reached: try again",
    507: "no space is left: nothing was written",
}


async def invalid(request: Request, error: Exception) -> Response:
    """Answer values that do not fit the schema: each with its field."""
    assert isinstance(error, RequestValidationError)
    fields = [_field(entry) for entry in error.errors()[:50]]
    broken = any(entry["type"] == "json_invalid" for entry in error.errors())
    status, code = (400, "BrokenBody") if broken else (422, "WrongValues")
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in fields[:3])
    return problem(request, status, code, detail, fields=fields)


def _field(entry: dict[str, Any]) -> FieldError:
    place = [part for part in entry["loc"] if part not in ("body", "query", "path", "header")]
    row = next((part for part in place if isinstance(part, int)), None)
    return FieldError(field=".".join(map(str, place)) or "body", row=row, message=str(entry["msg"]))


async def plain(request: Request, error: Exception) -> Response:
    """Answer what the framework refused: unknown path, wrong verb, broken body."""
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    detail = "nothing is at this address" if status == 404 else str(error.detail)
    if status == 405:
        headers["Allow"] = ", ".join(_verbs(request))
        detail = f"this address takes {headers['Allow']}"
    return problem(request, status, _CODES.get(status, "Refused"), detail[:_SHOWN], headers=headers)


_CODES: Final = {
    400: "BrokenBody", 404: "NotFound", 405: "WrongVerb", 408: "TooSlow", 413: "TooLarge", 415: "WrongMediaType",
}  # fmt: skip


def _verbs(request: Request) -> list[str]:
    scope = request.scope
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        if route.matches(scope)[0] is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def unexpected(request: Request, error: Exception) -> Response:
    """Answer a mistake of ours: nothing of its inside leaves; the log has it under the request's id."""
    _log.error("unexpected", kind=type(error).__name__, request_id=request_id_of(request), exc_info=error)
    return problem(
        request, 500, "Unexpected", "something went wrong here; the log has it under this request's id",
        fix="tell us the request_id",
    )  # fmt: skip

"""``/v1/models`` and ``/v1/versions``: what was trained, what it is worth, and which one answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from augury.service.access import Operator, Reader
from augury.service.answers import promotions
from augury.service.answers.comparisons import ComparisonAnswer, comparison
from augury.service.answers.models import (
    CellAnswer,
    ChampionAnswer,
    Order,
    Status,
    VersionAnswer,
    VersionPage,
    Word,
    champion,
    champion_tag,
    model,
    models,
    version,
)
from augury.service.answers.promotions import MovedAnswer, Wish
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import (
    CELL,
    MOVED,
    REFUSED,
    UNKNOWN,
    AnyFrame,
    AnySpan,
    AnySymbol,
    Cursor,
    Frame,
    Span,
    Symbol,
    VersionName,
)
from augury.service.problems import request_id_of
from augury.service.strict import Strict

ROUTER = APIRouter(prefix="/v1", tags=["models"], route_class=TaggedRoute)
IfMatch = Annotated[str | None, Header(description="ETag of the cell's champion as it was seen: 412 when it moved.")]
_ACT = UNKNOWN | REFUSED | MOVED


class Choice(Strict):
    """Which version, and why."""

    version: str = Field(min_length=1, max_length=40, examples=["20261121T105800Z-1a2b3c", "@challenger"])
    reason: str = Field(default="", max_length=500, examples=["better on the last quarter"])


class Return(Strict):
    """Back to which version (default: the one that served before), and why."""

    to: str | None = Field(default=None, min_length=1, max_length=40, examples=["20261121T105800Z-1a2b3c"])
    reason: str = Field(default="", max_length=500, examples=["answers collapsed"])


class Hold(Strict):
    """At which version (default: the one that answers), and why."""

    version: str | None = Field(default=None, min_length=1, max_length=40, examples=["20261121T105800Z-1a2b3c"])
    reason: str = Field(default="", max_length=500, examples=["quiet until the audit"])


class Reason(Strict):
    """Why."""

    reason: str = Field(default="", max_length=500, examples=["the audit is done"])


@ROUTER.get("/models", summary="Versions")
def list_models(
    backend: TheBackend, caller: Reader, symbol: AnySymbol = None, timeframe: AnyFrame = None, horizon: AnySpan = None,
    status: Status | None = None, verdict: Word | None = None, sort: Order = "newest",
    limit: Annotated[int, Query(ge=1, le=500)] = 100, cursor: Cursor = None,
) -> VersionPage:  # fmt: skip
    """Return versions in the order they were registered, or the other way round."""
    return models(backend, symbol, timeframe, horizon, status, verdict, sort, limit, cursor)


@ROUTER.get("/versions/{name:version}", summary="One version", responses=UNKNOWN)
def get_version(backend: TheBackend, caller: Reader, name: VersionName) -> VersionAnswer:
    """Return a version whole: scores with baseline, n, interval and deflated value, gates, members, manifest."""
    return version(backend, name)


@ROUTER.get(f"/models{CELL}/champion", summary="Which version answers", responses=UNKNOWN)
def get_champion(
    backend: TheBackend, caller: Reader, response: Response, symbol: Symbol, timeframe: Frame, horizon: Span
) -> ChampionAnswer:
    """Return the version that answers; the ETag is what promote, rollback and pin take as ``If-Match``."""
    found = champion(backend, symbol, timeframe, horizon)
    response.headers["etag"] = champion_tag(found)
    return found


@ROUTER.get(f"/models{CELL}/compare", summary="Two versions side by side", responses=UNKNOWN)
def compare(
    backend: TheBackend, caller: Reader, symbol: Symbol, timeframe: Frame, horizon: Span,
    a: Annotated[str, Query(min_length=1, max_length=40, examples=["@champion"])] = "@champion",
    b: Annotated[str, Query(min_length=1, max_length=40, examples=["@challenger"])] = "@challenger",
) -> ComparisonAnswer:  # fmt: skip
    """Return what tells two versions apart, and who was right on the same matured forecasts."""
    return comparison(backend, symbol, timeframe, horizon, a, b)


@ROUTER.get(f"/models{CELL}", summary="One cell", responses=UNKNOWN)
def get_model(backend: TheBackend, caller: Reader, symbol: Symbol, timeframe: Frame, horizon: Span) -> CellAnswer:
    """Return every version of a cell, which one answers, and every move of its aliases."""
    return model(backend, symbol, timeframe, horizon)


@ROUTER.post(f"/models{CELL}/promote", summary="Let a version answer", responses=_ACT)
def promote(
    backend: TheBackend, caller: Operator, request: Request, response: Response, symbol: Symbol, timeframe: Frame,
    horizon: Span, body: Choice, if_match: IfMatch = None,
) -> MovedAnswer:  # fmt: skip
    """Move ``@champion`` to a version whose every byte is checked first."""
    wish = Wish(caller, symbol, timeframe, horizon, body.reason, if_match, request_id_of(request))
    return _tagged(response, promotions.promote(backend, wish, body.version))


@ROUTER.post(f"/models{CELL}/challenge", summary="Try a version beside the champion", responses=_ACT)
def challenge(
    backend: TheBackend, caller: Operator, request: Request, response: Response, symbol: Symbol, timeframe: Frame,
    horizon: Span, body: Choice, if_match: IfMatch = None,
) -> MovedAnswer:  # fmt: skip
    """Move ``@challenger`` to a version: it forecasts in the shadow and is judged on the same rows."""
    wish = Wish(caller, symbol, timeframe, horizon, body.reason, if_match, request_id_of(request))
    return _tagged(response, promotions.challenge(backend, wish, body.version))


@ROUTER.post(f"/models{CELL}/rollback", summary="Let the version before answer again", responses=_ACT)
def rollback(
    backend: TheBackend, caller: Operator, request: Request, response: Response, symbol: Symbol, timeframe: Frame,
    horizon: Span, body: Return, if_match: IfMatch = None,
) -> MovedAnswer:  # fmt: skip
    """Move ``@champion`` back; the forecasts are then those that version made, byte for byte."""
    wish = Wish(caller, symbol, timeframe, horizon, body.reason, if_match, request_id_of(request))
    return _tagged(response, promotions.rollback(backend, wish, body.to))


@ROUTER.post(f"/models{CELL}/pin", summary="Hold a cell at a version", responses=_ACT)
def pin(
    backend: TheBackend, caller: Operator, request: Request, response: Response, symbol: Symbol, timeframe: Frame,
    horizon: Span, body: Hold, if_match: IfMatch = None,
) -> MovedAnswer:  # fmt: skip
    """Let nothing be promoted over a version until it is unpinned."""
    wish = Wish(caller, symbol, timeframe, horizon, body.reason, if_match, request_id_of(request))
    return _tagged(response, promotions.pin(backend, wish, body.version))


@ROUTER.post(f"/models{CELL}/unpin", summary="Let promotions decide again", responses=_ACT)
def unpin(
    backend: TheBackend, caller: Operator, request: Request, response: Response, symbol: Symbol, timeframe: Frame,
    horizon: Span, body: Reason, if_match: IfMatch = None,
) -> MovedAnswer:  # fmt: skip
    """Take the pin of a cell off."""
    wish = Wish(caller, symbol, timeframe, horizon, body.reason, if_match, request_id_of(request))
    return _tagged(response, promotions.unpin(backend, wish))


def _tagged(response: Response, done: MovedAnswer) -> MovedAnswer:
    response.headers["etag"] = done.champion_tag
    return done

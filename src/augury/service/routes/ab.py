"""``/v1/ab``: tests between two versions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from augury.service.access import Operator, Reader
from augury.service.answers import ab
from augury.service.answers.ab import AbTestAnswer, AbTestList, StatusAnswer
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import REFUSED, UNKNOWN
from augury.service.strict import Strict

ROUTER = APIRouter(prefix="/v1", tags=["ab"], route_class=TaggedRoute)
_NAME = "[A-Za-z0-9_.-]{1,64}"
Name = Annotated[str, Path(pattern=f"^{_NAME}$", examples=["spring"])]
Metric = Literal["hit", "brier", "pinball", "covered80"]


class Plan(Strict):
    """A test: which versions answer which cells, how they are compared, and the smallest lead worth knowing."""

    name: str = Field(pattern=f"^{_NAME}$", examples=["spring"])
    symbols: list[str] = Field(min_length=1, max_length=500, examples=[["^GSPC"]])
    timeframe: str = Field(default="d1", max_length=8)
    horizon: str = Field(default="5d", max_length=8)
    a: str = Field(default="@champion", min_length=1, max_length=40)
    b: str = Field(default="@challenger", min_length=1, max_length=40)
    share: float = Field(default=0.5, ge=0.01, le=0.99)
    metrics: list[Metric] = Field(default=["hit", "brier"], min_length=1, max_length=4)
    effect: float = Field(default=0.02, ge=0.001, le=1.0)


class End(Strict):
    """Whether the winner B is to serve."""

    promote: bool = False


@ROUTER.get("/ab", summary="A/B tests")
def list_tests(backend: TheBackend, caller: Reader) -> AbTestList:
    """Return every test, the oldest first."""
    return ab.tests(backend)


@ROUTER.post("/ab", status_code=201, summary="Begin a test", responses=UNKNOWN)
def start(backend: TheBackend, caller: Operator, body: Plan) -> AbTestAnswer:
    """Begin a test; aliases are resolved to versions now and stay those, whatever is promoted meanwhile."""
    return ab.start(
        backend, caller, body.name, body.symbols, body.timeframe, body.horizon, a=body.a, b=body.b, share=body.share,
        metrics=body.metrics, effect=body.effect,
    )  # fmt: skip


@ROUTER.get("/ab/{name}", summary="Where a test stands", responses=UNKNOWN)
def get_test(backend: TheBackend, caller: Reader, name: Name) -> StatusAnswer:
    """Look at a test; looking changes nothing, however often."""
    return ab.status(backend, name)


@ROUTER.post("/ab/{name}/conclude", summary="End a test", responses=UNKNOWN | REFUSED)
def conclude(backend: TheBackend, caller: Operator, name: Name, body: End) -> StatusAnswer:
    """End a test and write its verdict; with ``promote`` the winner serves, and 409 says that B did not win."""
    return ab.conclude(backend, caller, name, promote=body.promote)

"""``/v1/watchlist``: what a person watches, the same on all their devices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from augury.records.accounts.watchlist import WatchChange
from augury.service.access import Reader
from augury.service.answers.watchlist import WatchlistAnswer, merge, watch, watchlist
from augury.service.backend import TheBackend
from augury.service.moments import Moment
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["watchlist"], route_class=StrictRoute)
Symbol = Annotated[str, Path(max_length=24, pattern=r"^[A-Za-z0-9.^=_/-]+$", examples=["^GSPC"])]


class Change(Strict):
    """One field of one symbol, as a device wrote it."""

    symbol: str = Field(max_length=24, pattern=r"^[A-Za-z0-9.^=_/-]+$", examples=["^GSPC"])
    field: Literal["note", "position", "removed"]
    value: str | float | bool = Field(examples=["earnings on Thursday"])
    at: Moment
    device: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["phone-1"])

    @model_validator(mode="after")
    def _fits(self) -> Change:
        kind = {"note": str, "position": float, "removed": bool}[self.field]
        value = float(self.value) if kind is float and type(self.value) is int else self.value
        if type(value) is not kind or (isinstance(value, str) and len(value) > 500):
            raise ValueError(f"{self.field} takes a {kind.__name__} (a note of 500 characters at most)")
        return self


class Changes(Strict):
    """What a device wrote since it last asked."""

    changes: list[Change] = Field(max_length=1000)


class Item(Strict):
    """What is written of a symbol."""

    note: str = Field(default="", max_length=500, examples=["earnings on Thursday"])
    position: float | None = Field(default=None, ge=-1e9, le=1e9, examples=[1.5])


@ROUTER.get("/watchlist", summary="What I watch")
def read_watchlist(
    backend: TheBackend, caller: Reader, removed: Annotated[bool, Query(examples=[False])] = False
) -> WatchlistAnswer:
    """Return the list in its order; with ``removed`` also what was taken off."""
    return watchlist(backend, caller, removed=removed)


@ROUTER.post("/watchlist", summary="Merge what a device wrote")
def sync(backend: TheBackend, caller: Reader, body: Changes) -> WatchlistAnswer:
    """Merge field by field, the last writing wins; return the whole list, what was removed included."""
    return merge(backend, caller, [_change(change) for change in body.changes])


@ROUTER.put("/watchlist/{symbol:path}", summary="Watch a symbol")
def put(backend: TheBackend, caller: Reader, symbol: Symbol, body: Item) -> WatchlistAnswer:
    """Put a symbol on the list, or change its note and place."""
    fields = {name: value for name, value in body.model_dump().items() if value is not None}
    return watch(backend, caller, symbol, **fields)


@ROUTER.delete("/watchlist/{symbol:path}", summary="Stop watching a symbol")
def delete(backend: TheBackend, caller: Reader, symbol: Symbol) -> WatchlistAnswer:
    """Take a symbol off the list."""
    return watch(backend, caller, symbol, removed=True)


def _change(change: Change) -> WatchChange:
    at: datetime = change.at
    value = float(change.value) if change.field == "position" else change.value
    return WatchChange(change.symbol, change.field, value, at, change.device)

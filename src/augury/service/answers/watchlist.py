"""What a person watches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from augury.core.bars import check_symbol
from augury.core.errors import UsageError
from augury.core.forecast import Forecast
from augury.records.accounts.watchlist import WatchChange, Watched
from augury.service.accounts.caller import Caller
from augury.service.accounts.person import person_of
from augury.service.backend import Backend
from augury.service.strict import Answer

DEVICE_HERE: Final = "site"
"""The device of changes made on our own pages without script."""
WATCHED_MAX: Final = 500


class WatchedAnswer(Answer):
    """One symbol on the list; ``removed`` ones stay for devices that were offline."""

    symbol: str
    position: float
    note: str
    removed: bool
    updated_at: datetime
    stamps: dict[str, str]


class WatchlistAnswer(Answer):
    """The whole list in its order."""

    items: list[WatchedAnswer]


class WatchedForecast(Answer):
    """A watched symbol beside the newest forecast of it; null where nothing was forecast yet."""

    symbol: str
    note: str
    position: float
    timeframe: str | None
    horizon: str | None
    label: str | None
    expected_return: float | None
    confidence: float | None
    current_price: float | None
    made_at: datetime | None
    version: str | None


def watchlist(backend: Backend, caller: Caller, *, removed: bool = False) -> WatchlistAnswer:
    """Return the list of the person who asks."""
    return _answer(backend.workspace.store.watchlist.list(person_of(caller), removed=removed))


def merge(backend: Backend, caller: Caller, changes: list[WatchChange]) -> WatchlistAnswer:
    """Take in what a device wrote; return the whole list, what was removed included.

    Raises
    ------
    UsageError
        A field that is not known or a value it cannot have; more symbols than a list holds.
    """
    user_id, store = person_of(caller), backend.workspace.store
    known = {item.symbol for item in store.watchlist.list(user_id, removed=True)}
    if len(known | {change.symbol for change in changes}) > WATCHED_MAX:
        raise UsageError(f"a watchlist holds {WATCHED_MAX} symbols")
    for change in changes:
        check_symbol(change.symbol)
    return _answer(store.watchlist.merge(user_id, caller.tenant_id, changes))


def watch(backend: Backend, caller: Caller, symbol: str, **fields: str | float | bool) -> WatchlistAnswer:
    """Write fields of one symbol, as of now; a symbol that is new goes to the end."""
    now = backend.workspace.clock.now()
    items = backend.workspace.store.watchlist.list(person_of(caller), removed=True)
    fields = {"removed": False} | fields
    if symbol not in {item.symbol for item in items}:
        fields.setdefault("position", max((item.position for item in items), default=0.0) + 1)
    return merge(
        backend, caller, [WatchChange(symbol, name, value, now, DEVICE_HERE) for name, value in fields.items()]
    )


def watched_forecasts(backend: Backend, caller: Caller) -> list[WatchedForecast]:
    """Return each watched symbol with the newest forecast of it."""
    rows = []
    for item in backend.workspace.store.watchlist.list(person_of(caller)):
        newest = backend.workspace.store.ledger.list(item.symbol, limit=1)
        rows.append(_beside(item, newest[0].forecast if newest else None))
    return rows


def _beside(item: Watched, said: Forecast | None) -> WatchedForecast:
    names = set(WatchedForecast.model_fields) - {"symbol", "note", "position"}
    facts = {name: getattr(said, name) if said else None for name in names}
    return WatchedForecast(symbol=item.symbol, note=item.note, position=item.position, **facts)


def _answer(items: Sequence[Watched]) -> WatchlistAnswer:
    return WatchlistAnswer(
        items=[WatchedAnswer(**{name: getattr(item, name) for name in WatchedAnswer.model_fields}) for item in items]
    )

"""Versions a page at a time: the key of the last row says where the next page begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, Select, case, func, select, type_coerce

from augury.core.typing import Json
from augury.records.columns import JsonText, UtcTime
from augury.records.database import reading
from augury.records.registry.aliases import CHAMPION
from augury.records.registry.version_rows import REFRESHED, VersionRow, read_version, version_rows
from augury.records.tables import alias_log, aliases, model_versions, symbols


def version_page(
    engine: Engine,
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    horizon: str | None = None,
    status: str | None = None,
    verdict: str | None = None,
    newest_first: bool = True,
    after: int | None = None,
    limit: int = 100,
) -> Sequence[tuple[int, VersionRow]]:
    """Return at most ``limit`` versions with their keys, in the order they were registered or the other way round.

    Parameters
    ----------
    engine : Engine
    symbol, timeframe, horizon, status, verdict : str, optional
        Only these.
    newest_first : bool
    after : int, optional
        Key of the last row of the page before; rows registered meanwhile shift nothing.
    limit : int
    """
    table = model_versions.c
    wanted = version_rows(symbol, timeframe)
    given = ((table.horizon, horizon), (table.status, status), (table.verdict, verdict))
    wanted = wanted.where(*(column == value for column, value in given if value is not None))
    if after is not None:
        wanted = wanted.where(table.id < after if newest_first else table.id > after)
    ordered: Select[tuple[int]] = wanted.order_by(table.id.desc() if newest_first else table.id).limit(limit)
    with reading(engine) as connection:
        return [(row.id, read_version(row)) for row in connection.execute(ordered)]


def champions_trained(engine: Engine) -> dict[tuple[str, str, str], datetime]:
    """Return (symbol, timeframe, horizon) of each champion to when its members were fitted.

    The manifest is read only of versions that came from another one: refreshed weights make no member younger.
    """
    sealed = type_coerce(case((model_versions.c.parent_id.is_not(None), model_versions.c.manifest_json)), JsonText)
    wanted = (
        select(symbols.c.ticker, aliases.c.timeframe, aliases.c.horizon, model_versions.c.created_at)
        .add_columns(sealed.label("sealed"))
        .join(symbols, symbols.c.id == aliases.c.symbol_id)
        .join(model_versions, model_versions.c.id == aliases.c.version_id)
        .where(aliases.c.alias == CHAMPION)
    )
    with reading(engine) as connection:
        rows = connection.execute(wanted).all()
    return {(row.ticker, row.timeframe, row.horizon): _trained(row.sealed, row.created_at) for row in rows}


def first_served(engine: Engine) -> dict[tuple[str, str, str], datetime]:
    """Return (symbol, timeframe, horizon) of each cell to when a version answered for it for the first time."""
    cell = (symbols.c.ticker, alias_log.c.timeframe, alias_log.c.horizon)
    wanted = (
        select(*cell, type_coerce(func.min(alias_log.c.updated_at), UtcTime))
        .join(symbols, symbols.c.id == alias_log.c.symbol_id)
        .where(alias_log.c.alias == CHAMPION).group_by(*cell)
    )  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(wanted).all()
    return {(ticker, timeframe, horizon): moment for ticker, timeframe, horizon, moment in rows}


def _trained(sealed: Json | None, created_at: datetime) -> datetime:
    refreshed = [one for one in (sealed or {}).get("events", ()) if one.get("event") == REFRESHED]
    return datetime.fromisoformat(refreshed[-1]["trained_at"]) if refreshed else created_at


def version_named(engine: Engine, name: str) -> Sequence[VersionRow]:
    """Return the versions of exactly this name, in whichever cell."""
    with reading(engine) as connection:
        return [read_version(row) for row in connection.execute(version_rows().where(model_versions.c.version == name))]

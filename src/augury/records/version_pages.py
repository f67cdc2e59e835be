"""Versions a page at a time: the key of the last row says where the next page begins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, Select

from augury.records.database import reading
from augury.records.tables import model_versions
from augury.records.version_rows import VersionRow, read_version, version_rows


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


def version_named(engine: Engine, name: str) -> Sequence[VersionRow]:
    """Return the versions of exactly this name, in whichever cell."""
    with reading(engine) as connection:
        return [read_version(row) for row in connection.execute(version_rows().where(model_versions.c.version == name))]

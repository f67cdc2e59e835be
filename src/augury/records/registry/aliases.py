"""Aliases: names that point to one version of a cell, moved by compare-and-swap, every move on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, insert, select, update

from augury.core.errors import TemporaryError, UsageError
from augury.records.tables import alias_log, aliases, model_versions, symbols

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
ANY: Final = "(any)"
"""Of a compare-and-swap: whatever the alias points to."""


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the history of an alias.

    Parameters
    ----------
    symbol, timeframe, horizon, alias : str
    version : str
        Where it points from then on.
    previous : str or None
        Where it pointed before; None the first time.
    at : datetime
    by : str
    """

    symbol: str
    timeframe: str
    horizon: str
    alias: str
    version: str
    previous: str | None
    at: datetime
    by: str


def move_alias(
    connection: Connection, found: Row[Any], alias: str, expected: str | None, *, by: str, at: datetime
) -> int | None:
    """Let an alias point to a version, while it points to ``expected``; return the key it pointed to.

    Raises
    ------
    UsageError
        The version was rejected.
    TemporaryError
        Somebody else moved the alias meanwhile.
    """
    if found.status == "rejected":
        raise UsageError(f"version {found.version} was rejected and cannot answer", fix="augury models list")
    previous = points_to(connection, found, alias)
    name = name_of(connection, previous)
    if expected not in (ANY, name):
        raise TemporaryError(
            f"@{alias} of {found.ticker} {found.timeframe} {found.horizon} is {name}, not {expected}:"
            " it was moved meanwhile",
            fix=f"augury models list --symbol {found.ticker}",
            alias=alias,
            expected=expected,
            found=name,
        )
    if previous == found.id:
        return previous
    moved = {"version_id": found.id, "updated_at": at, "updated_by": by}
    if previous is None:
        connection.execute(insert(aliases).values(**_cell_of(found), alias=alias, **moved))
    else:
        connection.execute(update(aliases).where(_here(found, alias)).values(**moved))
    line = _cell_of(found) | {"alias": alias, "previous_version_id": previous}
    connection.execute(insert(alias_log).values(**line, **moved))
    return previous


def moves() -> Select[Any]:
    """Select the fields of :class:`Move`, the oldest first."""
    before = model_versions.alias("before")
    log = alias_log.c
    return (
        select(symbols.c.ticker, log.timeframe, log.horizon, log.alias, model_versions.c.version)
        .add_columns(before.c.version, log.updated_at, log.updated_by)
        .join(symbols, symbols.c.id == log.symbol_id)
        .join(model_versions, model_versions.c.id == log.version_id)
        .outerjoin(before, before.c.id == log.previous_version_id)
        .order_by(log.id)
    )


def version_of(connection: Connection, version_id: int) -> Row[Any]:
    """Return what moving an alias needs to know of a version: its keys, cell, name and status."""
    table = model_versions.c
    wanted = select(
        table.id, table.symbol_id, table.timeframe, table.horizon, table.version, table.status, table.files_removed_at
    )
    joined = wanted.add_columns(symbols.c.ticker).join(symbols, symbols.c.id == table.symbol_id)
    return connection.execute(joined.where(table.id == version_id)).one()


def name_of(connection: Connection, version_id: int | None) -> str | None:
    """Return the name of a version by its key."""
    return None if version_id is None else str(version_of(connection, version_id).version)


def _cell_of(found: Row[Any]) -> dict[str, Any]:
    return {"symbol_id": found.symbol_id, "timeframe": found.timeframe, "horizon": found.horizon}


def _here(found: Row[Any], alias: str) -> Any:
    return and_(*(aliases.c[name] == value for name, value in (_cell_of(found) | {"alias": alias}).items()))


def points_to(connection: Connection, found: Row[Any], alias: str) -> int | None:
    """Return the key an alias of a version's cell points to."""
    return connection.execute(select(aliases.c.version_id).where(_here(found, alias))).scalar_one_or_none()


def tried_in(connection: Connection, symbol: str, timeframe: str, horizon: str) -> int | None:
    """Return the key of the challenger of a cell."""
    wanted = select(aliases.c.version_id).join(symbols, symbols.c.id == aliases.c.symbol_id)
    cell = (symbols.c.ticker == symbol, aliases.c.timeframe == timeframe, aliases.c.horizon == horizon)
    return connection.execute(wanted.where(*cell, aliases.c.alias == CHALLENGER)).scalar_one_or_none()


def take_down(connection: Connection, found: Row[Any], alias: str) -> None:
    """Let an alias of a version's cell point to nothing."""
    connection.execute(delete(aliases).where(_here(found, alias)))

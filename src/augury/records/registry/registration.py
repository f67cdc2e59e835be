"""Writing what a version refers to: its symbol, its bars, its label spec, then itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.bars import check_symbol
from augury.core.errors import CorruptStore
from augury.core.version import VersionManifest
from augury.records.tables import data_versions, label_specs, model_versions, symbols


def register_version(connection: Connection, manifest: VersionManifest) -> int:
    """Write a sealed version and all it refers to, unless it is there; return its key.

    Raises
    ------
    CorruptStore
        The name is taken by a version of other content.
    """
    symbol_key = symbol_id(connection, manifest.symbol, venue=manifest.calendar)
    _data_version(connection, manifest, symbol_key)
    _label_spec(connection, manifest)
    return _version(connection, manifest, symbol_key)


def symbol_id(connection: Connection, symbol: str, venue: str | None = None) -> int:
    """Return the key of the symbol as it is traded now, remembering it when it is new."""
    wanted = select(symbols.c.id).where(symbols.c.ticker == check_symbol(symbol), symbols.c.valid_to.is_(None))
    found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        added = insert(symbols).values(ticker=symbol, venue=venue).returning(symbols.c.id)
        found = connection.execute(added).scalar_one()
    return int(found)


def _insert_new(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())


def _data_version(connection: Connection, manifest: VersionManifest, symbol_key: int) -> None:
    _insert_new(
        connection,
        data_versions,
        {
            "hash": manifest.data_version,
            "symbol_id": symbol_key,
            "timeframe": manifest.timeframe,
            "first_ts": _moment(manifest.data_first),
            "last_ts": _moment(manifest.data_last),
            "created_at": _moment(manifest.created_at),
        },
    )


def _label_spec(connection: Connection, manifest: VersionManifest) -> None:
    spec = manifest.label_spec
    _insert_new(connection, label_specs, spec.to_json() | {"hash": spec.hash})


def _version(connection: Connection, manifest: VersionManifest, symbol_key: int) -> int:
    table = model_versions.c
    cell = {"symbol_id": symbol_key, "timeframe": manifest.timeframe, "horizon": manifest.horizon}
    here = and_(*(table[name] == value for name, value in cell.items()))
    found = connection.execute(
        select(table.id, table.sha256).where(here, table.version == manifest.version)
    ).one_or_none()
    if found is not None:
        if found.sha256 != manifest.content_hash:
            raise CorruptStore(
                f"{manifest.cell} {manifest.version} is registered with content {found.sha256[:12]},"
                f" this one has {manifest.content_hash[:12]}",
                fix="augury doctor",
            )
        return int(found.id)
    parent = connection.execute(select(table.id).where(here, table.version == manifest.parent)).scalar_one_or_none()
    values = {
        "version": manifest.version,
        "manifest_json": manifest.to_json(),
        "sha256": manifest.content_hash,
        "verdict": manifest.verdict.word,
        "parent_id": parent,
        "status": "rejected" if manifest.verdict.word == "refused" else "candidate",
        "created_at": _moment(manifest.created_at),
    }
    return int(connection.execute(insert(model_versions).values(**cell, **values).returning(table.id)).scalar_one())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

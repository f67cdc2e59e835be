"""Versions: what was trained, which of them answers (``@champion``), and who changed that when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, and_, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.core.timeframe import Horizon
from augury.core.version import VersionManifest
from augury.records.database import reading, transaction
from augury.records.registration import register_version
from augury.records.tables import alias_log, aliases, model_versions, symbols

CHAMPION: Final = "champion"
_SERVED: Final = ("promoted", "retired")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One registered version.

    Parameters
    ----------
    symbol, timeframe, horizon, version : str
    status : str
        ``candidate`` (registered, not serving), ``shadow``, ``promoted`` (serving), ``retired``
        (served once) or ``rejected`` (refused by the gates).
    verdict : str
        The gates' word.
    sha256 : str
        Content hash of the manifest (64 hex).
    created_at : datetime
    champion : bool
        True for the one that answers now.
    manifest : VersionManifest
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    status: str
    verdict: str
    sha256: str
    created_at: datetime
    champion: bool
    manifest: VersionManifest


@dataclass(frozen=True)
class Versions:
    """The registered versions of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Tells when an alias was moved.
    """

    engine: Engine
    clock: Clock

    def register(self, manifest: VersionManifest, *, promote: bool, by: str) -> None:
        """Remember a sealed version, and with ``promote`` let it answer; one transaction.

        Call it after the artifact is published: a version in the database is then always on the
        disk. Registering the same version again changes nothing but the alias.

        Parameters
        ----------
        manifest : VersionManifest
            Sealed: with version, created_at and files.
        promote : bool
            Move ``@champion`` here; the version that answered so far becomes ``retired``.
        by : str
            Who asked, for ``alias_log``.

        Raises
        ------
        UsageError
            The manifest is not sealed, or a version that the gates refused was to be promoted; nothing
            is then written.
        CorruptStore
            The name is taken by a version of other content.
        """
        if not manifest.version or not manifest.created_at:
            raise UsageError(f"the manifest of {manifest.cell} is not sealed: it has no version")
        with transaction(self.engine) as connection:
            version_id = register_version(connection, manifest)
            if promote:
                self._promote(connection, version_id, by)

    def promote(self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str) -> None:
        """Let an already registered version answer: promotion and rollback are this one call.

        Raises
        ------
        NotFound
            No such version.
        UsageError
            It was rejected.
        """
        with transaction(self.engine) as connection:
            self._promote(connection, _find(connection, symbol, timeframe, horizon, version), by)

    def _promote(self, connection: Connection, version_id: int, by: str) -> None:
        table = model_versions.c
        found = connection.execute(
            select(table.symbol_id, table.timeframe, table.horizon, table.version, table.status).where(
                table.id == version_id
            )
        ).one()
        if found.status == "rejected":
            raise UsageError(f"version {found.version} was rejected and cannot answer", fix="augury models list")
        alias = {"symbol_id": found.symbol_id, "timeframe": found.timeframe, "horizon": found.horizon}
        alias |= {"alias": CHAMPION}
        here = and_(*(aliases.c[name] == value for name, value in alias.items()))
        previous = connection.execute(select(aliases.c.version_id).where(here)).scalar_one_or_none()
        if previous == version_id:
            return
        moved = {"version_id": version_id, "updated_at": self.clock.now(), "updated_by": by}
        if previous is None:
            connection.execute(insert(aliases).values(**alias, **moved))
        else:
            connection.execute(update(aliases).where(here).values(**moved))
            _set_status(connection, previous, "retired")
        _set_status(connection, version_id, "promoted")
        connection.execute(insert(alias_log).values(**alias, **moved, previous_version_id=previous))

    def champion(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version that answers for a cell; None before the first promotion."""
        return self.champions(symbol, timeframe).get(str(horizon))

    def champions(self, symbol: str, timeframe: str) -> dict[str, str]:
        """Return horizon to version for every horizon that has a champion, the shortest first."""
        wanted = _rows(symbol, timeframe).where(aliases.c.version_id.is_not(None))
        with reading(self.engine) as connection:
            found = connection.execute(
                wanted.with_only_columns(model_versions.c.horizon, model_versions.c.version)
            ).all()
        return {row.horizon: row.version for row in sorted(found, key=lambda row: _duration(row.horizon))}

    def previous(self, symbol: str, timeframe: str, horizon: str, before: str) -> str | None:
        """Return the newest version older than ``before`` that has served; None when there is none."""
        rows = self._cell(symbol, timeframe, horizon)
        names = [row.version for row in rows]
        older = rows[names.index(before) + 1 :] if before in names else rows
        return next((row.version for row in older if row.status in _SERVED), None)

    def list(self, symbol: str | None = None, timeframe: str | None = None) -> Sequence[VersionRow]:
        """Return the registered versions, by symbol, timeframe and horizon, the newest first."""
        return self._list(_rows(symbol, timeframe))

    def get(self, symbol: str, timeframe: str, horizon: str, version: str) -> VersionRow:
        """Return one version.

        Raises
        ------
        NotFound
            It was never registered.
        """
        for row in self._cell(symbol, timeframe, horizon):
            if row.version == version:
                return row
        raise _unknown(symbol, timeframe, horizon, version)

    def _cell(self, symbol: str, timeframe: str, horizon: str) -> Sequence[VersionRow]:
        return self._list(_rows(symbol, timeframe).where(model_versions.c.horizon == str(horizon)))

    def _list(self, wanted: Select[Any]) -> Sequence[VersionRow]:
        with reading(self.engine) as connection:
            found = connection.execute(wanted).all()
        newest_first = sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)
        return [
            _read(row)
            for row in sorted(newest_first, key=lambda row: (row.ticker, row.timeframe, _duration(row.horizon)))
        ]


def _rows(symbol: str | None = None, timeframe: str | None = None) -> Select[Any]:
    """Versions with their symbol; ``champion_id`` is null for all but champions."""
    champion = and_(aliases.c.version_id == model_versions.c.id, aliases.c.alias == CHAMPION)
    wanted = (
        select(model_versions, symbols.c.ticker, aliases.c.version_id.label("champion_id"))
        .join(symbols, symbols.c.id == model_versions.c.symbol_id)
        .outerjoin(aliases, champion)
    )
    if symbol is not None:
        wanted = wanted.where(symbols.c.ticker == str(symbol))
    return wanted if timeframe is None else wanted.where(model_versions.c.timeframe == str(timeframe))


def _read(row: Row[Any]) -> VersionRow:
    return VersionRow(
        symbol=row.ticker,
        timeframe=row.timeframe,
        horizon=row.horizon,
        version=row.version,
        status=row.status,
        verdict=row.verdict,
        sha256=row.sha256,
        created_at=row.created_at,
        champion=row.champion_id is not None,
        manifest=VersionManifest.from_json(row.manifest_json),
    )


def _duration(horizon: str) -> float:
    # A nominal session of 6.5 hours orders hours among days; nothing else depends on it.
    return Horizon.parse(horizon).sessions(390)


def _unknown(symbol: str, timeframe: str, horizon: str, version: str) -> NotFound:
    return NotFound(f"no version {version} of {symbol} {timeframe} {horizon}", fix="augury models list")


def _find(connection: Connection, symbol: str, timeframe: str, horizon: str, version: str) -> int:
    found = connection.execute(
        select(model_versions.c.id)
        .join(symbols, symbols.c.id == model_versions.c.symbol_id)
        .where(symbols.c.ticker == symbol, model_versions.c.timeframe == timeframe)
        .where(model_versions.c.horizon == horizon, model_versions.c.version == version)
    ).scalar_one_or_none()
    if found is None:
        raise _unknown(symbol, timeframe, horizon, version)
    return int(found)


def _set_status(connection: Connection, version_id: int, status: str) -> None:
    connection.execute(update(model_versions).where(model_versions.c.id == version_id).values(status=status))

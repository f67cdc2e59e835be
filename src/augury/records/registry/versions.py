"""Versions: what was trained, which of them answers, which one is tried beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, and_, case, select, type_coerce, update

from augury.core.clock import Clock
from augury.core.errors import GateRefused, NotFound, UsageError
from augury.core.timeframe import Horizon
from augury.core.version import VersionManifest
from augury.records.columns import JsonText
from augury.records.database import reading, transaction
from augury.records.loop.controls import pinned_version
from augury.records.loop.journal import add_entry
from augury.records.registry.aliases import (
    ANY,
    CHALLENGER,
    CHAMPION,
    Move,
    move_alias,
    moves,
    name_of,
    points_to,
    take_down,
    tried_in,
    version_of,
)  # fmt: skip
from augury.records.registry.registration import register_version
from augury.records.registry.version_rows import VersionRow, read_version, refuse_removed, version_rows
from augury.records.tables import alias_log, aliases, model_versions, symbols

_SERVED: Final = ("promoted", "retired")


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
        disk. Registering the same version again changes nothing but the alias. Where the cell is
        pinned to another version this one stays a candidate, and the journal says so.

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
            pin = pinned_version(connection, manifest.symbol, manifest.timeframe, manifest.horizon)
            if promote and pin not in (None, manifest.version):
                told = f"{manifest.version} waits as a candidate: {manifest.cell} is pinned to {pin}"
                data = {"version": manifest.version, "pinned": pin, "by": by}
                add_entry(connection, self.clock.now(), "pin", manifest.cell, "warning", told, data)
            elif promote:
                self._promote(connection, version_id, by)

    def promote(
        self,
        symbol: str,
        timeframe: str,
        horizon: str,
        version: str,
        *,
        by: str,
        expected: str | None = ANY,
        kind: str = "promotion",
        reason: str = "",
    ) -> str | None:
        """Let an already registered version answer, and return the one that answered so far.

        Promotion and rollback are this one call. The move is a compare-and-swap: with ``expected`` it is
        made only while that version is the champion. ``alias_log`` and the journal get a line each, in the
        same transaction.

        Parameters
        ----------
        symbol, timeframe, horizon, version : str
        by : str
            Who asked, for ``alias_log``.
        expected : str or None
            The champion that was looked at before deciding; None for a cell without one.
        kind, reason : str
            For the journal: ``promotion`` or ``rollback``, and why.

        Raises
        ------
        NotFound
            No such version, or its files were removed.
        UsageError
            It was rejected.
        GateRefused
            The cell is pinned to another version.
        TemporaryError
            Somebody else moved the alias meanwhile; nothing was changed.
        """
        with transaction(self.engine) as connection:
            version_id = _find(connection, symbol, timeframe, horizon, version)
            return self._promote(connection, version_id, by, expected, kind, reason)

    def challenge(
        self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str, expected: str | None = ANY
    ) -> str | None:
        """Let a version be tried beside the champion (``@challenger``); it becomes ``shadow``.

        Returns the challenger so far, which is a candidate again. Raises as :meth:`promote`, and
        ``UsageError`` for the champion itself: nothing would be compared.
        """
        with transaction(self.engine) as connection:
            version_id = _find(connection, symbol, timeframe, horizon, version)
            found = version_of(connection, version_id)
            refuse_removed(found.ticker, found.timeframe, found.version, found.files_removed_at)
            if points_to(connection, found, CHAMPION) == version_id:
                raise UsageError(f"{version} is the champion of {symbol} {timeframe} {horizon}; name another version")
            previous = move_alias(connection, found, CHALLENGER, expected, by=by, at=self.clock.now())
            _set_status(connection, version_id, "shadow", only=("candidate",))
            if previous not in (None, version_id):
                _set_status(connection, previous, "candidate", only=("shadow",))
            return name_of(connection, previous)

    def withdraw(self, symbol: str, timeframe: str, horizon: str, *, by: str, reason: str, reject: bool) -> str | None:
        """End a trial: ``@challenger`` is taken down and its version returned; None when there was none.

        Parameters
        ----------
        symbol, timeframe, horizon : str
        by, reason : str
            For the journal.
        reject : bool
            True: it lost and can never answer. False: it is a candidate again.
        """
        with transaction(self.engine) as connection:
            version = tried_in(connection, symbol, timeframe, horizon)
            if version is None:
                return None
            found = version_of(connection, version)
            _set_status(connection, version, "rejected" if reject else "candidate", only=() if reject else ("shadow",))
            take_down(connection, found, CHALLENGER)
            cell, word = f"{symbol} {timeframe} {horizon}", "rejected" if reject else "withdrawn"
            told = f"challenger {found.version} {word}: {reason}"
            data = {"version": found.version, "by": by, "reason": reason, "rejected": reject}
            add_entry(connection, self.clock.now(), "challenge", cell, "info", told, data)
            return str(found.version)

    def _promote(
        self,
        connection: Connection,
        version_id: int,
        by: str,
        expected: str | None = ANY,
        kind: str = "promotion",
        reason: str = "",
    ) -> str | None:
        found = version_of(connection, version_id)
        refuse_removed(found.ticker, found.timeframe, found.version, found.files_removed_at)
        if found.status == "rejected":
            raise UsageError(f"version {found.version} was rejected and cannot answer", fix="augury models list")
        pin = pinned_version(connection, found.ticker, found.timeframe, found.horizon)
        if pin not in (None, found.version):
            where = f"{found.ticker} {found.timeframe} {found.horizon}"
            raise GateRefused(
                f"{where} is pinned to {pin}; {found.version} was not promoted",
                fix=f"augury models unpin {where}",
                pinned=pin,
            )
        previous = move_alias(connection, found, CHAMPION, expected, by=by, at=self.clock.now())
        if previous == version_id:
            return str(found.version)
        if previous is not None:
            _set_status(connection, previous, "retired")
        _set_status(connection, version_id, "promoted")
        if points_to(connection, found, CHALLENGER) == version_id:
            take_down(connection, found, CHALLENGER)
        before = name_of(connection, previous)
        cell, because = f"{found.ticker} {found.timeframe} {found.horizon}", f": {reason}" if reason else ""
        told = f"{found.version} serves{f' instead of {before}' if before else ''}{because}"
        data = {"version": found.version, "previous": before, "by": by, "reason": reason}
        add_entry(connection, self.clock.now(), kind, cell, "info" if kind == "promotion" else "warning", told, data)
        return before

    def history(
        self, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None
    ) -> Sequence[Move]:
        """Return every move of every alias, the oldest first."""
        wanted = moves()
        given = ((symbols.c.ticker, symbol), (alias_log.c.timeframe, timeframe), (alias_log.c.horizon, horizon))
        wanted = wanted.where(*(column == str(value) for column, value in given if value is not None))
        with reading(self.engine) as connection:
            return [Move(*row) for row in connection.execute(wanted)]

    def champion(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version that answers for a cell; None before the first promotion."""
        return self.champions(symbol, timeframe).get(str(horizon))

    def champions(self, symbol: str, timeframe: str) -> dict[str, str]:
        """Return horizon to version for every horizon that has a champion, the shortest first."""
        wanted = (
            select(model_versions.c.horizon, model_versions.c.version)
            .join(symbols, symbols.c.id == model_versions.c.symbol_id)
            .join(aliases, and_(aliases.c.version_id == model_versions.c.id, aliases.c.alias == CHAMPION))
            .where(symbols.c.ticker == str(symbol), model_versions.c.timeframe == str(timeframe))
        )
        with reading(self.engine) as connection:
            found = connection.execute(wanted).all()
        return {row.horizon: row.version for row in sorted(found, key=lambda row: _duration(row.horizon))}

    def champion_cells(self) -> Sequence[tuple[str, str, str]]:
        """Return (symbol, timeframe, horizon) of every cell with a champion; no manifest is read."""
        wanted = (
            select(symbols.c.ticker, aliases.c.timeframe, aliases.c.horizon)
            .join(symbols, symbols.c.id == aliases.c.symbol_id)
            .where(aliases.c.alias == CHAMPION)
        )
        with reading(self.engine) as connection:
            found = [(row.ticker, row.timeframe, row.horizon) for row in connection.execute(wanted)]
        return sorted(found, key=lambda cell: (cell[0], cell[1], _duration(cell[2])))

    def markets(self) -> dict[str, dict[str, set[str]]]:
        """Return calendar to symbol to the timeframes that have a champion."""
        unknown = case((symbols.c.venue.is_(None), model_versions.c.manifest_json))
        wanted = (
            select(
                symbols.c.venue, symbols.c.ticker, aliases.c.timeframe, type_coerce(unknown, JsonText).label("sealed")
            )
            .join(symbols, symbols.c.id == aliases.c.symbol_id)
            .join(model_versions, model_versions.c.id == aliases.c.version_id)
            .where(aliases.c.alias == CHAMPION)
        )
        found: dict[str, dict[str, set[str]]] = {}
        with reading(self.engine) as connection:
            for row in connection.execute(wanted):
                calendar = row.venue or str(row.sealed["calendar"])
                found.setdefault(calendar, {}).setdefault(row.ticker, set()).add(row.timeframe)
        return found

    def champion_rows(
        self, tickers: Sequence[str], timeframes: Sequence[str]
    ) -> dict[tuple[str, str, str], VersionRow]:
        """Return (symbol, timeframe, horizon) to the version that answers, for all of some symbols at once."""
        serving = select(aliases.c.version_id).where(aliases.c.alias == CHAMPION)
        wanted = version_rows().where(
            model_versions.c.id.in_(serving),
            symbols.c.ticker.in_(set(tickers)),
            model_versions.c.timeframe.in_(set(timeframes)),
        )
        return {(row.symbol, row.timeframe, row.horizon): row for row in self._list(wanted)}

    def challenger(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version that is tried beside the champion of a cell."""
        return next((row.version for row in self._cell(symbol, timeframe, str(horizon)) if row.challenger), None)

    def challengers(self, symbol: str | None = None, timeframe: str | None = None) -> Sequence[VersionRow]:
        """Return the versions that are tried, in the order of :meth:`list`."""
        return self.list(symbol, timeframe, alias=CHALLENGER)

    def previous(self, symbol: str, timeframe: str, horizon: str, before: str) -> str | None:
        """Return the version that served before ``before`` did; None when there is none.

        A rollback takes back what was promoted since: a version that was rolled back does not stand in for
        one that follows it.
        """
        states = {row.version: row.status for row in self._cell(symbol, timeframe, horizon)}
        served: list[str] = []
        for move in self.history(symbol, timeframe, horizon):
            if move.alias == CHAMPION:
                del served[served.index(move.version) if move.version in served else len(served) :]
                served.append(move.version)
        older = served[: served.index(before)] if before in served else served
        return next((version for version in reversed(older) if states.get(version) in _SERVED), None)

    def list(
        self, symbol: str | None = None, timeframe: str | None = None, *, alias: str | None = None
    ) -> Sequence[VersionRow]:
        """Return the registered versions, by symbol, timeframe and horizon, the newest first.

        Parameters
        ----------
        symbol, timeframe : str, optional
            Only these.
        alias : str, optional
            Only what ``champion`` or ``challenger`` points to: the manifests of all others are not read.
        """
        wanted = version_rows(symbol, timeframe)
        if alias is not None:
            wanted = wanted.where(model_versions.c.id.in_(select(aliases.c.version_id).where(aliases.c.alias == alias)))
        return self._list(wanted)

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
        return self._list(version_rows(symbol, timeframe).where(model_versions.c.horizon == str(horizon)))

    def _list(self, wanted: Select[Any]) -> Sequence[VersionRow]:
        with reading(self.engine) as connection:
            found = connection.execute(wanted).all()
        newest_first = sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)
        return [
            read_version(row)
            for row in sorted(newest_first, key=lambda row: (row.ticker, row.timeframe, _duration(row.horizon)))
        ]


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


def _set_status(connection: Connection, version_id: int, status: str, only: Sequence[str] = ()) -> None:
    """Write a status; with ``only`` leave versions of any other status alone."""
    change = update(model_versions).where(model_versions.c.id == version_id)
    change = change.where(model_versions.c.status.in_(only)) if only else change
    connection.execute(change.values(status=status))

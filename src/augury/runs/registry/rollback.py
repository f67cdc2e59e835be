"""Rollback: one call, and the version that served before serves again, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

from augury.core.errors import CorruptArtifact, NotFound
from augury.core.timeframe import Horizon, Timeframe
from augury.runs.cells import Cell
from augury.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What became of one cell.

    Parameters
    ----------
    cell : Cell
    version : str
        The one that answers now.
    previous : str
        The one that answered until now; equal to ``version`` where nothing could be rolled back.
    reason : str
        Why nothing was rolled back; empty when it was.
    """

    cell: Cell
    version: str
    previous: str
    reason: str = ""


def rollback(
    workspace: Workspace,
    symbol: str,
    timeframe: str,
    horizon: str | None = None,
    to: str | None = None,
    *,
    by: str,
    reason: str = "",
) -> list[RolledBack]:
    """Let the version that served before serve again; forecasts are then those it made, byte for byte.

    Only ``@champion`` moves, by compare-and-swap; no file is touched. The version rolled back from stays
    registered and is not returned to by a later rollback.

    Parameters
    ----------
    workspace : Workspace
    symbol, timeframe : str
    horizon : str, optional
        Default: every horizon that has a champion, or with ``to`` the one that has this version.
    to : str, optional
        Any version of the cell that was not rejected; default the newest whole one that served before.
    by, reason : str
        Who and why, for ``alias_log`` and the journal.

    Raises
    ------
    NotFound
        No champion, no such version, or nothing served before in any of the cells.
    CorruptArtifact
        ``to`` is damaged.
    GateRefused
        The cell is pinned.
    TemporaryError
        Somebody else moved the alias meanwhile.
    """
    planned = plan(workspace, symbol, timeframe, horizon, to)
    versions = workspace.store.versions
    for one in planned:
        if not one.reason:
            where = _where(one.cell)
            versions.promote(*where, one.version, by=by, expected=one.previous, kind="rollback", reason=reason)
    return planned


def plan(
    workspace: Workspace, symbol: str, timeframe: str, horizon: str | None = None, to: str | None = None
) -> list[RolledBack]:
    """Say what :func:`rollback` would do, its refusals included; changes nothing."""
    timeframe = str(Timeframe.parse(timeframe))
    champions = workspace.store.versions.champions(symbol, timeframe)
    wanted = [str(Horizon.parse(horizon))] if horizon else _horizons(workspace, symbol, timeframe, to)
    if not wanted or any(name not in champions for name in wanted):
        where = " ".join([symbol, timeframe, *(name for name in wanted if name not in champions)])
        raise NotFound(f"no champion for {where}: there is nothing to roll back", fix="augury models list")
    planned = [_planned(workspace, Cell(symbol, timeframe, name), champions[name], to) for name in wanted]
    if all(one.reason for one in planned):
        told = "; ".join(f"{one.cell}: {one.reason}" for one in planned)
        raise NotFound(told, fix=f"augury models list --symbol {symbol}")
    return planned


def withdraw(workspace: Workspace, cell: Cell, *, by: str, reason: str) -> RolledBack:
    """Take a champion out of live use: the version before serves, or where there is none it abstains.

    An abstaining champion still gives bands; it names a direction again when another version is promoted.
    """
    try:
        return rollback(workspace, *_where(cell), by=by, reason=reason)[0]
    except NotFound as error:
        champion = workspace.store.versions.champion(*_where(cell))
        if champion is None:
            raise
        workspace.store.controls.silence(*_where(cell), champion, by=by, reason=reason)
        return RolledBack(cell, champion, champion, error.message)


def _planned(workspace: Workspace, cell: Cell, champion: str, to: str | None) -> RolledBack:
    target = _checked(workspace, cell, to) if to else _before(workspace, cell, champion)
    if target is None or target == champion:
        why = "it serves already" if target else "no whole version served before it"
        return RolledBack(cell, champion, champion, f"{champion} stays, {why}")
    return RolledBack(cell, target, champion)


def _before(workspace: Workspace, cell: Cell, champion: str) -> str | None:
    """The newest whole version that served before the champion."""
    version = workspace.store.versions.previous(*_where(cell), champion)
    while version is not None:
        try:
            return _checked(workspace, cell, version)
        except CorruptArtifact:
            version = workspace.store.versions.previous(*_where(cell), version)
    return None


def _checked(workspace: Workspace, cell: Cell, version: str) -> str:
    workspace.store.versions.get(*_where(cell), version)
    workspace.store.artifacts.open(*_where(cell), version)
    return version


def _horizons(workspace: Workspace, symbol: str, timeframe: str, to: str | None) -> list[str]:
    if to is None:
        return list(workspace.store.versions.champions(symbol, timeframe))
    rows = workspace.store.versions.list(symbol, timeframe)
    found = [row.horizon for row in rows if row.version == to]
    if not found:
        raise NotFound(f"no version {to} of {symbol} {timeframe}", fix=f"augury models list --symbol {symbol}")
    return found


def _where(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon

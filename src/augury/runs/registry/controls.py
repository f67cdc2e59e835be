"""Switches of operation, obeyed: a paused kind of job is refused, a pinned cell is held at its version."""

from __future__ import annotations

from augury.core.errors import NotFound, TemporaryError
from augury.records.loop.controls import PAUSE, Control
from augury.runs.cells import Cell
from augury.runs.registry.promotion import promote
from augury.runs.workspace import Workspace


def refuse_paused(workspace: Workspace, kind: str) -> None:
    """Refuse to start a kind of job that is paused.

    Raises
    ------
    TemporaryError
        It is paused; the message says by whom and how to resume it.
    """
    if (control := workspace.store.controls.get(PAUSE + kind)) is not None:
        reason = f": {control.value['reason']}" if control.value.get("reason") else ""
        raise TemporaryError(
            f"{kind} jobs are paused by {control.set_by} since {control.set_at:%Y-%m-%d %H:%MZ}{reason}",
            fix=f"augury jobs resume {control.subject}",
        )


def pin(workspace: Workspace, cell: Cell, version: str | None = None, *, by: str, reason: str = "") -> Control:
    """Hold a cell at a version: it serves from now on, and nothing is promoted over it until it is unpinned.

    Parameters
    ----------
    workspace : Workspace
    cell : Cell
    version : str, optional
        Default the champion.
    by, reason : str

    Raises
    ------
    NotFound
        The cell has no champion and none was named, or there is no such version.
    GateRefused
        The cell is pinned to another version already.
    """
    versions, controls = workspace.store.versions, workspace.store.controls
    where = (cell.symbol, cell.timeframe, cell.horizon)
    champion = versions.champion(*where)
    wanted = version or champion
    if wanted is None:
        raise NotFound(f"{cell} has no champion to pin", fix=cell.train_command)
    if wanted != champion:
        promote(workspace, cell, wanted, by=by, expected=champion, reason=reason or "pinned")
    return controls.pin(*where, wanted, by=by, reason=reason)

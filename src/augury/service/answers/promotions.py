"""Which version answers: promoted, rolled back, pinned, released; held against what was seen, and written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from augury.core.errors import ChangedMeanwhile, GateRefused, NotFound, TemporaryError
from augury.core.typing import Json
from augury.runs.cells import Cell
from augury.runs.registry import controls, promotion
from augury.runs.registry.registration import SUSPECT
from augury.runs.registry.release import check_stopped
from augury.runs.registry.rollback import rollback as roll_back
from augury.service.accounts.caller import Caller
from augury.service.answers import jobs
from augury.service.answers.jobs import JobAnswer
from augury.service.answers.models import ChampionAnswer, VersionAnswer, cell_of, champion, champion_tag, named
from augury.service.backend import Backend
from augury.service.etags import require
from augury.service.problems import FieldError
from augury.service.strict import Answer


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a cell changed, why, and what they saw.

    Parameters
    ----------
    caller : Caller
    symbol, timeframe, horizon : str
    reason : str
        For the journal.
    if_match : str or None
        ETag of the cell's alias as it was seen; None asks nothing.
    request_id : str or None
    """

    caller: Caller
    symbol: str
    timeframe: str
    horizon: str
    reason: str = ""
    if_match: str | None = None
    request_id: str | None = None

    @property
    def cell(self) -> Cell:
        """The cell, its names in canonical spelling."""
        return cell_of(self.symbol, self.timeframe, self.horizon)


class MovedAnswer(Answer):
    """What was done to a cell: the version that answers now, the one before, and the new ETag of the alias."""

    cell: str
    version: str | None
    previous: str | None
    champion: ChampionAnswer
    champion_tag: str


def promote(backend: Backend, wish: Wish, version: str) -> MovedAnswer:
    """Let a version, or ``@challenger``, answer for a cell.

    Raises
    ------
    NotFound
        No such version.
    ChangedMeanwhile
        Another version answers than the one the caller saw.
    GateRefused
        The gates rejected it, or the cell is pinned to another one; the reasons are in ``facts``.
    """
    seen = _seen(backend, wish)
    chosen = _allowed(backend, wish.cell, version)
    with _unless_moved():
        done = promotion.promote(
            backend.workspace, wish.cell, chosen, by=wish.caller.name, expected=seen.champion, reason=wish.reason
        )
    return _done(backend, wish, "version.promote", done.version, done.previous)


def challenge(backend: Backend, wish: Wish, version: str) -> MovedAnswer:
    """Let a version be tried beside the champion, in the shadow; errors as in :func:`promote`."""
    seen = _seen(backend, wish)
    chosen = _allowed(backend, wish.cell, version)
    with _unless_moved():
        done = promotion.challenge(backend.workspace, wish.cell, chosen, by=wish.caller.name, expected=seen.challenger)
    return _done(backend, wish, "version.challenge", done.version, done.previous)


def rollback(backend: Backend, wish: Wish, to: str | None = None) -> MovedAnswer:
    """Let the version that served before, or ``to``, answer again; errors as in :func:`promote`.

    Raises
    ------
    NotFound
        Nothing served before.
    """
    _seen(backend, wish)
    cell = wish.cell
    to = to and _allowed(backend, cell, to)
    with _unless_moved():
        (done,) = roll_back(
            backend.workspace, cell.symbol, cell.timeframe, cell.horizon, to, by=wish.caller.name, reason=wish.reason
        )
    return _done(backend, wish, "version.rollback", done.version, done.previous)


def pin(backend: Backend, wish: Wish, version: str | None = None) -> MovedAnswer:
    """Hold a cell at a version, by default the one that answers: nothing is promoted over it."""
    seen = _seen(backend, wish)
    version = version and _allowed(backend, wish.cell, version)
    with _unless_moved():
        held = controls.pin(backend.workspace, wish.cell, version, by=wish.caller.name, reason=wish.reason)
    return _done(backend, wish, "version.pin", str(held.value["version"]), seen.champion)


def unpin(backend: Backend, wish: Wish) -> MovedAnswer:
    """Let promotions decide again; raises NotFound where nothing was pinned."""
    seen, cell = _seen(backend, wish), wish.cell
    if not backend.workspace.store.controls.unpin(cell.symbol, cell.timeframe, cell.horizon, by=wish.caller.name):
        raise NotFound(f"{cell} is not pinned", fix=f"augury models pin {cell}")
    return _done(backend, wish, "version.unpin", seen.champion, seen.champion)


def release(backend: Backend, wish: Wish, version: str) -> JobAnswer:
    """Have a version audited that was stopped as too good to be true; where nothing looked ahead, it answers.

    The audit is a job. A version is asked for once: asked again, it is the same job.

    Raises
    ------
    NotFound
        No such version.
    ChangedMeanwhile
        Another version answers than the one the caller saw.
    UsageError
        It was not stopped so, or was released before.
    GateRefused
        Another gate refused it as well.
    LimitReached
        The tenant has as many jobs as its plan allows.
    """
    seen, cell = _seen(backend, wish), wish.cell
    row = backend.workspace.store.versions.get(cell.symbol, cell.timeframe, cell.horizon, version)
    check_stopped(backend.workspace, row)
    key = f"release:{wish.caller.tenant_id}:{cell}:{row.version}"
    asked = jobs.Wish("release", {"version": row.version}, key=key, request_id=wish.request_id or "")
    job = jobs.ask(backend, wish.caller, asked)
    data = {"version": row.version, "previous": seen.champion, "reason": wish.reason, "job": job.id}
    _noted(backend, wish, "version.release", data)
    return job


def releasable(found: VersionAnswer) -> bool:
    """Tell whether nothing but the suspicion of a leak stopped a version: an audit can let it go."""
    return [gate.code for gate in found.gates if not gate.passed and gate.effect == "refuse"] == [SUSPECT]


def _seen(backend: Backend, wish: Wish) -> ChampionAnswer:
    """Return what is now, unless the caller saw something else."""
    now = champion(backend, wish.symbol, wish.timeframe, wish.horizon)
    require(wish.if_match, now, f"@champion of {wish.cell}")
    return now


def _allowed(backend: Backend, cell: Cell, name: str) -> str:
    """Return the version of a name, unless the gates rejected it."""
    version = named(backend, cell, name)
    row = backend.workspace.store.versions.get(cell.symbol, cell.timeframe, cell.horizon, version)
    if row.status != "rejected":
        return version
    failed = row.manifest.verdict.failed
    told = "; ".join(f"{gate.code}: {gate.message}" for gate in failed) or "it lost against the champion"
    raise GateRefused(
        f"{cell} {version} was rejected and cannot answer: {told}", fix=f"augury validate {version}",
        fields=[FieldError(field=gate.code, message=gate.message) for gate in failed],
    )  # fmt: skip


@contextmanager
def _unless_moved() -> Iterator[None]:
    try:
        yield
    except TemporaryError as error:
        if "alias" not in error.facts:
            raise
        raise ChangedMeanwhile(error.message, fix=error.fix) from error


def _done(backend: Backend, wish: Wish, action: str, version: str | None, previous: str | None) -> MovedAnswer:
    _noted(backend, wish, action, {"version": version, "previous": previous, "reason": wish.reason})
    now = champion(backend, wish.symbol, wish.timeframe, wish.horizon)
    return MovedAnswer(
        cell=str(wish.cell), version=version, previous=previous, champion=now, champion_tag=champion_tag(now)
    )


def _noted(backend: Backend, wish: Wish, action: str, data: Json) -> None:
    backend.workspace.store.audit_trail.add(
        wish.caller.tenant_id, wish.caller.actor, action, str(wish.cell), request_id=wish.request_id, data=data
    )

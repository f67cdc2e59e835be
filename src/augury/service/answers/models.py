"""Versions: what was trained, what it is worth, and which one answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from augury.core.errors import NotFound, NotTrained
from augury.core.score import Score
from augury.core.version import VersionManifest
from augury.records.registry.aliases import CHAMPION, Move
from augury.records.registry.loader import EnsembleLoader
from augury.records.registry.version_pages import version_named, version_page
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell, plan_cells
from augury.service.answers.scores import GateAnswer, ScoreAnswer, deflated_of, gate_answer, score_answer
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.etags import etag_of_answer
from augury.service.strict import Answer

MOVES_MAX = 200
Order = Literal["newest", "oldest"]
Status = Literal["candidate", "shadow", "promoted", "retired", "rejected"]
Word = Literal["skill", "calibrated_only", "insufficient", "refused"]


class VersionSummary(Answer):
    """One version. ``status`` is candidate, shadow, promoted, retired or rejected; scores are of the report slice.

    ``removed_at`` is when its files were removed, because it never served; null while they are there.
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    status: str
    verdict: str
    champion: bool
    challenger: bool
    created_at: datetime
    trained_at: datetime
    removed_at: datetime | None
    data_last: datetime
    synthetic: bool
    degraded: bool
    sha256: str
    accuracy: ScoreAnswer | None
    coverage80: ScoreAnswer | None


class VersionPage(Answer):
    """Versions; ``next`` is the cursor of the page after this one, null at the end."""

    versions: list[VersionSummary]
    next: str | None


class MoveAnswer(Answer):
    """One line of the history of an alias: who let it point to which version instead of which."""

    at: datetime
    alias: str
    version: str
    previous: str | None
    by: str


class ChampionAnswer(Answer):
    """Which version answers for a cell; its ETag is what promote and rollback take as ``If-Match``."""

    symbol: str
    timeframe: str
    horizon: str
    champion: str | None
    challenger: str | None
    pinned: str | None
    moves: int


class CellAnswer(Answer):
    """A cell: which version answers, which is tried, all there are, and every move of the aliases, newest first."""

    symbol: str
    timeframe: str
    horizon: str
    champion: str | None
    challenger: str | None
    pinned: str | None
    silenced: str | None
    champion_tag: str
    versions: list[VersionSummary]
    history: list[MoveAnswer]


class MemberAnswer(Answer):
    """One member: whether it is ready, why not, its weight and what its fit decided."""

    name: str
    status: str
    reason: str
    weight: float | None
    settings: dict[str, Any]
    facts: dict[str, Any]


class VersionAnswer(Answer):
    """One version whole: scores with baseline, n and interval, gates, members, and the manifest as it is sealed."""

    summary: VersionSummary
    parent: str | None
    scores: list[ScoreAnswer]
    gates: list[GateAnswer]
    members: list[MemberAnswer]
    n_features: int
    manifest: dict[str, Any]


def models(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None,
    status: Status | None = None, verdict: Word | None = None, sort: Order = "newest", limit: int = 100,
    cursor: str | None = None,
) -> VersionPage:  # fmt: skip
    """Return versions in the order they were registered, or the other way round."""
    cell = plan_cells([symbol or "ANY"], [timeframe or "d1"], [horizon or "5d"])[0]
    asked = {
        "symbol": cell.symbol if symbol else None, "timeframe": cell.timeframe if timeframe else None,
        "horizon": cell.horizon if horizon else None, "status": status, "verdict": verdict,
    }  # fmt: skip
    question = asked | {"of": "models", "sort": sort}
    after = read_cursor(cursor, question, int)
    engine = backend.workspace.store.engine
    place = after[0] if after else None
    rows = version_page(engine, **asked, newest_first=sort == "newest", after=place, limit=limit + 1)
    more = write_cursor(question, [rows[limit - 1][0]]) if len(rows) > limit else None
    return VersionPage(versions=[version_summary(row) for _, row in rows[:limit]], next=more)


def champions(backend: Backend, symbol: str | None = None) -> list[VersionSummary]:
    """Return the version that answers for each cell, by symbol, timeframe and horizon."""
    wanted = plan_cells([symbol], ["d1"])[0].symbol if symbol else None
    return [version_summary(row) for row in backend.workspace.store.versions.list(wanted, alias=CHAMPION)]


def model(backend: Backend, symbol: str, timeframe: str, horizon: str) -> CellAnswer:
    """Return a cell with every version of it.

    Raises
    ------
    NotFound
        Nothing was ever trained for it.
    """
    cell = cell_of(symbol, timeframe, horizon)
    store = backend.workspace.store
    rows = [row for row in store.versions.list(cell.symbol, cell.timeframe) if row.horizon == cell.horizon]
    if not rows:
        raise NotFound(f"no version of {cell}", fix=cell.train_command)
    moved = store.versions.history(cell.symbol, cell.timeframe, cell.horizon)
    named = champion_of(backend, cell, rows, moved)
    return CellAnswer(
        **named.model_dump(exclude={"moves"}),
        silenced=store.controls.silenced(cell.symbol, cell.timeframe, cell.horizon),
        champion_tag=champion_tag(named),
        versions=[version_summary(row) for row in rows],
        history=[_move(move) for move in reversed(moved[-MOVES_MAX:])],
    )


def champion(backend: Backend, symbol: str, timeframe: str, horizon: str) -> ChampionAnswer:
    """Return which version answers for a cell; raises NotFound where nothing was trained."""
    cell = cell_of(symbol, timeframe, horizon)
    versions = backend.workspace.store.versions
    rows = [row for row in versions.list(cell.symbol, cell.timeframe) if row.horizon == cell.horizon]
    if not rows:
        raise NotFound(f"no version of {cell}", fix=cell.train_command)
    return champion_of(backend, cell, rows, versions.history(cell.symbol, cell.timeframe, cell.horizon))


def version(backend: Backend, name: str) -> VersionAnswer:
    """Return one version by its name.

    Raises
    ------
    NotFound
        There is none.
    """
    return version_answer(backend, row_of(backend, name))


def row_of(backend: Backend, name: str) -> VersionRow:
    """Find the row of a version by its name; raises NotFound."""
    rows = version_named(backend.workspace.store.engine, name)
    if not rows:
        raise NotFound("no such version", fix="augury models list")
    return rows[0]


def version_answer(backend: Backend, row: VersionRow) -> VersionAnswer:
    """Write a version as an answer, its selected scores beside the trials of its dataset."""
    manifest = row.manifest
    deflated = deflated_of(backend, manifest)
    members = [
        MemberAnswer(
            name=one.name, status=one.status, reason=one.reason, weight=manifest.weights.get(one.name),
            settings=one.settings, facts=one.facts,
        )
        for one in manifest.members
    ]  # fmt: skip
    return VersionAnswer(
        summary=version_summary(row), parent=manifest.parent or None,
        scores=[score_answer(score, deflated) for score in manifest.scores if score.slice == "report"],
        gates=[gate_answer(gate) for gate in manifest.verdict.gates], members=members,
        n_features=len(manifest.features.names), manifest=manifest.to_json(),
    )  # fmt: skip


def cell_of(symbol: str, timeframe: str, horizon: str) -> Cell:
    """Read the three names of a cell; raises UsageError where one is not understood."""
    return plan_cells([symbol], [timeframe], [horizon])[0]


def named(backend: Backend, cell: Cell, text: str) -> str:
    """Return the version that ``@champion`` or ``@challenger`` points to; another text as it is.

    Raises
    ------
    NotFound
        It points to nothing.
    """
    if not text.startswith("@"):
        return text
    try:
        return EnsembleLoader(backend.workspace.store).resolve(cell.symbol, cell.timeframe, cell.horizon, text)
    except NotTrained as error:
        raise NotFound(error.message, fix=error.fix) from error


def champion_of(backend: Backend, cell: Cell, rows: Sequence[VersionRow], moved: Sequence[Move]) -> ChampionAnswer:
    """Write which of the versions of a cell answers; every move counts, so that there and back is a change too."""
    pinned = backend.workspace.store.controls.pinned(cell.symbol, cell.timeframe, cell.horizon)
    return ChampionAnswer(
        symbol=cell.symbol, timeframe=cell.timeframe, horizon=cell.horizon, pinned=pinned, moves=len(moved),
        champion=next((row.version for row in rows if row.champion), None),
        challenger=next((row.version for row in rows if row.challenger), None),
    )  # fmt: skip


def champion_tag(answer: ChampionAnswer) -> str:
    """Return the ETag of a cell's alias."""
    return etag_of_answer(answer)


def version_summary(row: VersionRow) -> VersionSummary:
    """Write a version as one line of a list."""
    same = {name: getattr(row, name) for name in VersionSummary.model_fields if hasattr(row, name)}
    manifest = row.manifest
    return VersionSummary(
        **same, data_last=datetime.fromisoformat(manifest.data_last), synthetic=manifest.synthetic,
        degraded=manifest.degraded, accuracy=_score(manifest, "accuracy"), coverage80=_score(manifest, "coverage80"),
    )  # fmt: skip


def _score(manifest: VersionManifest, name: str) -> ScoreAnswer | None:
    found: Score | None = next((one for one in manifest.scores if (one.name, one.slice) == (name, "report")), None)
    return None if found is None else score_answer(found)


def _move(move: Move) -> MoveAnswer:
    return MoveAnswer(**{name: getattr(move, name) for name in MoveAnswer.model_fields})

"""The emergency loop: a cell whose forecasts went wrong is withdrawn, retrained, proven, tried, and promoted or not.

    drift -> withdrawn -> retrained -> gates -> not worse where neither learned -> shadow -> promoted | rejected

Every step is an entry of the journal (kind ``emergency``) with the id of its case and the versions it is about;
the journal is also the only memory, so that a process that is killed between two steps goes on with the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from augury.core.clock import iso
from augury.core.errors import AuguryError
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.data.calendar import market_calendar
from augury.proof.drift.metrics import PerformanceMetrics
from augury.records.loop.journal import Entry
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.executors._protocol import error_of
from augury.runs.monitoring.alerts.rule import Alert
from augury.runs.monitoring.model_monitor import Check, ModelMonitor
from augury.runs.registry.emergency_evidence import MATURED_MIN, SHADOW, bars_since, broke, in_shadow, not_worse
from augury.runs.registry.promotion import challenge, promote
from augury.runs.registry.registration import SUSPECT, register
from augury.runs.registry.release import release
from augury.runs.registry.rollback import withdraw
from augury.runs.training import Outcome, default_executor, record, task_arguments
from augury.runs.workspace import Workspace

KIND: Final = "emergency"
BY: Final = "emergency loop"
PAUSE: Final = timedelta(hours=24)
"""Between two retrains of one cell."""
WAIT_SESSIONS: Final = 10
"""Bars since the break are waited for when they come within so many sessions; else everything is read at once."""
_CLOSED: Final = ("promoted", "closed")
_BEGUN: Final = ("trained", "gated", "compared")

ALERT: Final = Alert("emergency", "emergency > 0", "critical")
"""Begins when a case is opened and ends with a promotion; its rows are the newest steps."""

Train: TypeAlias = Callable[[Workspace, Cell, Recipe], VersionManifest]


@dataclass(frozen=True)
class Case:
    """One emergency of one cell, as the journal tells it.

    Parameters
    ----------
    id : str
        When it was opened, RFC 3339; with the cell it names the case.
    cell : Cell
    entries : tuple of Entry
        From the opening on.
    """

    id: str
    cell: Cell
    entries: tuple[Entry, ...]

    @property
    def step(self) -> str:
        """The last step: ``opened``, ``withdrawn``, ``waiting``, ``trained``, ``shadow``, ``rejected`` …"""
        return str(self.entries[-1].data["step"])

    @property
    def open(self) -> bool:
        """True until a version was promoted, or there was nothing more to do."""
        return self.step not in _CLOSED

    def last(self, step: str) -> Entry | None:
        """The newest entry of a step."""
        return next((entry for entry in reversed(self.entries) if entry.data["step"] == step), None)


def respond(
    workspace: Workspace,
    rows: Sequence[PerformanceMetrics],
    *,
    train: Train | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Entry, ...]:
    """Open a case for every cell that asks for a retrain, and take every open case as far as it can go now.

    Call it after each daily check, with its rows; called again it repeats nothing.

    Parameters
    ----------
    workspace : Workspace
    rows : sequence of PerformanceMetrics
        What the check found.
    train : callable, optional
        Fits and registers a candidate that does not serve; default :func:`retrain`.
    environ : mapping, optional
        Names the channels by which people are told; default ``os.environ``.

    Returns
    -------
    tuple of Entry
        The journal's new entries, in order.
    """
    before = {case.cell for case in cases(workspace) if case.open}
    made: list[Entry] = []
    for row in rows:
        if row.wants_retrain:
            made += [_open(workspace, cell, row) for cell in _served(workspace, row) if cell not in before]
    for case in cases(workspace):
        if case.open:
            made += _Attempt(workspace, case, train or retrain).advance()
    if made:
        tell(workspace, environ)
    return tuple(made)


def tell(workspace: Workspace, environ: Mapping[str, str] | None = None) -> Check:
    """Let people know which cells are in an emergency, and which are no longer."""
    with ModelMonitor(workspace, environ=environ, defaults=(ALERT,)) as monitor:
        return monitor.track_metrics(["emergency"]).check()


def cases(workspace: Workspace, cell: Cell | None = None) -> list[Case]:
    """Read the cases out of the journal, in the order they were opened."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in workspace.store.journal.list(KIND, None if cell is None else str(cell)):
        found.setdefault((entry.data["case"], entry.subject), []).append(entry)
    return [Case(name, Cell(*subject.split(" ")), tuple(entries)) for (name, subject), entries in found.items()]


def retrain(workspace: Workspace, cell: Cell, recipe: Recipe) -> VersionManifest:
    """Train a cell on everything the lake holds and register it as a candidate; the champion stays.

    Raises
    ------
    AuguryError
        Whatever stopped the training; it is in ``training_runs``.
    """
    start = time.perf_counter()
    staged = workspace.store.artifacts.stage()
    try:
        task = ("train", task_arguments(workspace, cell, staged, recipe))
        ((_, result),) = default_executor(workspace, 1).run([task])
        if (error := error_of(result)) is not None:
            record(workspace, recipe, Outcome(cell, time.perf_counter() - start, error=error))
            raise error
        manifest = register(workspace, staged, VersionManifest.from_json(result["manifest"]), by=BY, serve=False)
    finally:
        workspace.store.artifacts.staging.discard(staged)
    seconds = time.perf_counter() - start
    record(workspace, recipe, Outcome(cell, seconds, manifest=manifest, series=result["series"]))
    return manifest


@dataclass
class _Attempt:
    """One open case, taken step by step."""

    workspace: Workspace
    case: Case
    train: Train

    def advance(self) -> list[Entry]:
        """Go on from the last step until something must be waited for."""
        step, first = self.case.step, self.case.entries[0].data
        if step == "opened" and first["level"] == "EMERGENCY":
            return [self._withdraw(), *self._teach()]
        if step in _BEGUN:  # the process that went so far has ended
            return self._prove(self._version(self.case.entries[-1].data["version"]), step)
        if step == "shadow":
            return self._judge()
        if step == "rejected" and not self._silent():
            return [self._note("closed", "info", "the version that serves is watched as before", {})]
        return self._teach()

    def _withdraw(self) -> Entry:
        reason = self.case.entries[0].text
        out = withdraw(self.workspace, self.case.cell, by=BY, reason=reason)
        told = f"{out.previous} withdrawn, {out.version} {'abstains' if out.reason else 'serves'}"
        data = {"version": out.previous, "in_force": out.version, "abstains": bool(out.reason)}
        return self._note("withdrawn", "critical", told, data)

    def _teach(self) -> list[Entry]:
        """Retrain when a day has passed since the last time and enough is known."""
        if self._tried_lately():
            return []
        since = self._since()
        recipe = _window(self.workspace, self._incumbent(), since)
        if recipe is None:
            return [] if self.case.last("waiting") is not None else [self._wait(since)]
        try:
            manifest = self.train(self.workspace, self.case.cell, recipe)
        except AuguryError as error:
            return [
                self._note("failed", "error", f"the retrain failed: {error.message}", {}),
                self._reject("it failed"),
            ]
        facts = {"version": manifest.version, "bars_max": recipe.max_bars, "verdict": manifest.verdict.word}
        told = f"{manifest.version} trained on {recipe.max_bars} bars at most"
        return [self._note("trained", "info", told, facts | {"since": iso(since)}), *self._prove(manifest, "trained")]

    def _prove(self, manifest: VersionManifest, step: str) -> list[Entry]:
        """The gates, the rows that neither version learned from, then the trial."""
        entries: list[Entry] = []
        if step == "trained":
            try:
                manifest = self._proven(manifest)
            except AuguryError as error:
                return [self._reject(error.message, manifest.version)]
            if manifest.verdict.word != "skill":
                why = "; ".join(gate.message for gate in manifest.verdict.failed)
                return [self._reject(f"the gates say {manifest.verdict.word}: {why}", manifest.version)]
            entries.append(self._note("gated", "info", "every gate passed", {"version": manifest.version}))
        version, incumbent = manifest.version, self._incumbent().version
        if step != "compared":
            found = not_worse(self.workspace, self.case.cell, version, incumbent)
            entries.append(self._note("compared", "info", found.text, found.facts(version, incumbent)))
            if not found.ok:
                return [*entries, self._reject(found.text, version)]
        challenge(self.workspace, self.case.cell, version, by=BY)
        told = f"{version} forecasts beside {incumbent}, unseen, until {MATURED_MIN} have matured"
        return [*entries, self._note("shadow", "info", told, {"version": version, "against": incumbent})]

    def _proven(self, manifest: VersionManifest) -> VersionManifest:
        """A version that is only too good to be true is audited; the audit's own version goes on."""
        refused = {gate.code for gate in manifest.verdict.failed}
        if refused != {SUSPECT}:
            return manifest
        return release(self.workspace, self._row(manifest.version), by=BY, serve=False).manifest

    def _judge(self) -> list[Entry]:
        """End the trial when enough has matured."""
        entry = self.case.last("shadow")
        assert entry is not None
        version, champion = entry.data["version"], self._incumbent().version
        found = in_shadow(self.workspace, self.case.cell, champion, version)
        if found.n < MATURED_MIN and self.workspace.clock.now() - entry.at < SHADOW:
            return []
        if not found.ok:
            return [self._reject(found.text, version, tried=True)]
        promote(self.workspace, self.case.cell, version, by=BY, expected=champion, reason=found.text)
        return [self._note("promoted", "info", f"{version} serves: {found.text}", found.facts(version, champion))]

    def _tried_lately(self) -> bool:
        """Whether this cell was retrained within a day, in this case or an earlier one."""
        tried = [
            entry.at
            for case in cases(self.workspace, self.case.cell)
            for entry in case.entries
            if entry.data["step"] in ("trained", "failed")
        ]
        return bool(tried) and self.workspace.clock.now() - max(tried) < PAUSE

    def _reject(self, reason: str, version: str = "", *, tried: bool = False) -> Entry:
        cell, champion = self.case.cell, self._incumbent().version
        if tried:
            self.workspace.store.versions.withdraw(*_where(cell), by=BY, reason=reason, reject=True)
        stays = "abstains" if self._silent() else "serves"
        told = f"{version or 'the retrain'} rejected: {reason}; {champion} {stays}"
        return self._note("rejected", "warning", told, {"version": version, "in_force": champion, "stays": stays})

    def _wait(self, since: datetime) -> Entry:
        have, need = bars_since(self.workspace, self._incumbent(), since)
        told = f"{have} bars since the break of {iso(since)}, {need} teach and prove a version"
        return self._note("waiting", "info", told, {"have": have, "need": need, "since": iso(since)})

    def _incumbent(self) -> VersionRow:
        return _champion(self.workspace, self.case.cell)

    def _since(self) -> datetime:
        """When the version that drifted went wrong, as far as is known by now."""
        return broke(self.workspace, self._row(self.case.entries[0].data["version"]))

    def _row(self, version: str) -> VersionRow:
        return self.workspace.store.versions.get(*_where(self.case.cell), version)

    def _version(self, version: str) -> VersionManifest:
        return self._row(version).manifest

    def _silent(self) -> bool:
        where = _where(self.case.cell)
        return self.workspace.store.controls.silenced(*where) == self.workspace.store.versions.champion(*where)

    def _note(self, step: str, level: str, text: str, data: Json) -> Entry:
        return _note(self.workspace, self.case.id, self.case.cell, step, level, text, data)


def _window(workspace: Workspace, incumbent: VersionRow, since: datetime) -> Recipe | None:
    """The recipe that reads what is known since the break; None while that is little and more comes soon."""
    recipe = incumbent.manifest.recipe
    have, need = bars_since(workspace, incumbent, since)
    if have >= need:
        return recipe.replace(max_bars=min(have, max(recipe.max_bars, need)))
    timeframe, calendar = Timeframe.parse(incumbent.timeframe), market_calendar(incumbent.manifest.calendar)
    soon = need - have <= WAIT_SESSIONS * timeframe.bars_per_session(calendar)
    return None if soon else recipe


def _open(workspace: Workspace, cell: Cell, row: PerformanceMetrics) -> Entry:
    facts = {"level": row.level, "version": _champion(workspace, cell).version, "drift": row.to_json()}
    return _note(workspace, iso(workspace.clock.now()), cell, "opened", "critical", row.text(), facts)


def _champion(workspace: Workspace, cell: Cell) -> VersionRow:
    version = workspace.store.versions.champion(*_where(cell))
    assert version is not None
    return workspace.store.versions.get(*_where(cell), version)


def _served(workspace: Workspace, row: PerformanceMetrics) -> list[Cell]:
    return [
        Cell(row.symbol, row.timeframe, horizon)
        for horizon in workspace.store.versions.champions(row.symbol, row.timeframe)
    ]


def _note(workspace: Workspace, case: str, cell: Cell, step: str, level: str, text: str, data: Json) -> Entry:
    return workspace.store.journal.add(KIND, str(cell), level, text, {"case": case, "step": step, **data})


def _where(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon

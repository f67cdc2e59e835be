"""A simulated quarter: the whole loop on an invented market, driven through a clock that is moved by hand.

The market trades around the clock in hourly bars, so that every session holds 24 forecasts whose outcomes do not
overlap: a cell gathers evidence in days for which daily bars need months. The relation between signal and return
may be turned over on a day (``label_flip@40``); everything that follows is the product's own work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.forecast import Forecast
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar.availability import closed, known_at
from augury.records.loop.journal import Entry
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.all_cells import forecast_all
from augury.runs.forecasts.evaluation import mature
from augury.runs.forecasts.view import View
from augury.runs.intake import bars_of
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.monitoring.model_monitor import setup_monitoring
from augury.runs.registry.challenge import challenged, shadow
from augury.runs.registry.emergency import respond, retrain
from augury.runs.registry.registration import SUSPECT
from augury.runs.registry.release import release
from augury.runs.simulated.market import (
    PER_SESSION,
    RECIPE,
    START,
    WARM_UP,
    Plan,
    SteppedClock,
    market_of,
    spoiled_once,
)
from augury.runs.training import train
from augury.runs.workspace import Workspace

RECOVERED: Final = 0.05
"""Served accuracy is back when it is within so much of the baseline."""
RECOVERY_SESSIONS_MAX: Final = 10
FALSE_ALARMS_MAX: Final = 1


@dataclass(frozen=True)
class Session:
    """One simulated day.

    Parameters
    ----------
    number : int
        From 1.
    day : str
    forecasts, matured : int
        Rows written, served and in the shadow; outcomes scored.
    accuracy : float or None
        Of what was served, named a direction and matured in this session.
    shadow_accuracy : float or None
        Of the challenger.
    levels : tuple of str
        Of each cell.
    told : tuple of str
        What began and what ended, as people were told.
    steps : tuple of str
        Of the emergency loop.
    version : str
        Champion of the first symbol at the end.
    """

    number: int
    day: str
    forecasts: int
    matured: int
    accuracy: float | None
    shadow_accuracy: float | None
    levels: tuple[str, ...]
    told: tuple[str, ...]
    steps: tuple[str, ...]
    version: str

    def text(self) -> str:
        """One line for people."""
        right = "  -  " if self.accuracy is None else f"{self.accuracy:.3f}"
        beside = "" if self.shadow_accuracy is None else f", shadow {self.shadow_accuracy:.3f}"
        news = "".join(f"; {text}" for text in (*self.told, *self.steps))
        return f"{self.number:3d} {self.day} {'/'.join(self.levels):<10} {right}{beside}{news}"


@dataclass(frozen=True)
class Quarter:
    """What a simulation came to.

    ``alert``, ``promoted`` and ``recovered`` are numbers of sessions, from 1; None: it never happened. A false
    alarm is a session in which a cell was at DRIFT or EMERGENCY before the flip or after recovery.
    """

    plan: Plan
    baseline: float
    """Accuracy on the report slices of the first versions."""
    sessions: tuple[Session, ...]
    alert: int | None
    false_alarms: int
    retrains: int
    rejected: int
    promoted: int | None
    recovered: int | None
    accuracy_after: float | None
    ledger_rows: int
    journal: tuple[Json, ...]
    seconds: float

    @property
    def recovery_sessions(self) -> int | None:
        """Sessions from the alert to the recovery."""
        return None if self.recovered is None or self.alert is None else self.recovered - self.alert

    @property
    def ok(self) -> bool:
        """True when at most one alarm was false and a flip was met: alert, and recovery in at most ten sessions."""
        if self.false_alarms > FALSE_ALARMS_MAX:
            return False
        return self.plan.flip is None or (
            self.recovery_sessions is not None and self.recovery_sessions <= RECOVERY_SESSIONS_MAX
        )

    def to_json(self) -> Json:
        """Write as a JSON object."""
        names = ("ok", "baseline", "alert", "false_alarms", "retrains", "rejected", "promoted", "recovered")
        rest = ("recovery_sessions", "accuracy_after", "ledger_rows", "journal", "seconds")
        plan = {name: getattr(self.plan, name) for name in Plan.__dataclass_fields__}
        days = [{name: getattr(day, name) for name in Session.__dataclass_fields__} for day in self.sessions]
        return {"plan": plan, **{name: getattr(self, name) for name in (*names, *rest)}, "sessions": days}

    def text(self) -> str:
        """The summary, computed from the sessions."""
        parts = [f"baseline {self.baseline:.3f}", f"{self.false_alarms} false alarms"]
        if self.plan.flip is not None:
            parts.append(f"flipped after session {self.plan.flip}")
            parts.append("no alert" if self.alert is None else f"alert in session {self.alert}")
        parts.append(f"{self.retrains} retrains, {self.rejected} rejected")
        if self.promoted is not None:
            parts.append(f"promoted in session {self.promoted}")
        if self.recovered is not None:
            parts.append(f"recovered in session {self.recovered}, {self.recovery_sessions} after the alert")
        return f"SYNTHETIC MARKET: {'; '.join(parts)}; {self.ledger_rows:,} ledger rows verify, {self.seconds:.0f} s"


def simulate(
    plan: Plan, data_dir: Path | None = None, *, on_session: Callable[[Session], object] | None = None
) -> Quarter:
    """Run a quarter.

    Parameters
    ----------
    plan : Plan
    data_dir : Path, optional
        A new or empty folder, kept; default a temporary one.
    on_session : callable, optional
        Receives each :class:`Session` when it has ended.

    Raises
    ------
    UsageError
        The folder holds something.
    """
    if data_dir is None:
        with TemporaryDirectory(prefix="augury-quarter-") as folder:
            return simulate(plan, Path(folder), on_session=on_session)
    if data_dir.is_dir() and any(data_dir.iterdir()):
        raise UsageError(f"{data_dir} is not empty: a simulation needs a folder of its own")
    start = time.perf_counter()
    wanted = {"data_dir": data_dir, "workers": 1, "max_age_days": plan.sessions + WARM_UP}
    clock = SteppedClock(START)
    with Workspace.open(Settings.load(wanted, environ={}, start=data_dir), clock=clock) as workspace:
        run = _Run(plan, workspace, clock, market_of(plan))
        sessions = []
        for session in run.play():
            sessions.append(session)
            if on_session is not None:
                on_session(session)
        return _summed(plan, workspace, tuple(sessions), run, time.perf_counter() - start)


class _Run:
    """The market unrolled bar by bar."""

    def __init__(self, plan: Plan, workspace: Workspace, clock: SteppedClock, bars: Bars) -> None:
        self.plan, self.workspace, self.clock = plan, workspace, clock
        self.closes = known_at(bars.frame["ts"].unique().sort(), bars.timeframe, bars.calendar)
        self.bars, self.moments = bars, bars.frame["ts"].unique().sort()
        self.cells = [Cell(symbol, str(bars.timeframe), RECIPE.horizons[0]) for symbol in bars.symbols]
        self.baseline = 0.0
        self.train = spoiled_once(plan) if plan.bad_retrain else retrain

    def play(self) -> Iterator[Session]:
        """Train on the warm-up, then live through the sessions."""
        known = WARM_UP * PER_SESSION
        self.clock.at = self.closes[known - 1]
        self.workspace.lake.write(self._until(known, known))
        self._first_versions()
        for number in range(1, self.plan.sessions + 1):
            yield self._session(number, known + (number - 1) * PER_SESSION)

    def _first_versions(self) -> None:
        accuracies = []
        for outcome in list(train(self.workspace, self.cells, RECIPE, executor=Inline())):
            if outcome.error is not None or outcome.manifest is None:
                raise outcome.error or UsageError(f"{outcome.cell} was not trained")
            manifest = outcome.manifest
            if {gate.code for gate in manifest.verdict.failed} == {SUSPECT}:
                row = self.workspace.store.versions.get(*_where(outcome.cell), manifest.version)
                manifest = release(self.workspace, row, by="simulation").manifest
            accuracies += [s.value for s in manifest.scores if (s.name, s.slice) == ("accuracy", "report")]
        self.baseline = sum(accuracies) / len(accuracies)

    def _session(self, number: int, first: int) -> Session:
        workspace, day = self.workspace, self.moments[first].date()
        champions, challengers = self._loaded("@champion"), self._loaded("@challenger")
        said: list[Forecast] = []
        for at in range(first, first + PER_SESSION - 1):
            self._step(at)
            said += self._hour(champions, challengers)
        # The last hour goes through the jobs themselves, as they run after a close.
        self._step(first + PER_SESSION - 1)
        workspace.store.ledger.append(said, self.clock.now())
        run = forecast_all(workspace, self.cells)
        beside = shadow(workspace)
        outcomes = mature(workspace).outcomes
        report = run_daily_drift_check(workspace=workspace, day=day)
        steps = respond(workspace, report.rows, train=self.train, environ={})
        told = setup_monitoring(workspace, environ={}).check().told
        champion = workspace.store.versions.champion(*_where(self.cells[0])) or ""
        serving, trials = ({one.manifest.version for one in side.values()} for side in (champions, challengers))
        served = [one for one in outcomes if not one.abstained and one.version in serving]
        return Session(
            number=number,
            day=str(day),
            forecasts=len(said) + len(run.made) + sum(len(bundle.forecasts) for bundle in beside),
            matured=len(outcomes),
            accuracy=_share([one.hit for one in served]),
            shadow_accuracy=_share([one.hit for one in outcomes if one.version in trials]),
            levels=tuple(row.level for row in report.rows),
            told=tuple(f"{one.message} {one.rule} of {one.subject}" for one in told),
            steps=tuple(f"{entry.data['step']}: {entry.text}" for entry in steps),
            version=champion,
        )

    def _step(self, at: int) -> None:
        """An hour passes: its bar has closed and arrives."""
        self.clock.at = self.closes[at]
        self.workspace.lake.append(self._until(at + 1, 1))

    def _hour(
        self, champions: dict[Cell, LoadedEnsemble], challengers: dict[Cell, LoadedEnsemble]
    ) -> Iterator[Forecast]:
        """What is said at the close of an hour; versions stay in memory for a session."""
        for cell, loaded in champions.items():
            # Not View.of: it checks the whole history each time; the job at the close does so once a session.
            bars = closed(bars_of(self.workspace.lake, cell.symbol, Timeframe.parse(cell.timeframe)), self.clock.at)
            view = View(bars, self.clock.at, self.clock.at, {})
            yield from forecasting.forecast_from(view, {cell: loaded}).forecasts
            if cell in challengers:
                for row in forecasting.forecast_from(view, {cell: challengers[cell]}).forecasts:
                    yield replace(row, flags=tuple(sorted((*row.flags, "shadow"))))

    def _loaded(self, alias: str) -> dict[Cell, LoadedEnsemble]:
        cells = self.cells if alias == "@champion" else challenged(self.workspace)
        loader = EnsembleLoader(self.workspace.store)
        return {cell: loader.load(*_where(cell), alias) for cell in cells}

    def _until(self, stop: int, last: int) -> Bars:
        """The bars of all symbols in the ``last`` hours before hour ``stop``."""
        first, after = self.moments[stop - last], self.moments[stop - 1]
        return self.bars.with_frame(self.bars.frame.filter(pl.col("ts").is_between(first, after)))


def _summed(plan: Plan, workspace: Workspace, sessions: Sequence[Session], run: _Run, seconds: float) -> Quarter:
    journal = workspace.store.journal.list("emergency")
    alarmed = [day.number for day in sessions if {"DRIFT", "EMERGENCY"} & set(day.levels)]
    promoted = next((day.number for day in sessions if _has(day, "promoted")), None)
    recovered, after = _recovery(workspace, run, sessions, promoted)
    # Between the flip and the recovery something is wrong indeed; before and after nothing is.
    wrong = range(0) if plan.flip is None else range(plan.flip + 1, (recovered or plan.sessions) + 1)
    true = [number for number in alarmed if number in wrong]
    return Quarter(
        plan=plan,
        baseline=run.baseline,
        sessions=tuple(sessions),
        alert=true[0] if true else None,
        false_alarms=len(alarmed) - len(true),
        retrains=_count(journal, "trained"),
        rejected=_count(journal, "rejected"),
        promoted=promoted,
        recovered=recovered,
        accuracy_after=after,
        ledger_rows=workspace.store.ledger.verify().require().rows,
        journal=tuple(_told(entry) for entry in journal),
        seconds=seconds,
    )


def _recovery(
    workspace: Workspace, run: _Run, sessions: Sequence[Session], promoted: int | None
) -> tuple[int | None, float | None]:
    """First session at whose end all that was served since the promotion is within five points of the baseline."""
    if promoted is None:
        return None, None
    version = sessions[promoted - 1].version
    outcomes = workspace.store.evaluations.list(*_where(run.cells[0]), version, replay=False)
    recovered = None
    for day in sessions[promoted:]:
        end = datetime.fromisoformat(day.day).replace(tzinfo=UTC) + timedelta(days=1)
        hits = [one.hit for one in outcomes if one.matures_at <= end]
        if len(hits) >= PER_SESSION // 2 and sum(hits) / len(hits) >= run.baseline - RECOVERED:
            recovered = day.number
            break
    return recovered, _share([one.hit for one in outcomes])


def _has(day: Session, step: str) -> bool:
    return any(text.startswith(f"{step}:") for text in day.steps)


def _count(journal: Sequence[Entry], step: str) -> int:
    return sum(entry.data["step"] == step for entry in journal)


def _told(entry: Entry) -> Json:
    return {
        "id": entry.id,
        "at": entry.at,
        "cell": entry.subject,
        "level": entry.level,
        "text": entry.text,
        **entry.data,
    }


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def _where(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon

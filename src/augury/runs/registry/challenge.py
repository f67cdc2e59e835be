"""Champion and challenger: the one forecasts in the shadow of the other until it has shown that it is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from augury.core.errors import DataError, NotFound
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Ints, Json
from augury.core.version import VersionManifest
from augury.data.calendar import market_calendar
from augury.proof.sequential import SequentialComparison
from augury.records.ledger.paired import Pair, pairs_of
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.view import View
from augury.runs.registry.promotion import promote
from augury.runs.workspace import Workspace

DAYS_MAX: Final = 250
EFFECT: Final = 0.02
ERROR: Final = 0.05
"""An equal challenger is promoted with at most this probability: the evidence must reach 1 / 0.05 = 20."""


@dataclass(frozen=True)
class Judgement:
    """What is known about a challenger, or about challengers that are judged together.

    Parameters
    ----------
    cells : tuple of Cell
    champions, challengers : dict
        Cell to version.
    state : str
        ``promote``, ``reject``, ``continue``, ``insufficient``, or ``futile``: no decision in ``days_max`` days.
    days, n, discordant : int
        Sessions, pairs of matured forecasts, and pairs of which one side was right and the other wrong.
    difference : float or None
        Hit rate of the challenger minus that of the champion; None without pairs.
    evidence, against : float
        e-values: for the challenger, and against its being ahead by ``effect``; 20 decides.
    text : str
        One sentence.
    """

    cells: tuple[Cell, ...]
    champions: dict[Cell, str]
    challengers: dict[Cell, str]
    state: str
    days: int
    n: int
    discordant: int
    difference: float | None
    evidence: float
    against: float
    text: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        plain = ("state", "days", "n", "discordant", "difference", "evidence", "against", "text")
        versions = [
            {"cell": str(cell), "champion": self.champions[cell], "challenger": self.challengers[cell]}
            for cell in self.cells
        ]
        return {"versions": versions, **{name: getattr(self, name) for name in plain}}


def challenged(
    workspace: Workspace, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None
) -> list[Cell]:
    """List the cells that have a challenger."""
    rows = workspace.store.versions.challengers(symbol, timeframe)
    return [Cell(row.symbol, row.timeframe, row.horizon) for row in rows if horizon in (None, row.horizon)]


def groups_of(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Gather the cells that are judged together: those of one timeframe and horizon."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.timeframe, cell.horizon), []).append(cell)
    return list(groups.values())


def shadow(workspace: Workspace, cells: Sequence[Cell] | None = None, *, dry_run: bool = False) -> list[Bundle]:
    """Let challengers forecast beside the champions; the rows are flagged ``shadow`` and never served.

    Run it after the forecasts of the champions, at the same moment: only bars that both spoke of count.

    Parameters
    ----------
    workspace : Workspace
    cells : sequence of Cell, optional
        Default every cell that has a challenger.
    dry_run : bool
        Write nothing.

    Returns
    -------
    list of Bundle
        One per symbol and timeframe, as :func:`augury.runs.forecasts.forecasting.forecast` gives them.
    """
    loader = EnsembleLoader(workspace.store)
    groups: dict[tuple[str, str], dict[Cell, LoadedEnsemble]] = {}
    for cell in challenged(workspace) if cells is None else cells:
        loaded = loader.load(cell.symbol, cell.timeframe, cell.horizon, "@challenger")
        groups.setdefault((cell.symbol, cell.timeframe), {})[cell] = loaded
    bundles = [_said(workspace, challengers) for challengers in groups.values()]
    if dry_run:
        return bundles
    made = [row for bundle in bundles for row in bundle.forecasts]
    taken = iter(workspace.store.ledger.append(made, workspace.clock.now()))
    return [replace(bundle, rows=tuple(next(taken) for _ in bundle.forecasts)) for bundle in bundles]


def judge(
    workspace: Workspace,
    cells: Sequence[Cell],
    *,
    effect: float = EFFECT,
    error: float = ERROR,
    days_max: int = DAYS_MAX,
) -> Judgement:
    """Hold challengers against their champions on the same matured forecasts, replayed day by day.

    May be looked at every day: the chance that equal challengers are ever promoted stays below ``error``
    (:class:`augury.proof.sequential.SequentialComparison`). Cells judged together answer one question, e.g.
    one retraining of many symbols: at one forecast a day a single cell decides nothing within a year.

    Parameters
    ----------
    workspace : Workspace
    cells : sequence of Cell
        Each with a champion and a challenger, of one timeframe and horizon.
    effect : float
        Smallest lead worth a promotion, in hit rate, > 0; 0.02 is 2 points.
    error : float
        In (0, 1); smaller needs more evidence, 1 / error.
    days_max : int
        Sessions after which an open question is ``futile``.

    Raises
    ------
    NotFound
        No cell, or one without champion or challenger.
    DataError
        Cells of different timeframes or horizons.
    """
    champions, challengers = _sides(workspace, cells)
    pairs = [
        pair
        for cell in cells
        for pair in pairs_of(workspace.store.engine, *_where(cell), champions[cell], challengers[cell])
    ]
    manifest = workspace.store.versions.get(*_where(cells[0]), champions[cells[0]]).manifest
    run = SequentialComparison(
        effect=effect,
        error=error,
        miss=error,
        days_max=days_max,
        horizon_days=sessions_of(manifest),
    )
    scores = np.array([pair.scores("hit") for pair in pairs]).reshape(-1, 2)
    for day in by_day(pairs, manifest.calendar):
        if run.decided:
            break
        run.update(scores[day, 1] - scores[day, 0])
    state = "futile" if run.state == "insufficient" and run.days >= days_max else run.state
    return Judgement(
        tuple(cells),
        champions,
        challengers,
        state,
        run.days,
        len(pairs),
        int((scores[:, 0] != scores[:, 1]).sum()),
        float((scores[:, 1] - scores[:, 0]).mean()) if pairs else None,
        wealth(run.log_better),
        wealth(run.log_not_better),
        run.text().replace(run.state, state, 1),
    )


def decide(workspace: Workspace, judgement: Judgement, *, by: str) -> str:
    """Act on a judgement and return its state: promote the challengers, reject them, give up, or wait.

    Raises
    ------
    TemporaryError, GateRefused
        A champion was moved meanwhile, or a cell is pinned.
    """
    versions = workspace.store.versions
    for cell in judgement.cells:
        if judgement.state == "promote":
            version, champion = judgement.challengers[cell], judgement.champions[cell]
            promote(workspace, cell, version, by=by, expected=champion, reason=judgement.text)
        elif judgement.state in ("reject", "futile"):
            lost = judgement.state == "reject"
            versions.withdraw(*_where(cell), by=by, reason=judgement.text, reject=lost)
    return judgement.state


def _said(workspace: Workspace, challengers: dict[Cell, LoadedEnsemble]) -> Bundle:
    symbol, timeframe = next((cell.symbol, cell.timeframe) for cell in challengers)
    view = View.of(workspace, symbol, Timeframe.parse(timeframe))
    bundle = forecasting.forecast_from(view, challengers)
    flagged = tuple(replace(row, flags=tuple(sorted((*row.flags, "shadow")))) for row in bundle.forecasts)
    return replace(bundle, forecasts=flagged)


def _sides(workspace: Workspace, cells: Sequence[Cell]) -> tuple[dict[Cell, str], dict[Cell, str]]:
    if len({(cell.timeframe, Horizon.parse(cell.horizon)) for cell in cells}) > 1:
        raise DataError(
            "cells of different timeframes or horizons are not judged together: their outcomes take other times"
        )
    versions = workspace.store.versions
    champions: dict[Cell, str] = {}
    challengers: dict[Cell, str] = {}
    for cell in cells:
        champion, challenger = versions.champion(*_where(cell)), versions.challenger(*_where(cell))
        if champion is None or challenger is None:
            fix = f"augury models challenge {cell} --version VERSION"
            raise NotFound(f"{cell} has {'no challenger' if champion else 'no champion'}", fix=fix)
        champions[cell], challengers[cell] = champion, challenger
    if not cells:
        raise NotFound("no cell has a challenger", fix="augury models list")
    return champions, challengers


def by_day(pairs: Sequence[Pair], calendar: str) -> list[Ints]:
    """Places of the pairs of each session, from the first to the last; a session without pairs is empty."""
    days: dict[date, list[int]] = {}
    for place, pair in enumerate(pairs):
        days.setdefault(pair.data_until.date(), []).append(place)
    if days:
        for session in market_calendar(calendar).sessions(min(days), max(days)):
            days.setdefault(session.date(), [])
    return [np.array(days[day], dtype=np.int64) for day in sorted(days)]


def sessions_of(manifest: VersionManifest) -> int:
    """Sessions an outcome of a version takes, at least one."""
    calendar = market_calendar(manifest.calendar)
    bars_per_session = Timeframe.parse(manifest.timeframe).bars_per_session(calendar)
    return max(1, math.ceil(round(manifest.label_spec.horizon_bars / bars_per_session, 9)))


def wealth(parts: Sequence[float]) -> float:
    """Evidence of both bets together, from their logarithms."""
    return math.exp(min(float(np.logaddexp(parts[0], parts[1])), 50.0))


def _where(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon

"""What the emergency loop decides on: since when accuracy is lost, and whether a challenger is as good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from augury.core.score import Score
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.proof.drift.control import TINY, binomial_p
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import load_limits
from augury.records.ledger.paired import pairs_of
from augury.records.registry.loader import EnsembleLoader
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import ROWS_MIN, label_cell
from augury.runs.workspace import Workspace

MATURED_MIN: Final = 40
SHADOW: Final = timedelta(days=3)
"""A trial ends with 40 matured forecasts, or after this."""
COMPARED_MIN: Final = 20
"""Rows that neither version learned from, below which their comparison says nothing."""


@dataclass(frozen=True)
class Comparison:
    """A challenger against the version in force, on the same rows.

    Parameters
    ----------
    ok : bool
        Nothing speaks against the challenger.
    n : int
        Rows both spoke of.
    difference : float or None
        Hit rate of the challenger minus that of the other.
    text : str
        One sentence.
    """

    ok: bool
    n: int
    difference: float | None
    text: str

    def facts(self, version: str, against: str) -> Json:
        """For the journal."""
        return {"version": version, "against": against, "n": self.n, "difference": self.difference}


def not_worse(workspace: Workspace, cell: Cell, challenger: str, incumbent: str) -> Comparison:
    """Compare two versions on the labelled rows that are newer than what either was fitted on.

    Parameters
    ----------
    workspace : Workspace
    cell : Cell
    challenger, incumbent : str
        Versions.

    Returns
    -------
    Comparison
        ``ok`` when the challenger is right at least as often; with fewer than 20 rows the shadow decides.
    """
    loader = EnsembleLoader(workspace.store)
    sides = [loader.load(*_where(cell), version) for version in (challenger, incumbent)]
    last = max(datetime.fromisoformat(one.manifest.slices["train"].last) for one in sides)
    bars = bars_of(workspace.lake, cell.symbol, Timeframe.parse(cell.timeframe))
    hits = []
    for one in sides:
        table = label_cell(bars, cell, one.manifest.recipe.replace(max_bars=max(100, bars.frame.height)))
        table = table.restricted(one.manifest.features).known()
        # An outcome of a fitted row reaches h bars ahead: rows before its end are not new.
        newer = table.with_frame(table.frame.filter(table.frame["ts"] > last)[one.manifest.label_spec.horizon_bars :])
        hits.append(dict(zip(newer.frame["ts"], newer.y == one.ensemble.predict(newer).codes, strict=True)))
    both = sorted(hits[0].keys() & hits[1].keys())
    if len(both) < COMPARED_MIN:
        return Comparison(True, len(both), None, f"{len(both)} rows that neither learned from: the trial decides")
    difference = float(np.mean([float(hits[0][ts]) - float(hits[1][ts]) for ts in both]))
    told = f"{difference * 100:+.1f} points on {len(both)} rows that neither learned from"
    return Comparison(difference >= -TINY, len(both), difference, told)


def in_shadow(workspace: Workspace, cell: Cell, champion: str, challenger: str) -> Comparison:
    """Compare what two versions said live of the same bars, and hold the challenger against its own promise.

    It must not be right less often than the version in force, abstaining or not, and must not itself have
    drifted: 15 points below its report accuracy with a test that rejects.
    """
    pairs = pairs_of(workspace.store.engine, *_where(cell), champion, challenger)
    if not pairs:
        return Comparison(True, 0, None, f"nothing matured in {SHADOW.days} days speaks against it")
    scores = np.array([pair.scores("hit") for pair in pairs])
    difference, reached = float((scores[:, 1] - scores[:, 0]).mean()), float(scores[:, 1].mean())
    manifest = workspace.store.versions.get(*_where(cell), challenger).manifest
    promised, limits = _accuracy(manifest), load_thresholds()
    n_eff = len(pairs) / manifest.label_spec.horizon_bars
    # A promise made on a short report slice is itself uncertain: the test is against its lower end.
    chance = binomial_p(reached * n_eff, n_eff, promised.low if promised.low is not None else promised.value)
    drifted = reached - promised.value < -limits["levels.drift"] - TINY and chance < limits["test.window_p"]
    told = (
        f"{reached:.3f} of {len(pairs)} forecasts right in its trial ({difference * 100:+.1f} points beside {champion})"
    )
    told += f", promised {promised.value:.3f}"
    return Comparison(difference >= -TINY and not drifted, len(pairs), difference, told)


def broke_at(hits: Sequence[bool], baseline: float) -> int:
    """Place of the first outcome of the newest stretch that is likeliest to follow another, lower accuracy.

    The maximum of the log likelihood ratio over all stretches that end now, each with the accuracy it shows:
    ``k ln(q / p) + (m - k) ln((1 - q) / (1 - p))`` for k hits of m, q = k / m < p. The CUSUM of the daily check
    looks for a fall of fixed depth and places a deeper one too early.

    Parameters
    ----------
    hits : sequence of bool
        In order of maturity, at least one.
    baseline : float
        Accuracy p before the fall, in (0, 1).

    Examples
    --------
    >>> broke_at([True, False, True, True, False, False, False], 0.6)
    4
    """
    right = np.cumsum(np.asarray(hits, np.float64)[::-1])
    m = np.arange(1, len(right) + 1)
    # Away from 0 and 1, where a logarithm has no value: half an outcome of each kind was seen besides.
    p, q = np.clip(baseline, 0.01, 0.99), (right + 0.5) / (m + 1.0)
    ratio = right * np.log(q / p) + (m - right) * np.log((1.0 - q) / (1.0 - p))
    ratio = np.where(q < p, ratio, -np.inf)
    return int(len(right) - 1 - ratio.argmax()) if np.isfinite(ratio).any() else len(right) - 1


def bars_since(workspace: Workspace, incumbent: VersionRow, since: datetime) -> tuple[int, int]:
    """Bars since accuracy broke, and how many teach a version and prove it to the gates."""
    manifest = incumbent.manifest
    bars = bars_of(workspace.lake, incumbent.symbol, Timeframe.parse(incumbent.timeframe))
    proving = load_limits()["enough.report_min"] / (1.0 - manifest.recipe.train_fraction)
    outcomes = max(ROWS_MIN, math.ceil(proving * manifest.label_spec.horizon_bars))
    return int((bars.frame["ts"] >= since).sum()), outcomes + 2 * manifest.label_spec.horizon_bars


def broke(workspace: Workspace, version: VersionRow) -> datetime:
    """Close of the bar from which a version first went wrong with all that follows.

    What it would have said since it was withdrawn counts too: the more is known, the sharper the place. Rows of
    before the break in a retrain teach it what no longer holds.
    """
    said = pairs_of(workspace.store.engine, version.symbol, version.timeframe, version.horizon, *[version.version] * 2)
    if not said:
        return workspace.clock.now()
    return said[broke_at([pair.scores("hit")[0] > 0 for pair in said], _accuracy(version.manifest).value)].data_until


def _accuracy(manifest: VersionManifest) -> Score:
    """What a version promised: its accuracy on the report slice, which every version that names directions has."""
    return next(one for one in manifest.scores if (one.name, one.slice) == ("accuracy", "report"))


def _where(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon

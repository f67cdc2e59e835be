"""Members are admitted one after the other, each when what is live has earned it; refusals say what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.version import VersionManifest
from augury.runs.workspace import Workspace

DRIFT_POINTS_MAX: Final = 10.0
DRIFT_DAYS_MIN: Final = 4
"""Days with a measured margin before "decreasing" is a word for anything."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known about one symbol and timeframe that is live.

    Parameters
    ----------
    days_live : int
        Calendar days since its first forecast that was no replay; 0 before.
    drift_points : float or None
        How far the newest measured accuracy lies below its baseline, in points, >= 0; None before any.
    drift_slope : float or None
        Points a day over the last 30 days, negative when decreasing; None below four days.
    walk_forward_win : float or None
        Lead of the newest version with a deep member over the champion, accuracy points over the best baseline
        on the report slice; None when there is no such version.
    """

    days_live: int
    drift_points: float | None
    drift_slope: float | None
    walk_forward_win: float | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a member may join, and why.

    Parameters
    ----------
    member : str
    admitted : bool
    rule : str
        What is asked.
    found : str
        What was measured.
    """

    member: str
    admitted: bool
    rule: str
    found: str


def _live(days: int) -> Callable[[Measured], bool]:
    return lambda found: found.days_live >= days


def _calm(found: Measured) -> bool:
    return found.drift_points is not None and found.drift_points < DRIFT_POINTS_MAX


def _decreasing(found: Measured) -> bool:
    return found.drift_slope is not None and found.drift_slope < 0


def _won(found: Measured) -> bool:
    return found.walk_forward_win is not None and found.walk_forward_win > 0


_Test = tuple[str, tuple[Callable[[Measured], bool], ...]]
POLICY: Final[dict[str, _Test]] = {
    "rf": ("from day 0", ()),
    "gb": ("from day 0", ()),
    "arima_garch": ("14 days live and drift below 10 points", (_live(14), _calm)),
    "trend_season": ("30 days live and drift decreasing", (_live(30), _decreasing)),
    "lstm": ("90 days live and a walk-forward win", (_live(90), _won)),
}
"""Member to its rule; a member that is not named needs none."""


def policy(workspace: Workspace, symbol: str, timeframe: str, *, journal: bool = False) -> list[Admission]:
    """Hold every member of the policy against what a symbol and timeframe have shown live.

    Parameters
    ----------
    workspace : Workspace
    symbol, timeframe : str
    journal : bool
        Write the refusals into the journal with what was measured.
    """
    found = measured(workspace, symbol, timeframe)
    admissions = [judge_member(member, found) for member in POLICY]
    for one in admissions if journal else []:
        if not one.admitted:
            told = f"{one.member} is not admitted: needs {one.rule}; found {one.found}"
            data = {"member": one.member, "rule": one.rule, "measured": asdict(found)}
            workspace.store.journal.add("policy", f"{symbol} {timeframe}", "info", told, data)
    return admissions


def judge_member(member: str, found: Measured) -> Admission:
    """Hold one member against what was measured.

    Raises
    ------
    UnknownName
        The policy has no rule for it.

    Examples
    --------
    >>> judge_member("arima_garch", Measured(20, 12.5, None, None)).found
    '20 days live, drift 12.5 points'
    >>> judge_member("arima_garch", Measured(20, 9.5, None, None)).admitted
    True
    """
    if member not in POLICY:
        raise UnknownName(f"no rule for member '{member}'{did_you_mean(member, POLICY)}")
    rule, tests = POLICY[member]
    return Admission(member, all(test(found) for test in tests), rule, _told(found))


def measured(workspace: Workspace, symbol: str, timeframe: str) -> Measured:
    """Measure what the policy asks for; writes nothing."""
    first = workspace.store.ledger.first_live(symbol, timeframe)
    now = workspace.clock.now()
    margins = [
        (row.date.toordinal(), -100 * row.drift_margin)
        for row in workspace.store.drift.list(symbol, timeframe, until=now.date())
        if row.drift_margin is not None
    ]
    recent = [(day, points) for day, points in margins if day > now.date().toordinal() - 30]
    slope = None
    if len(recent) >= DRIFT_DAYS_MIN:
        days, points = np.array(recent, dtype=np.float64).T
        slope = float(np.polyfit(days - days.mean(), points, 1)[0])
    return Measured(
        0 if first is None else (now - first).days,
        max(0.0, margins[-1][1]) if margins else None,
        slope,
        _win(workspace, symbol, timeframe),
    )


def _win(workspace: Workspace, symbol: str, timeframe: str) -> float | None:
    """Lead of the newest version with the deep member over a champion of the same horizon."""
    rows = workspace.store.versions.list(symbol, timeframe)
    champions = {row.horizon: row.manifest for row in rows if row.champion and "lstm" not in row.manifest.weights}
    for row in sorted(rows, key=lambda row: row.created_at, reverse=True):
        if "lstm" in row.manifest.weights and row.horizon in champions:
            deep, without = _skill(row.manifest), _skill(champions[row.horizon])
            if deep is not None and without is not None:
                return 100 * (deep - without)
    return None


def _skill(manifest: VersionManifest) -> float | None:
    scores = [score for score in manifest.scores if (score.name, score.slice) == ("accuracy_skill", "report")]
    return scores[0].value if scores and scores[0].sufficient else None


def _told(found: Measured) -> str:
    parts = [f"{found.days_live} days live"]
    parts += [] if found.drift_points is None else [f"drift {found.drift_points:.1f} points"]
    parts += [] if found.drift_slope is None else [f"drift {found.drift_slope:+.2f} points a day"]
    parts += [] if found.walk_forward_win is None else [f"walk-forward lead {found.walk_forward_win:+.1f} points"]
    return ", ".join(parts)

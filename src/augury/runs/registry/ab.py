"""A/B tests between two versions: who reads which is drawn by hash, how many are needed is said before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.clock import iso
from augury.core.errors import GateRefused, UsageError
from augury.core.score import ENOUGH
from augury.core.typing import Json
from augury.proof.sequential import SequentialComparison
from augury.records.ledger.paired import METRICS, Pair, pairs_of
from augury.records.registry.ab import BUCKETS, AbTest, bucket
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.registry.challenge import by_day, sessions_of, wealth
from augury.runs.registry.promotion import promote
from augury.runs.workspace import Workspace

SHARES_LEVEL: Final = 0.99
RATE: Final = 0.5
"""Hit rate at which the spread is largest: the required number is on the safe side."""


@dataclass(frozen=True)
class Measured:
    """One metric of a test.

    Parameters
    ----------
    metric : str
        Larger is better; ``brier`` and ``pinball`` are negated.
    a, b : float or None
        Means of the rows each arm answered.
    state : str
        Of the sequential comparison.
    evidence : float
        e-value for B.
    p, p_holm : float
        ``1 / evidence``, valid whenever one looks, and corrected for the number of metrics (Holm 1979).
    """

    metric: str
    a: float | None
    b: float | None
    state: str
    evidence: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Status:
    """Where a test stands.

    Parameters
    ----------
    test : AbTest
    n : dict
        Arm to matured rows that it answered.
    required_n : int
        Rows for each arm that were said to be needed.
    shares_ok : bool
        The arms got what they should, within 99 % binomial bounds; else the draw is broken and nothing counts.
    bounds : (int, int)
        Rows of B that are within bounds.
    metrics : tuple of Measured
    days : int
        Sessions looked at.
    verdict : str
        ``B is better``, ``no difference shown``, ``insufficient`` or ``broken shares``.
    """

    test: AbTest
    n: dict[str, int]
    required_n: int
    shares_ok: bool
    bounds: tuple[int, int]
    metrics: tuple[Measured, ...]
    days: int
    verdict: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        plain = ("n", "required_n", "shares_ok", "days", "verdict")
        return {
            "name": self.test.name,
            "state": self.test.state,
            "arms": self.test.arms,
            "settings": self.test.settings,
            **{name: getattr(self, name) for name in plain},
            "bounds": list(self.bounds),
            "metrics": [asdict(one) for one in self.metrics],
        }


def required_n(effect: float, *, error: float = 0.05, power: float = 0.8, rate: float = RATE) -> int:
    """Rows each arm needs to show a difference of two rates: ``2 p (1 - p) (z_error + z_power)^2 / effect^2``.

    One-sided, for one look at the end; looking every day, as a test here does, takes longer still.

    Parameters
    ----------
    effect : float
        Difference of the rates, > 0; half of it needs four times as many.
    error, power : float
        In (0, 1).
    rate : float
        Rate of A, in (0, 1); 0.5 needs most.

    Examples
    --------
    >>> required_n(0.02), required_n(0.04)
    (7729, 1933)
    """
    from statistics import NormalDist

    if not (effect > 0 and 0 < error < 1 and 0 < power < 1 and 0 < rate < 1):
        raise UsageError(
            f"effect={effect}, error={error}, power={power}, rate={rate}: effect > 0, the others in (0, 1)"
        )
    z = NormalDist().inv_cdf(1 - error) + NormalDist().inv_cdf(power)
    return math.ceil(2 * rate * (1 - rate) * z**2 / effect**2)


def start(
    workspace: Workspace,
    name: str,
    cells: Sequence[Cell],
    *,
    a: str = "@champion",
    b: str = "@challenger",
    share: float = 0.5,
    metrics: Sequence[str] = ("hit", "brier"),
    effect: float = 0.02,
    error: float = 0.05,
    power: float = 0.8,
    by: str,
) -> AbTest:
    """Begin a test: aliases are resolved to versions now and stay those, whatever is promoted meanwhile.

    Parameters
    ----------
    workspace : Workspace
    name : str
        Of the experiment; it salts the draw.
    cells : sequence of Cell
        Of one timeframe and horizon.
    a, b : str
        Version or alias; aliases for more than one cell.
    share : float
        Part of the keys that B answers, in [0.01, 0.99].
    metrics : sequence of str
        Of ``hit, brier, pinball, covered80``; the first decides.
    effect, error, power : float
        As in :func:`required_n`.
    by : str
    """
    if not 0.01 <= share <= 0.99:
        raise UsageError(f"B answers a share of {share} (rule: 0.01 to 0.99)")
    if unknown := [metric for metric in metrics if metric not in METRICS]:
        raise UsageError(f"unknown metric {', '.join(unknown)} (known: {', '.join(METRICS)})")
    if not cells or not metrics or len({(cell.timeframe, cell.horizon) for cell in cells}) != 1:
        raise UsageError("a test needs a metric and cells of one timeframe and horizon")
    loader = EnsembleLoader(workspace.store)
    sides: dict[str, dict[str, str]] = {"A": {}, "B": {}}
    for cell in cells:
        for side, wanted in (("A", a), ("B", b)):
            where = (cell.symbol, cell.timeframe, cell.horizon)
            version = loader.resolve(*where, wanted) if wanted.startswith("@") else wanted
            sides[side][str(cell)] = workspace.store.versions.get(*where, version).version
        if sides["A"][str(cell)] == sides["B"][str(cell)]:
            raise UsageError(f"both arms of {cell} are {sides['A'][str(cell)]}: nothing would be compared")
    arms = {"A": {"share": 1 - share, "versions": sides["A"]}, "B": {"share": share, "versions": sides["B"]}}
    needed = required_n(effect, error=error, power=power)
    settings: Json = {
        "cells": [[cell.symbol, cell.timeframe, cell.horizon] for cell in cells], "metrics": list(metrics),
        "effect": effect, "error": error, "power": power, "required_n": needed,
    }  # fmt: skip
    test = workspace.store.ab.start(name, arms, settings, by=by)
    told = f"A/B test {name} over {len(cells)} cells began; each arm needs {needed} rows"
    workspace.store.journal.add("ab", name, "info", told, {"arms": arms, "settings": settings, "by": by})
    return test


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a test gives a reader for one cell: ``arm`` is ``A`` or ``B``, ``version`` what answers."""

    test: str
    arm: str
    version: str


def drawn(
    workspace: Workspace, tests: Sequence[AbTest], cells: Sequence[Cell], key: str, *, remember: bool
) -> dict[Cell, Drawn]:
    """Draw which versions answer a reader, always the same ones; cells that no test asks about are not in it.

    Parameters
    ----------
    workspace : Workspace
    tests : sequence of AbTest
        Those that run; where two ask about one cell the older one decides.
    cells : sequence of Cell
    key : str
        Whoever or whatever is to get the same version always, e.g. a person.
    remember : bool
        Write the draw down: the reader counts among those of the arm.
    """
    found: dict[Cell, Drawn] = {}
    for test in tests:
        mine = [cell for cell in cells if str(cell) in test.arms["A"]["versions"] and cell not in found]
        if mine:
            arm = workspace.store.ab.assign(test.name, key) if remember else test.arm(key)
            found |= {cell: Drawn(test.name, arm, str(test.arms[arm]["versions"][str(cell)])) for cell in mine}
    return found


def row_key(pair: Pair) -> str:
    """Return the key of a forecast: each bar of each cell is drawn on its own."""
    return f"{pair.symbol} {pair.timeframe} {pair.horizon} {iso(pair.data_until)}"


def status(workspace: Workspace, name: str) -> Status:
    """Look at a test; looking changes nothing, however often.

    A matured bar that both versions spoke of counts for the arm that its key draws, and only what that arm
    said of it counts. Of unequal shares the larger arm is thinned to the size of the smaller one, by the same
    hash, so that swapping equal versions would change nothing.
    """
    test = workspace.store.ab.get(name)
    cells = [Cell(*row) for row in test.settings["cells"]]
    pairs = [pair for cell in cells for pair in _pairs(workspace, test, cell)]
    arms = [test.arm(row_key(pair)) for pair in pairs]
    n = {arm: arms.count(arm) for arm in ("A", "B")}
    counted = workspace.store.ab.counts(name)
    bounds, ok = _bounds(len(pairs), test.arms["B"]["share"], n["B"])
    _, drawn_ok = _bounds(sum(counted.values()), test.arms["B"]["share"], counted["B"])
    kept = [(pair, arm) for pair, arm in zip(pairs, arms, strict=True) if _balanced(test, row_key(pair), arm)]
    runs = {metric: _compared(workspace, test, cells[0], kept, metric) for metric in test.settings["metrics"]}
    metrics = _measured(kept, runs)
    days = max((run.days for run in runs.values()), default=0)
    needed = int(test.settings["required_n"])
    return Status(test, n, needed, ok and drawn_ok, bounds, metrics, days, _told(test, metrics, n, ok and drawn_ok))


def conclude(workspace: Workspace, name: str, *, by: str, promoting: bool = False) -> Status:
    """End a test and write its verdict; with ``promoting`` the winner B becomes the champion of every cell.

    Raises
    ------
    GateRefused
        ``promoting``, and B was not shown to be better; the test goes on.
    UsageError
        It has ended before.
    """
    found = status(workspace, name)
    if promoting and found.verdict != "B is better":
        raise GateRefused(f"test '{name}': {found.verdict}; B is not promoted", fix=f"augury ab status {name}")
    verdict = found.to_json() | {"by": by, "promoted": promoting}
    ended = workspace.store.ab.conclude(name, verdict)
    workspace.store.journal.add("ab", name, "info", f"A/B test {name} ended: {found.verdict}", verdict)
    for row in found.test.settings["cells"] if promoting else []:
        cell = Cell(*row)
        promote(workspace, cell, found.test.arms["B"]["versions"][str(cell)], by=by, reason=f"A/B test {name}")
    return Status(ended, *(getattr(found, field) for field in list(Status.__dataclass_fields__)[1:]))


def _pairs(workspace: Workspace, test: AbTest, cell: Cell) -> Sequence[Pair]:
    versions = [test.arms[arm]["versions"][str(cell)] for arm in ("A", "B")]
    where = (cell.symbol, cell.timeframe, cell.horizon)
    return pairs_of(workspace.store.engine, *where, *versions, since=test.created_at)


def _balanced(test: AbTest, key: str, arm: str) -> bool:
    """Keep as many buckets of the larger arm as the smaller one has: the highest ones of A, the lowest of B."""
    share, place = round(test.arms["B"]["share"] * BUCKETS), bucket(test.name, key)
    kept = min(share, BUCKETS - share)
    return bool(place < kept if arm == "B" else place >= BUCKETS - kept)


def _bounds(n: int, share: float, found: int) -> tuple[tuple[int, int], bool]:
    from scipy.stats import binom

    if not n:
        return (0, 0), True
    low, high = (int(end) for end in binom.interval(SHARES_LEVEL, n, share))
    return (low, high), bool(low <= found <= high)


def _compared(
    workspace: Workspace, test: AbTest, cell: Cell, kept: list[tuple[Pair, str]], metric: str
) -> SequentialComparison:
    """Play the days of a test: a row of B adds what it is above the mean so far, a row of A what it is below."""
    manifest = workspace.store.versions.get(
        cell.symbol, cell.timeframe, cell.horizon, test.arms["A"]["versions"][str(cell)]
    ).manifest
    # Each metric plays on until it would stand alone after the correction for all of them.
    error = float(test.settings["error"]) / len(test.settings["metrics"])
    run = SequentialComparison(
        effect=float(test.settings["effect"]),
        error=error,
        miss=error,
        days_max=10**6,
        horizon_days=sessions_of(manifest),
    )
    signed = {"A": -2.0, "B": 2.0}
    answered = np.array([pair.scores(metric)["AB".index(arm)] for pair, arm in kept])
    signs = np.array([signed[arm] for _, arm in kept])
    seen, total = 0, 0.0
    for day in by_day([pair for pair, _ in kept], manifest.calendar):
        if run.decided:
            break
        # Whatever the centre is, the draw of this day knows nothing of it: equal versions leave zero on average.
        run.update(signs[day] * (answered[day] - total / seen) if seen else np.zeros(len(day)))
        seen, total = seen + len(day), total + float(answered[day].sum())
    return run


def _measured(kept: list[tuple[Pair, str]], runs: dict[str, SequentialComparison]) -> tuple[Measured, ...]:
    evidence = {metric: wealth(run.log_better) for metric, run in runs.items()}
    p = {metric: min(1.0, 1 / value) for metric, value in evidence.items()}
    holm, largest = {}, 0.0
    for place, metric in enumerate(sorted(p, key=lambda metric: p[metric])):
        largest = max(largest, min(1.0, (len(p) - place) * p[metric]))
        holm[metric] = largest
    return tuple(
        Measured(
            metric, _mean(kept, metric, "A"), _mean(kept, metric, "B"), run.state, evidence[metric], p[metric],
            holm[metric],
        )
        for metric, run in runs.items()
    )  # fmt: skip


def _mean(kept: list[tuple[Pair, str]], metric: str, arm: str) -> float | None:
    values = [pair.scores(metric)["AB".index(arm)] for pair, side in kept if side == arm]
    return float(np.mean(values)) if values else None


def _told(test: AbTest, metrics: tuple[Measured, ...], n: dict[str, int], shares_ok: bool) -> str:
    if not shares_ok:
        return "broken shares"
    if min(n.values()) < ENOUGH or metrics[0].state == "insufficient":
        return "insufficient"
    return "B is better" if metrics[0].p_holm <= test.settings["error"] else "no difference shown"

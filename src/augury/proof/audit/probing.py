"""The audit: every stage on the whole history, then on histories that differ from it in the future only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.seeds import DEFAULT_SEED
from augury.proof.audit.comparing import Answer, Difference, differences
from augury.proof.audit.division import broken_folds
from augury.proof.audit.histories import cut_at, moments, noise_after, nudged
from augury.proof.audit.kinds import UNSTEADY, Seen, kind_of
from augury.proof.audit.report import AuditReport, Leak, StageReport, Value
from augury.proof.audit.stage import Division, Stage

CUTS: Final = 20
PROBES: Final = ("cut", "noise")
_ROUNDING: Final = 1e-7

OnProgress = Callable[[int, int], None]


def audit(
    stages: Sequence[Stage | Division],
    bars: Bars,
    *,
    cuts: int = CUTS,
    seed: int = DEFAULT_SEED,
    probes: Sequence[str] = PROBES,
    on_progress: OnProgress | None = None,
) -> AuditReport:
    """Run stages again on other histories and compare everything that was known before they differ.

    Parameters
    ----------
    stages : sequence of Stage or Division
        Each is run on all symbols at once: once on the whole history, then twice a cut.
    bars : Bars
        The whole history.
    cuts : int
        Moments to try, at least 1; more find leaks that show on few days. Default 20.
    seed : int
        Draws the moments and the noise.
    probes : sequence of str
        ``cut`` (the history ends at the moment) and ``noise`` (later bars are invented). Each sees
        leaks the other does not: a count of the bars to come only the first, a repair that a
        later jump would trigger only the second.
    on_progress : callable, optional
        Receives (histories done, histories in all).

    Returns
    -------
    AuditReport
        Equal input gives an equal report.

    Raises
    ------
    UsageError
        A stage answers something that cannot be compared, or settings out of range.
    InsufficientHistory
        Fewer than 12 dates.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> bars = SyntheticMarket(n_symbols=2, n_bars=60).bars()
    >>> def tomorrow(bars):
    ...     return bars.frame.select("symbol", "ts", next=pl.col("close").shift(-1).over("symbol"))
    >>> leak = audit([Stage("mine", tomorrow)], bars, cuts=4).leaks[0]
    >>> leak.stage, leak.column, leak.kind, leak.probes
    ('mine', 'next', 'shift(-1)', ('cut', 'noise'))
    """
    if cuts < 1 or not probes or not set(probes) <= set(PROBES):
        raise UsageError(f"cuts={cuts} must be at least 1, and probes={tuple(probes)} among {PROBES}")
    works = [_Work(stage) if isinstance(stage, Stage) else _Fold(stage) for stage in stages]
    when = moments(bars, cuts, seed)
    chosen = [work.moments(when) for work in works]
    for work in works:
        work.begin(bars)
    done, total = 1, 1 + len(when) * len(probes)
    for cut in when:
        for probe in probes:
            other = cut_at(bars, cut) if probe == "cut" else noise_after(bars, cut, seed)
            for work, tried in zip(works, chosen, strict=True):
                if cut in tried:
                    work.look(other, cut, probe)
            done += 1
            if on_progress is not None:
                on_progress(done, total)
    reports = tuple(work.report(bars, tried, seed) for work, tried in zip(works, chosen, strict=True))
    return AuditReport(reports, when, tuple(probes), seed, bars.data_version)


@dataclass
class _Work:
    """One stage under audit."""

    stage: Stage
    full: Answer = field(init=False)
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    values: int = 0
    seconds: float = 0.0

    def moments(self, when: Sequence[datetime]) -> tuple[datetime, ...]:
        """The cuts this stage is tried at: evenly chosen among those at which anything of it is known."""
        since, most = self.stage.since, self.stage.cuts_max
        usable = [cut for cut in when if since is None or cut >= since]
        if most is None or len(usable) <= most:
            return tuple(usable)
        return tuple(usable[(2 * k + 1) * len(usable) // (2 * most)] for k in range(most))

    def begin(self, bars: Bars) -> None:
        """Run on the whole history."""
        start = time.perf_counter()
        self.full = self._answer(bars)
        self.seconds += time.perf_counter() - start

    def look(self, bars: Bars, cut: datetime, probe: str) -> None:
        """Run on another history and note what changed."""
        start = time.perf_counter()
        try:
            other = self._answer(bars)
        except InsufficientHistory:
            return  # a history too short for the stage says nothing, and so nothing wrong
        found, values = differences(self.full, other, cut)
        self.values += values
        for column, difference in found.items():
            self.seen.setdefault(column, []).append(Seen(probe, cut, difference))
        self.seconds += time.perf_counter() - start

    def report(self, bars: Bars, tried: tuple[datetime, ...], seed: int) -> StageReport:
        """Name what was found."""
        start = time.perf_counter()
        columns = self.full.columns
        order = {name: at for at, name in enumerate(columns)}
        named = sorted(self.seen, key=lambda name: order.get(name, -1))
        again = self._repeated(bars) if named else {}
        leaks = tuple(self._leak(bars, name, tried, seed, steady=name not in again) for name in named)
        self.seconds += time.perf_counter() - start
        return StageReport(self.stage.name, len(columns), len(tried), self.values, leaks, self.seconds)

    def _answer(self, bars: Bars) -> Answer:
        return Answer.of(self.stage.name, self.stage.run(bars))

    def _repeated(self, bars: Bars) -> dict[str, Difference]:
        """Columns that differ when the very same history is given again: chance, not the future."""
        fresh = bars.with_frame(bars.frame.clone())
        return differences(self.full, self._answer(fresh), _end(bars))[0]

    def _leak(self, bars: Bars, column: str, tried: tuple[datetime, ...], seed: int, *, steady: bool) -> Leak:
        seen = self.seen[column]

        def depends(at: datetime, bars_before: int) -> bool:
            return self._depends(bars, column, at, bars_before, seed)

        first = min(seen, key=lambda one: (one.difference.ts, one.difference.symbol, one.cut))
        value, other = first.difference.first(self.full)
        return Leak(
            self.stage.name,
            column,
            kind_of(column, self.full, seen, tried, depends) if steady else UNSTEADY,
            tuple(probe for probe in PROBES if any(one.probe == probe for one in seen)),
            first.difference.symbol,
            first.difference.ts,
            first.cut,
            _plain(value),
            _plain(other),
            max(len(one.difference.rows) for one in seen),
        )

    def _depends(self, bars: Bars, column: str, at: datetime, bars_before: int, seed: int) -> bool:
        """Does the column at a moment change when the bars so many dates before are other?"""
        dates = bars.frame["ts"].unique().sort()
        place = int(dates.search_sorted(at)) - bars_before
        if not 0 <= place < len(dates):
            return False
        other = self._answer(nudged(bars, dates[place], seed))
        rows = pl.col("ts") == at
        mine, theirs = (answer.frame.filter(rows)[column] for answer in (self.full, other))
        if not mine.dtype.is_float() or mine.dtype != theirs.dtype or len(mine) != len(theirs):
            return not mine.equals(theirs, null_equal=True)
        # A running sum carries the rounding of every bar it has passed: only what is larger is read.
        moved = ((mine - theirs).abs() > _ROUNDING * mine.abs()).any()
        return bool(moved) or not mine.is_null().equals(theirs.is_null())


@dataclass
class _Fold:
    """One division of rows under audit: a rule, not a comparison, so few histories are enough."""

    stage: Division
    leaks: dict[str, Leak] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    values: int = 0
    seconds: float = 0.0

    def moments(self, when: Sequence[datetime]) -> tuple[datetime, ...]:
        """The last cut: the shorter history must be divided as soundly."""
        return tuple(when[-1:])

    def begin(self, bars: Bars) -> None:
        """Divide the whole history."""
        start = time.perf_counter()
        broken, folds, rows = broken_folds(self.stage, bars)
        self.columns |= folds
        self.values += rows
        for leak in broken:
            self.leaks.setdefault(leak.column, leak)
        self.seconds += time.perf_counter() - start

    def look(self, bars: Bars, cut: datetime, probe: str) -> None:
        """Divide another history."""
        self.begin(bars)

    def report(self, bars: Bars, tried: tuple[datetime, ...], seed: int) -> StageReport:
        """Name what was found."""
        leaks = tuple(self.leaks[column] for column in sorted(self.leaks))
        return StageReport(self.stage.name, len(self.columns), len(tried), self.values, leaks, self.seconds)


def _end(bars: Bars) -> datetime:
    end = bars.frame["ts"].max()
    assert isinstance(end, datetime)
    return end


def _plain(value: object) -> Value:
    """What a report can hold: a number that JSON knows, a text, or nothing."""
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value).lower()
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else str(value)
    return str(value)

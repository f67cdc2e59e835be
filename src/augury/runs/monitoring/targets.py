"""Targets: what the installation promised itself, beside what is, as far as the store can tell it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from augury.core.metrics.uncertainty import wilson
from augury.core.score import ENOUGH
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.records.ledger.matured_counts import MaturedCount, matured_counts
from augury.records.registry.version_pages import champions_trained, first_served
from augury.runs.monitoring.readings.forecasts import GRACE
from augury.runs.workspace import Workspace

FULL: Final = 500
"""Forecasts a day at full breadth; an installation that serves fewer cells owes one a cell."""
MATURED_DAYS: Final = 60
JOB_DAYS: Final = 7
COVERAGE: Final = 0.8
TOLERANCE: Final = 0.02
_LOOK_BACK: Final = timedelta(days=2 * MATURED_DAYS)
"""Sixty days on which something matured lie within a hundred and twenty."""
_WEEK: Final = timedelta(days=7)
_ALERTS: Final = 1000
_BROKEN: Final = ("failed", "dead")
_ENDED: Final = ("succeeded", *_BROKEN)
_Cell = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Parameters
    ----------
    name : str
        ``forecasts_today``, ``forecasts_last_session``, ``hit_rate``, ``coverage80``, ``failed_jobs``,
        ``stale_champions``, ``open_alerts``.
    wanted : str
        What should be, in words.
    value : float or None
        What is: a share for rates, else a count; None while too little is known.
    met : bool or None
        None while it cannot be judged.
    text : str
        What is, in words: with n, and the interval of a rate.
    n : int
        What was counted over: cells that were due, outcomes, jobs, champions, rules.
    low, high : float or None
        95 % interval of a rate.
    baseline : float or None
        What naming the most frequent class of each horizon would have reached on the same outcomes.
    """

    name: str
    wanted: str
    value: float | None
    met: bool | None
    text: str
    n: int
    low: float | None = None
    high: float | None = None
    baseline: float | None = None


def targets(workspace: Workspace, tenants: Collection[str | None]) -> list[Target]:
    """Hold the targets against the store, now.

    Parameters
    ----------
    workspace : Workspace
    tenants : collection of str or None
        Whose jobs are counted; None stands for the installation.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.core.settings import Settings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Workspace.open(Settings.load({"data_dir": Path(folder)}, environ={})) as place:
    ...         [(one.name, one.met) for one in targets(place, (None,)) if one.met is not None]
    [('failed_jobs', True), ('open_alerts', True)]
    """
    now = workspace.clock.now()
    return [*_written(workspace, now), *_rates(workspace, now), _jobs(workspace, now, tenants), _ages(workspace, now),
            _alerts(workspace)]  # fmt: skip


def _written(workspace: Workspace, now: datetime) -> list[Target]:
    closes = _closes(workspace, now)
    today = now.date()
    past = [day for found in closes.values() for day in found if day < today]
    first, name = _written_on(workspace, "forecasts_today", today, "today", closes), "forecasts_last_session"
    if not past:
        text = "no session has ended before today since a version answers"
        return [first, Target(name, "one a served cell on the last trading day", None, None, text, 0)]
    return [first, _written_on(workspace, name, max(past), f"on {max(past)}, the last trading day", closes)]


def _written_on(
    workspace: Workspace, name: str, day: date, words: str, closes: Mapping[_Cell, Collection[date]]
) -> Target:
    written = workspace.store.ledger.cells_on(day)
    due = [cell for cell, days in closes.items() if day in days]
    wanted, rows = min(FULL, len(due)), sum(written.values())
    if not due:
        text = f"nothing was due {words}; {rows} were written"
        return Target(name, f"one a served cell {words}", float(rows), None, text, 0)
    done = sum(cell in written for cell in due)
    text = f"{rows} were written {words}, for {done} of the {len(due)} cells that were due"
    return Target(name, f"{wanted} cells {words}", float(rows), done >= wanted, text, len(due))


def _closes(workspace: Workspace, now: datetime) -> dict[_Cell, frozenset[date]]:
    """UTC days, lately, on which a bar of a cell was complete that was served already; it is given ``GRACE``."""
    versions = workspace.store.versions
    calendars = {
        (symbol, timeframe): calendar
        for calendar, found in versions.markets().items() for symbol, frames in found.items() for timeframe in frames
    }  # fmt: skip
    ends = {name: _ends(name, now) for name in set(calendars.values())}
    served = first_served(workspace.store.engine)
    return {
        cell: frozenset(
            moment.date() for moment in ends[calendars[cell[:2]]][Timeframe.parse(cell[1]) is Timeframe.W1]
            if moment >= served[cell]
        )
        for cell in versions.champion_cells()
    }  # fmt: skip


def _ends(calendar: str, now: datetime) -> tuple[list[datetime], list[datetime]]:
    """When sessions ended, lately, and when weeks did."""
    rows = market_calendar(calendar).schedule(now - _WEEK, now + _WEEK)
    weeks = {
        session.isocalendar()[:2]: end for session, end in zip(rows["session"], rows["closes_at"], strict=True)
    }  # the last one of a week stays
    passed = now - GRACE
    return [end for end in rows["closes_at"] if end <= passed], [end for end in weeks.values() if end <= passed]


def _rates(workspace: Workspace, now: datetime) -> list[Target]:
    known = matured_counts(workspace.store.engine, now - _LOOK_BACK)
    days = sorted({row.day for row in known})[-MATURED_DAYS:]
    rows = [row for row in known if days and row.day >= days[0]]
    named = [row for row in rows if not row.abstained]
    over = f"of the last {MATURED_DAYS} days on which forecasts matured"
    return [
        _rate("hit_rate", f"above the baseline, {over}", named, lambda row: row.hit, _commonest(named)),
        _rate("coverage80", f"{COVERAGE:.0%} within {TOLERANCE * 100:.0f} points, {over}", rows,
              lambda row: row.covered80, None),
    ]  # fmt: skip


def _rate(
    name: str, wanted: str, rows: Sequence[MaturedCount], right: Callable[[MaturedCount], bool], baseline: float | None
) -> Target:
    """Weigh each outcome by 1 / h; symbols of one day move together, so a day and horizon counts once."""
    n = sum(row.n for row in rows)
    days = {(row.day, row.timeframe, row.horizon): 1 / row.horizon_bars for row in rows}
    n_eff = sum(days.values())
    if n_eff < ENOUGH:
        text = f"not enough yet: n={n} is worth {n_eff:.0f} independent outcomes of the {ENOUGH} it takes"
        return Target(name, wanted, None, None, text, n)
    share = _share(rows, right)
    low, high = wilson(share * n_eff, n_eff)
    met = abs(share - COVERAGE) <= TOLERANCE + 1e-12 if baseline is None else low > baseline
    against = "" if baseline is None else f" vs {baseline:.1%}"
    text = f"{share:.1%} [{low:.1%}, {high:.1%}]{against}, n={n}, n_eff={n_eff:.0f}"
    return Target(name, wanted, share, met, text, n, low, high, baseline)


def _share(rows: Sequence[MaturedCount], right: Callable[[MaturedCount], bool]) -> float:
    weights = [row.n / row.horizon_bars for row in rows]
    return sum(weight for weight, row in zip(weights, rows, strict=True) if right(row)) / sum(weights)


def _commonest(rows: Sequence[MaturedCount]) -> float:
    """What the hardest rule without skill reaches: of each horizon the class that came most often in hindsight."""
    if not rows:
        return 0.0
    came: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        came[row.timeframe, row.horizon][row.came] += row.n
    best = {where: counted.most_common(1)[0][0] for where, counted in came.items()}
    return _share(rows, lambda row: row.came == best[row.timeframe, row.horizon])


def _jobs(workspace: Workspace, now: datetime, tenants: Collection[str | None]) -> Target:
    first = now - timedelta(days=JOB_DAYS)
    ended = [
        job for job in workspace.store.jobs.ended_between(first, now + timedelta(microseconds=1))
        if job.tenant_id in tenants and job.state in _ENDED
    ]  # fmt: skip
    broken = sum(job.state in _BROKEN for job in ended)
    text = f"{broken} of {len(ended)} jobs that ended in the last {JOB_DAYS} days failed"
    return Target("failed_jobs", f"none failed in {JOB_DAYS} days", float(broken), not broken, text, len(ended))


def _ages(workspace: Workspace, now: datetime) -> Target:
    limit = workspace.settings.max_age_days
    wanted = f"no champion older than {limit} days"
    trained = champions_trained(workspace.store.engine)
    if not trained:
        return Target("stale_champions", wanted, None, None, "there is no champion yet", 0)
    old = sum(now - moment > timedelta(days=limit) for moment in trained.values())
    oldest = max((now - moment).days for moment in trained.values())
    text = f"{old} of {len(trained)} champions; the oldest was trained {oldest} days ago"
    return Target("stale_champions", wanted, float(old), not old, text, len(trained))


def _alerts(workspace: Workspace) -> Target:
    found = len(workspace.store.alerts.list(open_only=True, limit=_ALERTS))
    text = f"{found} open" if found < _ALERTS else f"{found} or more open"
    return Target("open_alerts", "none is open", float(found), not found, text, found)

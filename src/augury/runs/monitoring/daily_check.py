"""The daily check of drift: yesterday's forecasts, what came of them, and one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from augury.core.errors import EXIT_GATE, EXIT_TEMPORARY, NotTrained
from augury.core.outcome import Outcome
from augury.core.typing import Json
from augury.proof.drift.metrics import PerformanceMetrics, sentence
from augury.records.ledger.chain import LedgerRow
from augury.runs.monitoring.drift_monitor import DriftMonitor, end_of
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class DriftReport:
    """What one check found.

    Parameters
    ----------
    day : date
        The day that was judged.
    rows : tuple of PerformanceMetrics
        Of the symbols asked for.
    pending : tuple of int
        Forecasts that matured on that day and have no outcome yet.
    """

    day: date
    rows: tuple[PerformanceMetrics, ...]
    pending: tuple[int, ...] = ()

    @property
    def alerts(self) -> tuple[PerformanceMetrics, ...]:
        """Rows of level DRIFT or EMERGENCY."""
        return tuple(row for row in self.rows if row.drift_detected)

    @property
    def retrains(self) -> tuple[PerformanceMetrics, ...]:
        """Rows that ask for a retrain."""
        return tuple(row for row in self.rows if row.wants_retrain)

    @property
    def exit_code(self) -> int:
        """5 with an alert, 75 when outcomes are missing or no cell has any, else 0."""
        if self.alerts:
            return EXIT_GATE
        return EXIT_TEMPORARY if self.pending or all(row.level == "NO_DATA" for row in self.rows) else 0

    def text(self) -> str:
        """The report's sentence, computed from its rows."""
        waiting = f"; {len(self.pending)} forecasts wait for their outcome" if self.pending else ""
        return f"drift of {self.day}: {sentence(self.rows)}{waiting}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "day": str(self.day),
            "text": self.text(),
            "exit_code": self.exit_code,
            "pending": list(self.pending),
            "rows": [row.to_json() for row in self.rows],
        }


def run_daily_drift_check(
    symbols: Sequence[str] = (),
    *,
    workspace: Workspace | None = None,
    day: date | None = None,
    dry_run: bool = False,
    replays: bool = False,
) -> DriftReport:
    """Judge a day, write every row, and report those of some symbols.

    All cells are judged whatever is asked for: the tests are held to one level over all of them, so the
    level of a cell does not depend on who asks.

    Parameters
    ----------
    symbols : sequence of str
        Reported; empty for all.
    workspace : Workspace, optional
        Default: that of the settings.
    day : date, optional
        Default: the last weekday before today, so that Monday looks at Friday.
    dry_run : bool
        Write nothing.
    replays : bool
        Count replays too, see :class:`DriftMonitor`.

    Raises
    ------
    NotTrained
        No version answers for a symbol that was named.
    """
    with _opened(workspace) as place:
        judged = day or yesterday(place)
        monitor = DriftMonitor(place, replays=replays)
        rows = monitor.compute_daily_metrics(judged)
        _known(symbols, rows)
        if not dry_run:
            monitor.store_metrics_to_db()
        forecasts = fetch_yesterday_forecasts(workspace=place, day=judged, symbols=symbols, replays=replays)
        results = fetch_actual_results(forecasts, workspace=place)
    pending = tuple(row.id for row in forecasts if row.id not in results)
    return DriftReport(judged, tuple(row for row in rows if not symbols or row.symbol in symbols), pending)


def fetch_yesterday_forecasts(
    *,
    workspace: Workspace | None = None,
    day: date | None = None,
    symbols: Sequence[str] = (),
    replays: bool = False,
) -> list[LedgerRow]:
    """Return the forecasts whose outcome became known on a day, in order of maturity.

    Parameters
    ----------
    workspace : Workspace, optional
    day : date, optional
        Default: the last weekday before today.
    symbols : sequence of str
        Empty for all.
    replays : bool
        With forecasts of bars whose outcome was known already.
    """
    with _opened(workspace) as place:
        judged = day or yesterday(place)
        rows = place.store.drift.matured(datetime.combine(judged, time(), UTC), end_of(judged))
    return [
        row
        for row in rows
        if (not symbols or row.forecast.symbol in symbols) and (replays or "replay" not in row.forecast.flags)
    ]


def fetch_actual_results(forecasts: Sequence[LedgerRow], *, workspace: Workspace | None = None) -> dict[int, Outcome]:
    """Return what came of forecasts, by their id in the ledger.

    A forecast whose outcome is missing is not in the answer: missing is not NEUTRAL.

    Parameters
    ----------
    forecasts : sequence of LedgerRow
        In any order.
    workspace : Workspace, optional
    """
    if not forecasts:
        return {}
    moments = [row.forecast.matures_at for row in forecasts]
    ids = {row.id for row in forecasts}
    with _opened(workspace) as place:
        found = place.store.evaluations.list(since=min(moments), until=max(moments) + timedelta(microseconds=1))
    return {outcome.forecast_id: outcome for outcome in found if outcome.forecast_id in ids}


def yesterday(workspace: Workspace) -> date:
    """Return the last weekday before today, by the workspace's clock."""
    day = workspace.clock.now().date() - timedelta(days=1)
    return day - timedelta(days=max(0, day.weekday() - 4))


def _known(symbols: Sequence[str], rows: Sequence[PerformanceMetrics]) -> None:
    missing = sorted(set(symbols) - {row.symbol for row in rows})
    if missing:
        raise NotTrained(
            f"no version answers for {' '.join(missing)}: there is nothing to hold its forecasts against",
            fix=f"augury train --symbol {missing[0]}",
            symbols=missing,
        )


@contextmanager
def _opened(workspace: Workspace | None) -> Iterator[Workspace]:
    """The given workspace, or that of the settings, closed again."""
    if workspace is not None:
        yield workspace
        return
    with Workspace.open() as own:
        yield own

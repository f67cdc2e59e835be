"""The drift monitor: matured forecasts against what the serving version promised, one row a cell and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.outcome import Outcome
from augury.core.score import Score
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.calendar.availability import known_at
from augury.features.engine import build
from augury.proof.drift.features import FeatureShift, feature_shifts
from augury.proof.drift.levels import CellEvidence, judge
from augury.proof.drift.metrics import PerformanceMetrics
from augury.proof.drift.status import DriftStatus, status_of
from augury.proof.drift.thresholds import load_thresholds
from augury.records.loop.drift import Served
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

LIVE_BARS = 60
"""Newest bars whose features are held against the train slice."""


@dataclass
class DriftMonitor:
    """Watches the accuracy of what is served.

    Nothing is remembered in memory: a monitor opened anew on the same store says the same.

    Parameters
    ----------
    workspace : Workspace, optional
        Default: that of the settings.
    replays : bool
        Count forecasts of bars whose outcome was known already too. They show what a version would have
        done, not what it did.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.core.settings import Settings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Workspace.open(Settings.load({"data_dir": Path(folder)}, environ={})) as place:
    ...         DriftMonitor(place).compute_daily_metrics(date(2026, 3, 2))
    []
    """

    workspace: Workspace = field(default_factory=Workspace.open)
    replays: bool = False
    metrics_: list[PerformanceMetrics] = field(default_factory=list, init=False)

    def compute_daily_metrics(self, day: date) -> list[PerformanceMetrics]:
        """Judge every cell that is served by the outcomes that matured until the end of a day.

        Only what the serving version said counts, and what versions with the very same members said
        before a refresh of weights. A forecast said twice from the same bar counts once, as it was said
        first; abstaining ones named nothing and do not count. The baseline is the accuracy on the report
        slice, read from the version's manifest.

        Parameters
        ----------
        day : date
            UTC; not after today.

        Returns
        -------
        list of PerformanceMetrics
            One a symbol and timeframe, in that order.

        Raises
        ------
        UsageError
            The day has not come.
        """
        if day > self.workspace.clock.now().date():
            raise UsageError(f"drift of {day} was asked for on {self.workspace.clock.now():%Y-%m-%d}")
        until = end_of(day)
        since = until - timedelta(days=int(load_thresholds()["levels.window_days"]))
        store = self.workspace.store
        outcomes = store.evaluations.list(since=since, until=until, replay=None if self.replays else False)
        self.metrics_ = judge(_evidence(store.drift.served(until), outcomes), day)
        return self.metrics_

    def store_metrics_to_db(self, metrics: Sequence[PerformanceMetrics] | None = None) -> int:
        """Write the rows, by default those computed last, and return how many; a repeated check replaces its own."""
        rows = self.metrics_ if metrics is None else metrics
        return self.workspace.store.drift.record(rows, self.workspace.clock.now())

    def get_drift_status(self, symbol: str, timeframe: str, days: int = 7) -> DriftStatus:
        """Sum up the stored rows of the last days, today included, and recommend.

        Parameters
        ----------
        symbol, timeframe : str
        days : int
            Looked back, >= 1.
        """
        if days < 1:
            raise UsageError(f"a status over {days} days was asked for (rule: at least 1)")
        today = self.workspace.clock.now().date()
        since = today - timedelta(days=days - 1)
        rows = self.workspace.store.drift.list(symbol, timeframe, since=since, until=today)
        return status_of(symbol, timeframe, rows)

    def compute_feature_drift(self, symbol: str, timeframe: str, *, live_bars: int = LIVE_BARS) -> list[FeatureShift]:
        """Hold the features of the newest closed bars against those of the train slice of the serving version.

        Where versions of several horizons read the same feature it is compared once, for the shortest.

        Parameters
        ----------
        symbol, timeframe : str
        live_bars : int
            Newest bars, >= 40. More see smaller shifts, later.

        Raises
        ------
        InsufficientHistory
            No version, or too few bars of either side.
        """
        now = self.workspace.clock.now()
        serving = [
            VersionManifest.from_json(one.manifest)
            for one in self.workspace.store.drift.served(now)
            if (one.symbol, one.timeframe) == (symbol, timeframe)
        ]
        if not serving:
            raise InsufficientHistory(f"no version answers for {symbol} {timeframe}: there is no reference")
        return _shifts(self.workspace, min(serving, key=lambda one: one.label_spec.horizon_bars), live_bars)


def end_of(day: date) -> datetime:
    """Return the first moment after a UTC day."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _shifts(workspace: Workspace, manifest: VersionManifest, live_bars: int) -> list[FeatureShift]:
    timeframe = Timeframe.parse(manifest.timeframe)
    bars = bars_of(workspace.lake, manifest.symbol, timeframe)
    frame = build(bars, manifest.features).frame
    closes = known_at(frame["ts"], timeframe, bars.calendar)
    train = manifest.slices["train"]
    first, last = (datetime.fromisoformat(text) for text in (train.first, train.last))
    reference = frame.filter(pl.col("ts").is_between(first, last))
    live = frame.filter((closes <= workspace.clock.now()) & (frame["ts"] > last)).tail(live_bars)
    names = manifest.features.names
    return feature_shifts(
        {name: reference[name].drop_nulls().to_numpy() for name in names},
        {name: live[name].drop_nulls().to_numpy() for name in names},
    )


def _evidence(serving: Sequence[Served], outcomes: Sequence[Outcome]) -> list[CellEvidence]:
    by_horizon = {(one.symbol, one.timeframe, one.horizon): one for one in serving}
    cells: dict[tuple[str, str], list[Outcome]] = {(one.symbol, one.timeframe): [] for one in serving}
    for outcome in outcomes:
        one = by_horizon.get((outcome.symbol, outcome.timeframe, outcome.horizon))
        if one is not None and outcome.version in one.family:
            cells[outcome.symbol, outcome.timeframe].append(outcome)
    accuracy = {key: _report_accuracy(one) for key, one in by_horizon.items()}
    return [_cell_evidence(*cell, said, accuracy) for cell, said in cells.items()]


def _cell_evidence(
    symbol: str, timeframe: str, said: Sequence[Outcome], accuracy: Mapping[tuple[str, str, str], Score | None]
) -> CellEvidence:
    named = [one for one in said if not one.abstained]
    scored = [
        (one, score) for one in _first_said(named) if (score := accuracy[symbol, timeframe, one.horizon]) is not None
    ]
    notes = ("ABSTAINS",) if said and not named else ("NO_BASELINE",) if named and not scored else ()
    return CellEvidence(
        symbol=symbol,
        timeframe=timeframe,
        matured_on=np.array([one.matures_at.date() for one, _ in scored], "datetime64[D]"),
        hits=np.array([one.hit for one, _ in scored], bool),
        horizon_bars=np.array([one.horizon_bars for one, _ in scored], np.float64),
        baselines=np.array([score.value for _, score in scored], np.float64),
        best_baselines=np.array([score.baseline or 0.0 for _, score in scored], np.float64),
        notes=notes,
    )


def _first_said(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome for what was said of one horizon from one bar: said again it is no new evidence."""
    first: dict[tuple[str, datetime, datetime], Outcome] = {}
    for one in sorted(outcomes, key=lambda one: (one.made_at, one.forecast_id)):
        first.setdefault((one.horizon, one.data_until, one.matures_at), one)
    return sorted(first.values(), key=lambda one: (one.matures_at, one.forecast_id))


def _report_accuracy(one: Served) -> Score | None:
    scores = [Score.from_json(score) for score in one.manifest["scores"]]
    return next((score for score in scores if (score.name, score.slice) == ("accuracy", "report")), None)

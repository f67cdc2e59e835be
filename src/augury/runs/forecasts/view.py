"""What is known about a symbol and timeframe at one moment: its closed bars, checked, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TypeAlias

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import AuguryError, InsufficientHistory, LeakError
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Horizon, Timeframe
from augury.core.version import VersionManifest
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import closed
from augury.data.calendar.openings import bar_opens
from augury.features.engine import build
from augury.labels.attach import attach
from augury.models.adaptation import BandCorrection, MaturedBand
from augury.records.ledger.matured_bands import MaturedBands
from augury.records.registry.loader import LoadedEnsemble
from augury.runs.intake import bars_of, check_each
from augury.runs.workspace import Workspace

BARS_MIN = 50


@dataclass(frozen=True)
class View:
    """What is known about a symbol and timeframe at the moment of forecasting.

    Without ``matured`` the bands are those of the version itself, not corrected by what came of earlier ones.
    """

    bars: Bars
    now: datetime
    data_until: datetime
    features: dict[str, FeatureTable]
    matured: MaturedBands | None = None
    scored: dict[str, Sequence[MaturedBand]] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace, symbol: str, timeframe: Timeframe) -> View:
        """Look at one symbol now.

        Raises
        ------
        NotFound
            No bars.
        ValidationError
            Its bars are refused by the checks.
        InsufficientHistory
            Fewer than ``BARS_MIN`` closed bars.
        """
        (found,) = views_of(workspace, [(symbol, timeframe)])
        if isinstance(found, AuguryError):
            raise found
        return found

    def bars_ahead(self, horizon: str) -> int:
        """Horizon in bars, which orders the bands."""
        return Horizon.parse(horizon).bars(self.bars.timeframe, market_calendar(self.bars.calendar))

    def table(self, manifest: FeatureManifest) -> FeatureTable:
        """Features of the whole history, exactly the columns of a version's manifest; computed once a manifest."""
        if manifest.hash not in self.features:
            self.features[manifest.hash] = build(self.bars, manifest)
        return self.features[manifest.hash]

    def labelled(self, manifest: VersionManifest) -> LabelledTable:
        """The last row of a version's features, with what stands beside it."""
        table = attach(self.table(manifest.features), self.bars, manifest.label_spec)
        return table.with_frame(table.frame.tail(1))

    def correction(self, manifest: VersionManifest, made_at: datetime) -> BandCorrection:
        """How far the misses of a cell, as they were known at a moment, move the bands of a version."""
        if self.matured is None:
            return BandCorrection.of(())
        if manifest.symbol not in self.scored:  # of all horizons at once
            self.scored[manifest.symbol] = self.matured.list(manifest.symbol, manifest.timeframe, before=self.now)
        spec = manifest.label_spec.hash
        return BandCorrection.of(
            band
            for band in self.scored[manifest.symbol]
            if (band.horizon, band.label_spec_hash) == (manifest.horizon, spec) and band.evaluated_at < made_at
        )

    @property
    def stale(self) -> bool:
        """True when two more bars have closed since the last one here."""
        return self.matures_at(2) <= self.now

    def matures_at(self, horizon_bars: int) -> datetime:
        """Close of the bar ``horizon_bars`` after the last one."""
        calendar = market_calendar(self.bars.calendar)
        last, timeframe = self.bars.frame["ts"][-1], self.bars.timeframe
        if timeframe is Timeframe.D1:
            return calendar.close_of(calendar.shift(last, horizon_bars))
        if timeframe is Timeframe.W1:
            return calendar.close_of(calendar.last_of_week(last + timedelta(weeks=horizon_bars)))
        return timeframe.closes_at(_bar_after(self.bars, horizon_bars), calendar)


Seen: TypeAlias = View | AuguryError


def views_of(workspace: Workspace, series: Sequence[tuple[str, Timeframe]]) -> list[Seen]:
    """Look at several symbols now; one that cannot be looked at is its own error and nobody else's.

    Parameters
    ----------
    workspace : Workspace
    series : sequence of (str, Timeframe)

    Returns
    -------
    list of View or AuguryError
        In the order asked for; errors as :meth:`View.of` raises them.
    """
    now = workspace.clock.now()
    read = [_closed(workspace, symbol, timeframe, now) for symbol, timeframe in series]
    known = [bars for bars in read if isinstance(bars, Bars)]
    checked = iter(check_each(known))
    found: list[Seen] = []
    for (symbol, timeframe), bars in zip(series, read, strict=True):
        if isinstance(bars, AuguryError):
            found.append(bars)
            continue
        try:
            next(checked).raise_if_invalid(f"{symbol} {timeframe}")
            found.append(_view(workspace, symbol, bars, now))
        except AuguryError as error:
            found.append(error)
    return found


def _closed(workspace: Workspace, symbol: str, timeframe: Timeframe, now: datetime) -> Bars | AuguryError:
    try:
        return closed(bars_of(workspace.lake, symbol, timeframe), now)
    except AuguryError as error:
        return error


def _view(workspace: Workspace, symbol: str, bars: Bars, now: datetime) -> View:
    if bars.frame.height < BARS_MIN:
        raise InsufficientHistory(
            f"{symbol} {bars.timeframe} has {bars.frame.height} closed bars, needs {BARS_MIN} (insufficient_history)",
            fix=f"augury data import FILE --symbol {symbol} --timeframe {bars.timeframe}",
        )
    until = bars.timeframe.closes_at(bars.frame["ts"][-1], market_calendar(bars.calendar))
    return View(bars, now, until, {}, workspace.store.matured_bands)


def last_row(view: View, loaded: LoadedEnsemble) -> LabelledTable:
    """The one row a forecast is made from: the last closed bar, its features complete."""
    manifest = loaded.manifest
    row = view.labelled(manifest)
    if row.frame["ts"][0] != view.bars.frame["ts"][-1]:
        raise LeakError(f"{manifest.cell}: features of {row.frame['ts'][0]} are not those of the last closed bar")
    values = row.frame.row(0, named=True)
    unknown = [name for name in manifest.features.names if values[name] is None]
    if unknown:
        raise InsufficientHistory(f"{manifest.cell}: features {unknown[:5]} are not known yet at the last closed bar")
    return row


def _bar_after(bars: Bars, n: int) -> datetime:
    """When the n-th bar after the last one opens, on the grid of an intraday timeframe."""
    last, timeframe = bars.frame["ts"][-1], bars.timeframe
    sessions = n / timeframe.bars_per_session(market_calendar(bars.calendar))
    days = ceil(1.5 * sessions) + 7
    while (later := _opens_after(bars, last, days)).len() < n:
        days *= 2
    found: datetime = later[n - 1]
    return found


def _opens_after(bars: Bars, last: datetime, days: int) -> pl.Series:
    due = bar_opens(bars.timeframe, bars.calendar, last - timedelta(days=1), last + timedelta(days=days))["ts"]
    return due.filter(due > last)

"""Train/serve parity: what was served is recomputed from the lake's bars, and every bit must agree.

Three ways a row can reach a user are held against one batch over the whole history:

    ledger     a forecast as it was written down, its features taken through the serving path again
    replay     champions served with the clock set back to an earlier close; nothing is written
    cache      features as the feature cache extends them, one bar at a time
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.bars import check_symbol
from augury.core.clock import FixedClock, iso
from augury.core.errors import AuguryError, UsageError
from augury.core.forecast import Forecast
from augury.core.tables import PAST_RETURN, VOLATILITY, LabelledTable
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.features.cache import FeatureCache
from augury.features.cache.local import LocalBackend
from augury.models.adaptation import BandCorrection
from augury.records.ledger.chain import LedgerRow
from augury.records.registry.aliases import CHAMPION
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble, not_trained
from augury.runs.cells import Cell
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.view import View, last_row
from augury.runs.intake import bars_of
from augury.runs.proving.recomputing import Recomputed, Recomputing
from augury.runs.workspace import Workspace

ROWS: Final = 200
_PEERS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same on both ways.

    Parameters
    ----------
    source : str
        ``ledger 12``, ``replay`` or ``cache``.
    cell : str
        Symbol, timeframe and, but for the cache, horizon.
    column : str
        Feature, or field of the forecast.
    ts : datetime
        The bar the row stands on.
    served, recomputed : object
    """

    source: str
    cell: str
    column: str
    ts: datetime
    served: object
    recomputed: object

    def __str__(self) -> str:
        return (
            f"{self.source} {self.cell}: {self.column} of {iso(self.ts)} was served as {self.served!r},"
            f" recomputed {self.recomputed!r}"
        )


@dataclass
class ParityReport:
    """What was compared, and what differed.

    Parameters
    ----------
    ledger, replayed, cached : int
        Rows compared on each way.
    values : int
        Single values compared.
    differences : list of Difference
    skipped : list of str
        Rows that cannot be recomputed, each with its reason.
    """

    ledger: int = 0
    replayed: int = 0
    cached: int = 0
    values: int = 0
    differences: list[Difference] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows compared on all ways."""
        return self.ledger + self.replayed + self.cached


@dataclass(frozen=True)
class _Served:
    """A row as the serving path gave it: its features, what was said, and which runs may have widened it."""

    source: str
    loaded: LoadedEnsemble
    row: LabelledTable
    forecast: Forecast
    peers: tuple[tuple[LoadedEnsemble, ...], ...]

    @property
    def ts(self) -> datetime:
        ts: datetime = self.row.frame["ts"][0]
        return ts


def parity(
    workspace: Workspace, *, symbol: str | None = None, timeframe: str | None = None, n: int = ROWS
) -> ParityReport:
    """Recompute served rows offline and compare them bit for bit.

    The newest rows of the ledger come first; when there are fewer than ``n``, champions are served
    again at earlier closes until there are as many.

    Parameters
    ----------
    workspace : Workspace
        Nothing is written to it.
    symbol, timeframe : str, optional
        Only these; default everything that was served.
    n : int
        Served rows, >= 1.

    Raises
    ------
    NotTrained
        Nothing was ever served and there is no champion.
    UsageError
        ``n`` is below 1.
    """
    if n < 1:
        raise UsageError(f"n={n} is below 1: parity compares at least one row", fix="augury parity --n 200")
    wanted = check_symbol(symbol) if symbol else None
    frame = str(Timeframe.parse(timeframe)) if timeframe else None
    written = workspace.store.ledger.list(wanted, frame, limit=n)
    champions = workspace.store.versions.list(wanted, frame, alias=CHAMPION)
    if not written and not champions:
        raise not_trained(wanted or "any symbol", frame or "d1")
    report = ParityReport()
    closes = ceil((n - len(written)) / len(champions)) if champions else 0
    places = {(row.forecast.symbol, row.forecast.timeframe) for row in written}
    for place in sorted(places | {(row.symbol, row.timeframe) for row in champions}):
        rows = [row for row in written if (row.forecast.symbol, row.forecast.timeframe) == place]
        cells = [
            Cell(row.symbol, row.timeframe, row.horizon) for row in champions if (row.symbol, row.timeframe) == place
        ]
        _Place(workspace, report, *place).compare(rows, cells, closes)
    return report


class _Place:
    """One symbol and timeframe."""

    def __init__(self, workspace: Workspace, report: ParityReport, symbol: str, timeframe: str) -> None:
        self.workspace, self.report, self.name = workspace, report, f"{symbol} {timeframe}"
        self.symbol, self.timeframe = symbol, Timeframe.parse(timeframe)
        self.loader = EnsembleLoader(workspace.store)
        self.loaded: dict[tuple[str, str], LoadedEnsemble] = {}
        self.bars = bars_of(workspace.lake, symbol, self.timeframe)
        self.offline = Recomputing(self.bars)
        self.matured = workspace.store.matured_bands.list(symbol, timeframe)
        self.corrections: dict[tuple[str, str, datetime], BandCorrection] = {}

    def compare(self, rows: Sequence[LedgerRow], cells: Sequence[Cell], closes: int) -> None:
        """Compare the rows of the ledger, the replay of champions, and the cache, in this order."""
        stored, replayed = list(self._stored(rows)), list(self._replayed(cells, closes))
        self.report.ledger += len(stored)
        self.report.replayed += len(replayed)
        self._judge([*stored, *replayed])
        manifests = {item.loaded.manifest.features.hash: item.loaded for item in [*stored, *replayed]}
        for loaded in manifests.values():
            self._judge_cache(loaded, max(1, closes))

    def _stored(self, rows: Sequence[LedgerRow]) -> Iterator[_Served]:
        if not rows:
            return
        around = self.workspace.store.ledger.list(self.symbol, str(self.timeframe), limit=_PEERS_MAX)
        views: dict[datetime, View] = {}
        for row in rows:
            said = row.forecast
            try:
                loaded = self._version(said.horizon, said.version)
                view = views.setdefault(said.data_until, self._view(said.data_until))
                if view.bars.data_version != said.data_hash:
                    self.report.skipped.append(
                        f"ledger {row.id} {self.name} {said.horizon}: made from bars {said.data_hash[:12]},"
                        f" the lake holds {view.bars.data_version[:12]} up to {iso(said.data_until)}"
                    )
                    continue
                features = last_row(view, loaded)
                peers = tuple(tuple(self._versions(some)) for some in _companions(row, around, view))
            except AuguryError as error:
                self.report.skipped.append(f"ledger {row.id} {self.name} {said.horizon}: {error}")
                continue
            yield _Served(f"ledger {row.id}", loaded, features, said, peers)

    def _replayed(self, cells: Sequence[Cell], closes: int) -> Iterator[_Served]:
        for ts in self.bars.frame["ts"].tail(closes):
            view = self._view(self.timeframe.closes_at(ts, market_calendar(self.bars.calendar)))
            ordered = sorted(cells, key=lambda cell: view.bars_ahead(cell.horizon))
            loaded = [self._version(cell.horizon, "@champion") for cell in ordered]
            bundle = forecasting.forecast_from(view, dict(zip(ordered, loaded, strict=True)))
            for cell, error in bundle.errors:
                self.report.skipped.append(f"replay {cell} at {iso(ts)}: {error}")
            failed = {cell for cell, _ in bundle.errors}
            served = [one for cell, one in zip(ordered, loaded, strict=True) if cell not in failed]
            for at, (one, said) in enumerate(zip(served, bundle.forecasts, strict=True)):
                yield _Served("replay", one, last_row(view, one), said, (tuple(served[:at]),))

    def _view(self, moment: datetime) -> View:
        return View.of(replace(self.workspace, clock=FixedClock(moment)), self.symbol, self.timeframe)

    def _version(self, horizon: str, version: str) -> LoadedEnsemble:
        if (horizon, version) not in self.loaded:
            self.loaded[horizon, version] = self.loader.load(self.symbol, str(self.timeframe), horizon, version)
        return self.loaded[horizon, version]

    def _versions(self, rows: Sequence[Forecast]) -> Iterator[LoadedEnsemble]:
        for row in rows:
            yield self._version(row.horizon, row.version)

    def _judge(self, served: Sequence[_Served]) -> None:
        asked: dict[str, tuple[LoadedEnsemble, set[datetime]]] = {}
        for item in served:
            for loaded in {id(one): one for one in (item.loaded, *(p for some in item.peers for p in some))}.values():
                asked.setdefault(loaded.manifest.content_hash, (loaded, set()))[1].add(item.ts)
        answers = {key: self.offline.answers(loaded, sorted(moments)) for key, (loaded, moments) in asked.items()}
        for item in served:
            where = (item.source, f"{self.name} {item.forecast.horizon}")
            self._judge_features(where, item.row.frame, self.offline.table(item.loaded).frame, item.loaded)
            self._judge_forecast(where, item, answers)

    def _judge_features(
        self, where: tuple[str, str], row: pl.DataFrame, whole: pl.DataFrame, loaded: LoadedEnsemble
    ) -> None:
        ts = row["ts"][0]
        batch = whole.filter(pl.col("ts") == ts)
        columns = [name for name in (*loaded.manifest.features.names, PAST_RETURN, VOLATILITY) if name in row.columns]
        for name in columns:
            self.report.values += 1
            if _bytes(row[name]) != _bytes(batch[name]):
                self.report.differences.append(Difference(*where, name, ts, row[name][0], batch[name].to_list()[0]))

    def _judge_forecast(
        self, where: tuple[str, str], item: _Served, answers: dict[str, dict[datetime, Recomputed]]
    ) -> None:
        made_at = item.forecast.made_at
        own = answers[item.loaded.manifest.content_hash].get(item.ts)
        if own is None:
            self.report.differences.append(Difference(*where, "forecast", item.ts, "a forecast", None))
            return
        own = own.corrected(self._correction(item.loaded, made_at))
        found = []
        for peers in item.peers:
            shorter = [
                self._correction(peer, made_at).ladder(answers[peer.manifest.content_hash][item.ts].ladder)
                for peer in peers
            ]
            found.append(own.differences(item.forecast, shorter))
        least = min(found, key=len)
        self.report.values += len(own.said) + len(own.ladder)
        self.report.differences += [Difference(*where, name, item.ts, *both) for name, both in least.items()]

    def _correction(self, loaded: LoadedEnsemble, made_at: datetime) -> BandCorrection:
        """What had matured of a cell when something was said, cut out of everything that matured since."""
        key = (loaded.manifest.horizon, loaded.manifest.label_spec.hash, made_at)
        if key not in self.corrections:
            self.corrections[key] = BandCorrection.of(
                row
                for row in self.matured
                if (row.horizon, row.label_spec_hash) == key[:2] and row.evaluated_at < made_at
            )
        return self.corrections[key]

    def _judge_cache(self, loaded: LoadedEnsemble, bars: int) -> None:
        """Extend a fresh cache one bar at a time over the newest bars."""
        manifest, whole = loaded.manifest.features, self.offline.table(loaded).frame
        first = max(1, self.bars.frame.height - bars)
        with tempfile.TemporaryDirectory() as folder:
            backend = LocalBackend(Path(folder) / "features.sqlite")
            cache = FeatureCache(backend, manifest)
            cache.refresh(self.bars.with_frame(self.bars.frame.head(first)))
            for at in range(first, self.bars.frame.height):
                row = cache.extend(self.bars.with_frame(self.bars.frame[at : at + 1])).table.frame
                self._judge_features(("cache", self.name), row, whole, loaded)
                self.report.cached += 1
            backend.close()


def _companions(row: LedgerRow, around: Sequence[LedgerRow], view: View) -> tuple[tuple[Forecast, ...], ...]:
    """Which shorter horizons may have widened a stored row's bands.

    The ledger does not say what else was asked in the same command: the rows written in the same
    moment, those that stood there already, or none.
    """
    said = row.forecast
    own = view.bars_ahead(said.horizon)
    shorter = [
        other
        for other in around
        if (other.forecast.made_at, other.forecast.data_until) == (said.made_at, said.data_until)
        and other.recorded_at <= row.recorded_at
        and view.bars_ahead(other.forecast.horizon) < own
    ]
    together = [other for other in shorter if other.recorded_at == row.recorded_at]
    sets = []
    for some in (together, shorter):
        newest: dict[str, Forecast] = {}
        for other in sorted(some, key=lambda other: other.id):
            newest[other.forecast.horizon] = other.forecast
        sets.append(tuple(sorted(newest.values(), key=lambda one: view.bars_ahead(one.horizon))))
    return _distinct([*sets, ()])


def _distinct(sets: Sequence[tuple[Forecast, ...]]) -> tuple[tuple[Forecast, ...], ...]:
    kept: dict[tuple[tuple[str, str], ...], tuple[Forecast, ...]] = {}
    for some in sets:
        kept.setdefault(tuple((one.horizon, one.version) for one in some), some)
    return tuple(kept.values())


def _bytes(values: pl.Series) -> tuple[bytes, int]:
    return values.to_numpy().tobytes(), values.null_count()

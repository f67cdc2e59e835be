"""The desk: forecasts from versions, bars and features that are kept in memory.

What was predicted is kept under the hash of the bars and the contents of the versions, with the mark of the
store: a new bar, a promotion, a rollback or an outcome that moves the bands makes it be computed again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final

from augury.core.errors import AuguryError, DataError, NotTrained
from augury.core.forecast import Forecast
from augury.core.timeframe import Timeframe
from augury.models.adaptation import MaturedBand
from augury.records.ledger.forecast_pages import ForecastPages
from augury.records.registry.ab import RUNNING, AbTest
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.runs.cells import Cell, plan_cells
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.forecasting import forecast_from
from augury.runs.forecasts.live import Watched, watch
from augury.runs.registry.ab import Drawn, drawn
from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.serving.kept import Kept
from augury.service.serving.memory import settle

VERSIONS_MAX: Final = 512
SERIES_MAX: Final = 256
PREDICTIONS_MAX: Final = 2_048
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_NOBODY: Final[Mapping[Cell, str]] = MappingProxyType({})


@dataclass(frozen=True)
class _Predicted:
    """What was predicted, and until when it stays so."""

    bundle: Bundle
    until: datetime


@dataclass
class Desk:
    """Forecasts for whoever waits; equal, number for number, to :func:`augury.runs.forecasts.forecasting.forecast`.

    Parameters
    ----------
    workspace : Workspace
    """

    workspace: Workspace
    names: Kept[tuple[object, ...], str] = field(default_factory=lambda: Kept(VERSIONS_MAX))
    asked: Kept[tuple[object, ...], LoadedEnsemble] = field(default_factory=lambda: Kept(VERSIONS_MAX))
    predictions: Kept[tuple[object, ...], _Predicted] = field(default_factory=lambda: Kept(PREDICTIONS_MAX))
    versions: Kept[tuple[object, ...], LoadedEnsemble] = field(default_factory=lambda: Kept(VERSIONS_MAX))
    _bands: Kept[tuple[object, ...], Sequence[MaturedBand]] = field(default_factory=lambda: Kept(SERIES_MAX))
    _tests: Kept[tuple[object, ...], Sequence[AbTest]] = field(default_factory=lambda: Kept(1))
    _rosters: Kept[tuple[object, ...], EnsembleLoader] = field(default_factory=lambda: Kept(SERIES_MAX))
    _locks: Kept[tuple[str, str], threading.Lock] = field(default_factory=lambda: Kept(SERIES_MAX * 4))
    _watched: dict[tuple[str, str], Watched] = field(default_factory=dict)

    def forecast(
        self,
        cells: Sequence[Cell],
        *,
        allow_stale: bool = False,
        dry_run: bool = False,
        anew: bool = False,
        instead: Mapping[Cell, str] = _NOBODY,
    ) -> Bundle:
        """Forecast cells of one symbol and timeframe from their champions.

        Parameters
        ----------
        cells : sequence of Cell
        allow_stale : bool
            Use versions older than ``settings.max_age_days``.
        dry_run : bool
            Write nothing into the ledger.
        anew : bool
            Predict again even where the same was asked of the same bars.
        instead : mapping
            Cell to the version that answers in the place of its champion, whatever its age. Such rows are flagged
            ``ab`` and ``shadow``: they are kept and scored, and are nobody else's newest forecast.

        Raises
        ------
        DataError
            The ledger did not take every row that was made.
        AuguryError
            Why the bars cannot be used.
        """
        mark = self.mark()
        champions, errors = self._champions(cells, mark, allow_stale)
        others = self._others(instead, champions, errors, mark)
        answering = champions | others
        if not answering:
            return Bundle(cells[0].symbol, cells[0].timeframe, (), errors=tuple(errors))
        watched = self._knowing(self._watch(cells[0].symbol, Timeframe.parse(cells[0].timeframe)), mark)
        bundle = _flagged(self._predicted(watched, answering, mark, anew), others)
        bundle = replace(bundle, errors=(*errors, *bundle.errors))
        return bundle if dry_run else self._written(bundle)

    def version(self, symbol: str, timeframe: str, horizon: str, version: str, mark: tuple[int, ...]) -> LoadedEnsemble:
        """Return one version by name or alias, whatever its age; read once.

        Parameters
        ----------
        symbol, timeframe, horizon, version : str
        mark : tuple of int
            Of the store now: what an alias points to is looked up once a mark.

        Raises
        ------
        NotFound, NotTrained, CorruptArtifact
            As :meth:`augury.records.registry.loader.EnsembleLoader.load`.
        """
        loader = EnsembleLoader(self.workspace.store)
        (cell,) = plan_cells([symbol], [timeframe], [horizon])
        where = (cell.symbol, cell.timeframe, cell.horizon)
        asked = (symbol, timeframe, horizon, version)
        if version.startswith("@"):
            version = self.names.get((*asked, *mark), lambda: loader.resolve(*where, version))
        loaded = self.versions.get((*where, version), lambda: loader.load(*where, version))
        return self.asked.get((*asked, *mark), lambda: loaded)

    def mark(self) -> tuple[int, ...]:
        """Look whether the store has changed; see :meth:`ForecastPages.mark`."""
        return ForecastPages(self.workspace.store.engine).mark()

    def drawn(self, cells: Sequence[Cell], reader: str, *, remember: bool) -> dict[Cell, Drawn]:
        """Draw which versions answer a reader while A/B tests run; see :func:`augury.runs.registry.ab.drawn`."""
        running = self._tests.get(self.mark()[3:5], partial(self.workspace.store.ab.list, RUNNING))
        return drawn(self.workspace, running, cells, reader, remember=remember)

    def watched(self, symbol: str, timeframe: str) -> Watched:
        """Return what is known of a symbol now."""
        return self._watch(symbol, Timeframe.parse(timeframe))

    def _champions(
        self, cells: Sequence[Cell], mark: tuple[int, ...], allow_stale: bool
    ) -> tuple[dict[Cell, LoadedEnsemble], list[tuple[Cell, AuguryError]]]:
        symbol, timeframe = cells[0].symbol, cells[0].timeframe
        # Aliases and what must abstain decide who answers: the last three numbers of the mark.
        loader = self._rosters.get(
            (symbol, timeframe, *mark[-3:]),
            lambda: EnsembleLoader(self.workspace.store).knowing([symbol], [timeframe]),
        )
        found: dict[Cell, LoadedEnsemble] = {}
        errors: list[tuple[Cell, AuguryError]] = []
        for cell in dict.fromkeys(cells):
            try:
                found[cell] = self._champion(loader, cell, allow_stale)
            except AuguryError as error:
                errors.append((cell, error))
        return found, errors

    def _others(
        self,
        instead: Mapping[Cell, str],
        champions: dict[Cell, LoadedEnsemble],
        errors: list[tuple[Cell, AuguryError]],
        mark: tuple[int, ...],
    ) -> dict[Cell, LoadedEnsemble]:
        """Versions that answer in the place of a champion; one that cannot be read is an error, not its champion."""
        found: dict[Cell, LoadedEnsemble] = {}
        for cell, version in instead.items():
            if cell not in champions or version == champions[cell].manifest.version:
                continue
            try:
                found[cell] = self.version(cell.symbol, cell.timeframe, cell.horizon, version, mark)
            except AuguryError as error:
                del champions[cell]
                errors.append((cell, error))
        return found

    def _champion(self, loader: EnsembleLoader, cell: Cell, allow_stale: bool) -> LoadedEnsemble:
        where = (cell.symbol, cell.timeframe, cell.horizon)
        assert loader.roster is not None
        row = loader.roster.champions.get(where)
        if row is None:
            raise NotTrained(f"ensemble not trained for {cell}", fix=cell.train_command)
        limit = self.workspace.settings.max_age_days
        if not allow_stale and self.workspace.clock.now() - row.trained_at > timedelta(days=limit):
            loader.load_latest_model(*where, max_age_days=limit)  # says how old it is

        def load() -> LoadedEnsemble:
            loaded = loader.load_latest_model(*where, allow_stale=True)
            assert loaded is not None
            settle()
            return loaded

        return self.versions.get((*where, row.version, row.sha256, loader.roster.silenced.get(str(cell))), load)

    def _watch(self, symbol: str, timeframe: Timeframe) -> Watched:
        place = (symbol, str(timeframe))
        with self._locks.get(place, threading.Lock):
            found = watch(self.workspace, symbol, timeframe, self._watched.get(place))
            self._watched.pop(place, None)
            self._watched[place] = found
            while len(self._watched) > SERIES_MAX:
                self._watched.pop(next(iter(self._watched)))
            return found

    def _knowing(self, watched: Watched, mark: tuple[int, ...]) -> Watched:
        """The same with the outcomes that move its bands; they are read again when one was added."""
        view = watched.view
        if view.matured is None:
            return watched
        symbol, timeframe = view.bars.frame["symbol"][0], str(view.bars.timeframe)
        found = self._bands.get((symbol, timeframe, mark[1]), partial(view.matured.list, symbol, timeframe))
        return replace(watched, view=replace(view, scored={symbol: found}))

    def _predicted(
        self, watched: Watched, champions: dict[Cell, LoadedEnsemble], mark: tuple[int, ...], anew: bool
    ) -> Bundle:
        view = watched.view
        said = tuple((str(cell), one.manifest.content_hash, one.manifest.version) for cell, one in champions.items())
        states = tuple((one.degraded, one.silenced) for one in champions.values())
        key = (view.bars.data_version, said, states, mark[1])

        def predict() -> _Predicted:
            with self._locks.get((view.bars.frame["symbol"][0], view.bars.timeframe), threading.Lock):
                bundle = forecast_from(view, champions)
            turns = [row.matures_at for row in bundle.forecasts] + [view.matures_at(2)]
            return _Predicted(bundle, min((turn for turn in turns if turn > view.now), default=_NEVER))

        if anew:
            return predict().bundle
        kept = self.predictions.get(key, predict)
        if kept.until <= view.now:  # a flag has turned since
            self.predictions.drop(key)
            kept = self.predictions.get(key, predict)
        forecasts = tuple(_at(row, view.now) for row in kept.bundle.forecasts)
        return replace(kept.bundle, forecasts=forecasts)

    def _written(self, bundle: Bundle) -> Bundle:
        rows = tuple(self.workspace.store.ledger.append(bundle.forecasts, self.workspace.clock.now()))
        if len(rows) != len(bundle.forecasts):
            raise DataError(f"the ledger took {len(rows)} of {len(bundle.forecasts)} forecasts")
        return replace(bundle, rows=rows)


def desk_of(backend: Backend) -> Desk:
    """Return the desk of a backend, made at its first use."""
    found: Desk = backend.parts.setdefault("desk", Desk(backend.workspace))
    return found


def _flagged(bundle: Bundle, others: Mapping[Cell, LoadedEnsemble]) -> Bundle:
    horizons = {cell.horizon for cell in others}
    flagged = (
        replace(row, flags=tuple(sorted({*row.flags, "ab", "shadow"}))) if row.horizon in horizons else row
        for row in bundle.forecasts
    )
    return replace(bundle, forecasts=tuple(flagged))


def _at(row: Forecast, now: datetime) -> Forecast:
    """The same forecast, said now; a replay stays dated where its data end."""
    return row if "replay" in row.flags else replace(row, made_at=now)

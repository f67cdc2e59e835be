"""From a name to a model that answers: the champion, checked byte by byte, or an honest refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from augury.core.errors import (
    CorruptArtifact,
    ModelError,
    NotTrained,
    StaleModel,
    StoreError,
    TemporaryError,
    UnknownName,
)
from augury.core.labelspec import default_horizons
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.records.default_store import on_the_class_too
from augury.records.loop.controls import ABSTAIN
from augury.records.registry.version_rows import VersionRow, refuse_removed
from augury.records.store import Store

if TYPE_CHECKING:
    from augury.core.prediction import Prediction
    from augury.core.tables import LabelledTable
    from augury.models.ensemble.ensemble import Ensemble

MAX_AGE_DAYS: Final = 60


def read_ensemble(folder: Path) -> Ensemble:
    """Read the ensemble in a checked folder; every member must be there."""
    from augury.models.ensemble.ensemble import Ensemble

    return Ensemble.load(folder, allow_missing=False)


@dataclass(frozen=True)
class LoadedEnsemble:
    """An ensemble in memory and what is known about it.

    Parameters
    ----------
    ensemble : Ensemble
    manifest : VersionManifest
    degraded : bool
        True when an older version had to stand in for a damaged champion, or when the version was
        trained without one of its members.
    silenced : bool
        True when it was withdrawn and none stood before it: it may name no direction.
    """

    ensemble: Ensemble
    manifest: VersionManifest
    degraded: bool = False
    silenced: bool = False


@dataclass(frozen=True)
class Roster:
    """Who answers, as it stood at one moment.

    Parameters
    ----------
    champions : mapping
        (symbol, timeframe, horizon) to the registered version.
    silenced : mapping
        ``SYMBOL timeframe horizon`` to the version that may name no direction.
    """

    champions: Mapping[tuple[str, str, str], VersionRow]
    silenced: Mapping[str, str]


@dataclass(frozen=True)
class EnsembleLoader:
    """Loads versions out of a store. Every call may also be made on the class (default store).

    Parameters
    ----------
    store : Store
    loader : callable, optional
        Reads an ensemble from a folder whose bytes were checked.
    roster : Roster, optional
        Who answers, when that was looked up beforehand; default it is looked up for every call.
    """

    store: Store
    loader: Callable[[Path], Ensemble] = read_ensemble
    roster: Roster | None = None

    def knowing(self, symbols: Sequence[str], timeframes: Sequence[str]) -> EnsembleLoader:
        """Return this loader with a roster: who answers for some symbols and timeframes is looked up once.

        Other cells then have no champion, and what is promoted or silenced later is not seen: use it for one run.
        """
        silenced = {control.subject: str(control.value["version"]) for control in self.store.controls.list(ABSTAIN)}
        return replace(self, roster=Roster(self.store.versions.champion_rows(symbols, timeframes), silenced))

    @on_the_class_too
    def load_latest_model(
        self,
        symbol: str,
        timeframe: str,
        horizon: str | None = None,
        *,
        allow_stale: bool = False,
        max_age_days: int = MAX_AGE_DAYS,
    ) -> LoadedEnsemble | None:
        """Load the version that answers (``@champion``).

        A damaged champion is replaced by the good version that served before it, marked ``degraded``,
        logged and journaled; never silently.

        Parameters
        ----------
        symbol, timeframe : str
        horizon : str, optional
            Defaults to the timeframe's base horizon, or to the shortest one that has a champion.
        allow_stale : bool
            Load it however old it is.
        max_age_days : int
            Age, from training to the store's clock, above which it is refused.

        Returns
        -------
        LoadedEnsemble or None
            None when nothing was ever promoted.

        Raises
        ------
        StaleModel
            Older than ``max_age_days``.
        NotTrained
            The champion is damaged and no good version stands before it.
        """
        timeframe = str(Timeframe.parse(timeframe))
        version = first = self._champion(symbol, timeframe, horizon)
        while version is not None:
            if not allow_stale:
                self._refuse_stale(version, max_age_days)
            try:
                return self._read(version, stands_in=version is not first)
            except CorruptArtifact as error:
                before = self.store.versions.previous(symbol, timeframe, version.horizon, version.version)
                self._warn(version, error, before)
                version = self.store.versions.get(symbol, timeframe, version.horizon, before) if before else None
        if first is None:
            return None
        raise not_trained(symbol, timeframe, f"version {first.version} is damaged and none before it is whole")

    @on_the_class_too
    def load(self, symbol: str, timeframe: str, horizon: str, version: str = "@champion") -> LoadedEnsemble:
        """Load one version by name or by the alias ``@champion`` or ``@challenger``, whatever its age.

        Raises
        ------
        NotFound
            It was never registered, or its files were removed.
        NotTrained
            An alias was asked for and the cell has none.
        CorruptArtifact
            Its bytes are not those of its manifest; nothing stands in for it.
        """
        timeframe, horizon = str(Timeframe.parse(timeframe)), str(Horizon.parse(horizon))
        if version.startswith("@"):
            version = self.resolve(symbol, timeframe, horizon, version)
        return self._read(self.store.versions.get(symbol, timeframe, horizon, version), stands_in=False)

    def resolve(self, symbol: str, timeframe: str, horizon: str, alias: str) -> str:
        """Return the version that ``@champion`` or ``@challenger`` points to.

        Raises
        ------
        NotTrained
            It points to nothing.
        UnknownName
            Another alias.
        """
        versions, where = self.store.versions, (symbol, timeframe, horizon)
        pointed = {"@champion": versions.champion, "@challenger": versions.challenger}
        if alias not in pointed:
            raise UnknownName(f"unknown alias '{alias}' (known: {', '.join(pointed)})")
        version = pointed[alias](*where)
        if version is None and alias == "@champion":
            raise not_trained(symbol, timeframe)
        if version is None:
            fix = f"augury models challenge {symbol} {timeframe} {horizon} --version VERSION"
            raise NotTrained(f"{symbol} {timeframe} {horizon} has no challenger", fix=fix)
        return version

    @on_the_class_too
    def list_available_models(self) -> dict[str, dict[str, list[str]]]:
        """Return symbol to timeframe to the dates (``2026-11-21``) of its versions, newest first."""
        found: dict[str, dict[str, set[str]]] = {}
        for row in self.store.versions.list():
            if row.status != "rejected":
                dates = found.setdefault(row.symbol, {}).setdefault(row.timeframe, set())
                dates.add(f"{row.created_at:%Y-%m-%d}")
        return {
            symbol: {timeframe: sorted(dates, reverse=True) for timeframe, dates in timeframes.items()}
            for symbol, timeframes in found.items()
        }

    @on_the_class_too
    def get_model_info(self, symbol: str, timeframe: str, horizon: str | None = None) -> Json | None:
        """Return the manifest of the version that answers, as a dict; None when there is none.

        The manifest comes from the database: no model is read.
        """
        row = self._champion(symbol, str(Timeframe.parse(timeframe)), horizon)
        return None if row is None else row.manifest.to_json()

    def _champion(self, symbol: str, timeframe: str, horizon: str | None) -> VersionRow | None:
        if self.roster is not None and horizon is not None:
            return self.roster.champions.get((symbol, timeframe, str(Horizon.parse(horizon))))
        champions = self.store.versions.champions(symbol, timeframe)
        if horizon is None:
            base = str(default_horizons(Timeframe(timeframe))[0])
            horizon = base if base in champions else next(iter(champions), None)
        horizon = None if horizon is None else str(Horizon.parse(horizon))
        if horizon is None or horizon not in champions:
            return None
        return self.store.versions.get(symbol, timeframe, horizon, champions[horizon])

    def _read(self, row: VersionRow, *, stands_in: bool) -> LoadedEnsemble:
        where = (row.symbol, row.timeframe, row.horizon)
        refuse_removed(row.symbol, row.timeframe, row.version, row.removed_at)
        folder, manifest = self.store.artifacts.open(*where, row.version, row.manifest)
        if manifest != row.manifest:
            raise CorruptArtifact(
                f"version {manifest.cell} {row.version}: manifest.json (content {manifest.content_hash[:12]}) is not"
                f" the one that was registered (content {row.sha256[:12]})",
                fix=f"augury train --symbol {row.symbol} --timeframe {row.timeframe}",
                file="manifest.json",
            )
        silenced = self.roster.silenced.get(manifest.cell) if self.roster else self.store.controls.silenced(*where)
        return LoadedEnsemble(self.loader(folder), manifest, stands_in or manifest.degraded, silenced == row.version)

    def _warn(self, row: VersionRow, error: CorruptArtifact, before: str | None) -> None:
        """Log a damaged version each time it is met, and journal it once."""
        import structlog

        log = structlog.get_logger("augury.records")
        log.warning(
            "damaged version", symbol=row.symbol, timeframe=row.timeframe, horizon=row.horizon, version=row.version,
            reason=error.message, stands_in=before,
        )  # fmt: skip
        data = {"version": row.version, "stands_in": before, "reason": error.message}
        told = f"{row.version} is damaged; {f'{before} stands in' if before else 'nothing stands in'}: {error.message}"
        cell, level = row.manifest.cell, "error" if before else "critical"
        try:
            known = self.store.journal.list("damaged", cell)
            if data not in [entry.data for entry in known]:
                self.store.journal.add("damaged", cell, level, told, data)
        except (StoreError, TemporaryError) as refused:  # whoever may only read still gets an answer
            log.warning("not journaled", reason=refused.message)

    def _refuse_stale(self, row: VersionRow, max_age_days: int) -> None:
        age = self.store.clock.now() - row.trained_at
        if age > timedelta(days=max_age_days):
            days = math.ceil(age / timedelta(days=1))
            raise StaleModel(
                f"model {row.symbol} {row.timeframe} {row.trained_at:%Y%m%d} is {days} days old (limit {max_age_days})",
                fix=f"augury train --symbol {row.symbol} --timeframe {row.timeframe}, or add --allow-stale",
                version=row.version,
                age_days=days,
            )


@dataclass(frozen=True)
class ProductionEnsemble:
    """What answers in production; it exists before anything was trained too.

    Parameters
    ----------
    loaded : LoadedEnsemble or None
    refusal : ModelError or None
        Why nothing was loaded.
    """

    loaded: LoadedEnsemble | None
    refusal: ModelError | None = None

    @property
    def is_trained(self) -> bool:
        """True when :meth:`predict` answers."""
        return self.loaded is not None

    def predict(self, table: LabelledTable) -> Prediction:
        """Predict the rows of a table.

        Raises
        ------
        ModelError
            Why there is no model; never a made-up answer.
        """
        if self.loaded is None:
            raise self.refusal or NotTrained("nothing was loaded")
        return self.loaded.ensemble.predict(table)


def get_production_ensemble_with_trained_weights(
    symbol: str, timeframe: str, horizon: str | None = None, *, loader: EnsembleLoader | None = None
) -> ProductionEnsemble:
    """Return what answers for a cell; an untrained object instead of an exception.

    Parameters
    ----------
    symbol, timeframe : str
    horizon : str, optional
        As in :meth:`EnsembleLoader.load_latest_model`.
    loader : EnsembleLoader, optional
        Defaults to the store that the settings name.
    """
    load = EnsembleLoader.load_latest_model if loader is None else loader.load_latest_model
    try:
        loaded = load(symbol, timeframe, horizon)
    except ModelError as error:
        return ProductionEnsemble(None, error)
    refusal = not_trained(symbol, str(Timeframe.parse(timeframe))) if loaded is None else None
    return ProductionEnsemble(loaded, refusal)


def not_trained(symbol: str, timeframe: str, reason: str = "") -> NotTrained:
    """Say that there is no model, and which command makes one.

    Examples
    --------
    >>> print(not_trained("AAPL", "d1"))
    no trained model for AAPL d1 -> run: augury train --symbol AAPL --timeframe d1
    """
    message = f"no trained model for {symbol} {timeframe}{': ' if reason else ''}{reason}"
    return NotTrained(message, fix=f"augury train --symbol {symbol} --timeframe {timeframe}")

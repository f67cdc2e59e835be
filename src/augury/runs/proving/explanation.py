"""Explanations of stored forecasts and versions: the rows are fetched here, ``proof.explain`` judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from augury.core.bars import check_symbol
from augury.core.clock import FixedClock
from augury.core.errors import ModelError, UnknownName, UsageError
from augury.core.forecast import Forecast
from augury.core.labelspec import LABELS, default_horizons
from augury.core.metrics.classification import log_losses
from augury.core.suggestion import did_you_mean
from augury.core.tables import VOLATILITY, LabelledTable, Split
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Features, Floats, Json, Probabilities
from augury.core.version import VersionManifest
from augury.labels.splits import time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.ensemble.pooling import signed_score
from augury.models.members import ask
from augury.models.statistical import SeriesMember
from augury.proof.explain.attributions import Attribution, booster_contributions, shapley
from augury.proof.explain.failures import Case, Cause, worst_forecasts
from augury.proof.explain.importance import Importance, permutation_importance
from augury.proof.explain.rationale import Rationale, rationale
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble, not_trained
from augury.runs.cells import Cell
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.view import View, last_row
from augury.runs.jobs.train import label_cell
from augury.runs.proving.reproduction import trained_on
from augury.runs.workspace import Workspace

CLOSES: Final = "closes"
"""What the series members of a version read, as one line beside the features."""


@dataclass(frozen=True)
class Explained:
    """One forecast, its version, the row it was made from, and the slices of its version.

    Parameters
    ----------
    forecast : Forecast
    loaded : LoadedEnsemble
    row : LabelledTable
        One row: the last closed bar.
    split : Split
        Train rows are the background, report rows carry importance and failures.
    """

    forecast: Forecast
    loaded: LoadedEnsemble
    row: LabelledTable
    split: Split

    @property
    def names(self) -> tuple[str, ...]:
        """Features, in order."""
        return self.loaded.manifest.features.names

    def rationale(self) -> Rationale:
        """Share out the score of the ensemble over the features, and the closes where a member reads them.

        The closes are one line: they are either those behind this row or those behind a train row.

        Raises
        ------
        ModelError
            A version of bands only has no score.
        """
        ensemble = self.loaded.ensemble
        if not ensemble.members:
            manifest = self.loaded.manifest
            raise ModelError(f"{manifest.cell} {manifest.version} has bands only: no member, no score to explain")
        train, row = self.split.train, self.row
        here, there = series_answers(ensemble, row), series_answers(ensemble, train)
        if not here:
            found = shapley(lambda X: score_of(ensemble, row, X, {}), row.X[0], train.X, seed=self._seed)
            return rationale(self.names, row.X[0].astype(np.float64), found, self.forecast)
        said = {name: np.concatenate([there[name], here[name]]) for name in here}

        def score(X: Features) -> Floats:
            # The last column says behind which row the closes stand.
            at = X[:, -1].astype(np.int64)
            return score_of(ensemble, row, X[:, :-1], {name: proba[at] for name, proba in said.items()})

        stood = np.arange(len(train) + 1, dtype=np.float32)[:, None]
        found = shapley(score, np.append(row.X[0], stood[-1]), np.hstack([train.X, stood[:-1]]), seed=self._seed)
        values = np.append(row.X[0].astype(np.float64), self.forecast.current_price)
        return rationale((*self.names, CLOSES), values, found, self.forecast)

    def member(self, name: str) -> Attribution | dict[str, tuple[Floats, float]]:
        """Share out one member's answer.

        Parameters
        ----------
        name : str
            Of a member of this version.

        Returns
        -------
        Attribution or dict
            For boosted trees class to (contributions, base) in log-odds, LightGBM's own; for the
            rest the shares of ``p_bullish - p_bearish``.

        Raises
        ------
        UnknownName
            The version has no such member.
        UsageError
            The member reads no feature.
        """
        members = self.loaded.ensemble.members
        if name not in members:
            hint = did_you_mean(name, members)
            raise UnknownName(
                f"this version has no member '{name}'{hint} (its members: {', '.join(members) or 'none'})"
            )
        member = members[name]
        if isinstance(member, SeriesMember):
            raise UsageError(
                f"member '{name}' reads the order of the closes and no feature: there is nothing to share out",
                fix=f"augury explain {self.forecast.symbol}",
            )
        booster = getattr(member, "booster_", None)
        if booster is not None:
            found, base = booster_contributions(booster, self.row.X, self.split.train.X)
            classes = [LABELS[int(code) + 1] for code in member.classes_]
            return {label: (found[0, at], float(base[at])) for at, label in enumerate(classes)}
        return shapley(
            lambda X: signed_score(ask(member, self.row, X)),
            self.row.X[0],
            self.split.train.X,
            seed=self._seed,
        )

    def importance(self) -> list[Importance]:
        """Rise of the log loss of the report rows when groups of correlated features are shuffled."""
        ensemble, table = self.loaded.ensemble, self.split.valid
        said = series_answers(ensemble, table)

        def losses(X: Features) -> Floats:
            pooled = _pooled(ensemble, table, X, said)
            return log_losses(table.y, ensemble.calibrated(pooled))

        bars = table.spec.horizon_bars
        return permutation_importance(losses, table.X, self.names, horizon_bars=bars, seed=self._seed)

    @property
    def _seed(self) -> int:
        return self.loaded.manifest.recipe.seed


def series_answers(ensemble: Ensemble, table: LabelledTable) -> dict[str, Probabilities]:
    """Return what the members that read closes say of each row; empty when there is none."""
    return {name: ask(member, table) for name, member in ensemble.members.items() if isinstance(member, SeriesMember)}


def score_of(ensemble: Ensemble, table: LabelledTable, X: Features, said: Mapping[str, Probabilities]) -> Floats:
    """Return the signed score of the pooled members for rows of features, ``(n,)``.

    Parameters
    ----------
    ensemble : Ensemble
    table : LabelledTable
        Of the version; its own features are not read.
    X : array (n, n_features)
    said : mapping
        Series member to its answers, ``(n, 3)``.
    """
    return signed_score(_pooled(ensemble, table, X, said))


def _pooled(ensemble: Ensemble, table: LabelledTable, X: Features, said: Mapping[str, Probabilities]) -> Probabilities:
    answers = {name: said[name] if name in said else ask(one, table, X) for name, one in ensemble.members.items()}
    # Of one row many features may be tried: its regime stays.
    return ensemble.pooled(answers, np.broadcast_to(table.column(VOLATILITY), len(X)))


def explained(
    workspace: Workspace, name: str, *, timeframe: str | None = None, horizon: str | None = None
) -> Explained:
    """Fetch what is needed to explain a forecast.

    Parameters
    ----------
    workspace : Workspace
        Nothing is written to it.
    name : str
        The id of a row of the ledger, or a symbol: what its champion says at the last closed bar.
    timeframe, horizon : str, optional
        Of the symbol; default ``d1`` and the timeframe's first horizon.

    Raises
    ------
    NotFound
        No such row.
    NotTrained
        The symbol has no champion.
    DataError
        The lake's bars are not those the version was trained on.
    """
    loader = EnsembleLoader(workspace.store)
    if name.isdigit():
        said = workspace.store.ledger.get(int(name)).forecast
        loaded = loader.load(said.symbol, said.timeframe, said.horizon, said.version)
        view = _view(replace(workspace, clock=FixedClock(said.data_until)), loaded.manifest)
        return Explained(said, loaded, last_row(view, loaded), slices(workspace, loaded.manifest))
    symbol, frame = check_symbol(name), Timeframe.parse(timeframe or "d1")
    span = str(Horizon.parse(horizon)) if horizon else str(default_horizons(frame)[0])
    loaded = loader.load(symbol, str(frame), span)
    view = _view(workspace, loaded.manifest)
    bundle = forecasting.forecast_from(view, {Cell(symbol, str(frame), span): loaded})
    for _, error in bundle.errors:
        raise error
    return Explained(bundle.forecasts[0], loaded, last_row(view, loaded), slices(workspace, loaded.manifest))


def failures(
    workspace: Workspace, symbol: str, *, timeframe: str | None = None, horizon: str | None = None, loss: str = "class"
) -> list[Cause]:
    """Rank what the worst report rows of a symbol's champions have in common.

    Parameters
    ----------
    workspace : Workspace
    symbol : str
    timeframe, horizon : str, optional
        Default ``d1`` and every horizon that has a champion.
    loss : str
        See :func:`augury.proof.explain.failures.worst_forecasts`.

    Raises
    ------
    NotTrained
        The symbol has no champion.
    """
    frame = str(Timeframe.parse(timeframe or "d1"))
    wanted = str(Horizon.parse(horizon)) if horizon else None
    champions = workspace.store.versions.champions(check_symbol(symbol), frame)
    spans = [span for span in champions if wanted in (None, span)]
    if not spans:
        raise not_trained(symbol, frame)
    cases = []
    for span in spans:
        loaded = EnsembleLoader(workspace.store).load(symbol, frame, span)
        table = slices(workspace, loaded.manifest).valid
        cases.append(Case(span, table, loaded.ensemble.predict(table)))
    return worst_forecasts(cases, loss=loss)


def slices(workspace: Workspace, manifest: VersionManifest) -> Split:
    """Return the train and report rows of a version, made from its bars again."""
    bars = trained_on(workspace, manifest)
    recipe = manifest.recipe
    table = label_cell(bars, Cell(manifest.symbol, manifest.timeframe, manifest.horizon), recipe)
    return time_ordered(table.restricted(manifest.features).known(), recipe.train_fraction)


def facts(found: Rationale, explained: Explained) -> Json:
    """Write an explanation as a JSON object."""
    forecast, manifest = explained.forecast, explained.loaded.manifest
    return {
        "cell": manifest.cell,
        "version": manifest.version,
        "data_until": forecast.data_until,
        "synthetic": manifest.synthetic,
        "sentences": list(found.sentences),
        "contributions": [line.to_json() for line in found.lines],
    }


def _view(workspace: Workspace, manifest: VersionManifest) -> View:
    return View.of(workspace, manifest.symbol, Timeframe.parse(manifest.timeframe))

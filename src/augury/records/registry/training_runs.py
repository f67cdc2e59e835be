"""Training runs: one row for every attempt, the failed ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select

from augury.core.errors import UnknownName
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.registry.registration import symbol_id
from augury.records.tables import RUN_STATUSES, symbols, training_runs


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One attempt to train a cell.

    Parameters
    ----------
    symbol, timeframe : str
    horizon : str or None
        None when it failed before the horizons were looked at.
    run_date : datetime
        When it began.
    status : str
        ``succeeded``, ``failed`` or ``interrupted``.
    seconds : float
        Wall time, >= 0.
    error_message : str or None
        Why it did not succeed; None when it did.
    version, models_artifact_path : str or None
        What came of it; null when nothing did.
    settings : dict
        The recipe.
    n_training_samples, n_validation_samples, lookback_days : int or None
    ensemble_validation_accuracy, ci_low, ci_high, baseline_accuracy : float or None
    model_performances, weights : dict
        Member to its scores and to its weight.
    """

    symbol: str
    timeframe: str
    horizon: str | None
    run_date: datetime
    status: str
    seconds: float
    error_message: str | None = None
    version: str | None = None
    models_artifact_path: str | None = None
    settings: Json = field(default_factory=dict)
    lookback_days: int | None = None
    n_training_samples: int | None = None
    n_validation_samples: int | None = None
    ensemble_validation_accuracy: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    baseline_accuracy: float | None = None
    model_performances: Json = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


_JSON = ("settings", "model_performances", "weights")
_PLAIN = tuple(name for name in TrainingRun.__dataclass_fields__ if name not in ("symbol", *_JSON))


@dataclass(frozen=True)
class TrainingRuns:
    """The training runs of a store.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def add(self, run: TrainingRun) -> int:
        """Write a run and return its key.

        Raises
        ------
        UnknownName
            Not a status.
        StoreError
            A failure without a reason, or a success with one.
        """
        if run.status not in RUN_STATUSES:
            raise UnknownName(f"unknown status '{run.status}' (known: {', '.join(RUN_STATUSES)})")
        values = {name: getattr(run, name) for name in _PLAIN}
        values |= {f"{name}_json": getattr(run, name) for name in _JSON}
        with transaction(self.engine) as connection:
            values["symbol_id"] = symbol_id(connection, run.symbol)
            added = insert(training_runs).values(**values).returning(training_runs.c.id)
            return int(connection.execute(added).scalar_one())

    def list(
        self, symbol: str | None = None, timeframe: str | None = None, limit: int = 100, *, before: int | None = None
    ) -> Sequence[TrainingRun]:
        """Return at most ``limit`` runs, the last written first; ``before`` a key those that were written earlier."""
        return [run for _, run in self.keyed(symbol, timeframe, limit, before=before)]

    def keyed(
        self, symbol: str | None = None, timeframe: str | None = None, limit: int = 100, *, before: int | None = None
    ) -> Sequence[tuple[int, TrainingRun]]:
        """As :meth:`list`, each run with its key."""
        wanted = select(training_runs, symbols.c.ticker).join(symbols, symbols.c.id == training_runs.c.symbol_id)
        if symbol is not None:
            wanted = wanted.where(symbols.c.ticker == symbol)
        if timeframe is not None:
            wanted = wanted.where(training_runs.c.timeframe == timeframe)
        if before is not None:
            wanted = wanted.where(training_runs.c.id < before)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(training_runs.c.id.desc()).limit(limit)).all()
        return [(row.id, _read(row)) for row in rows]


def _read(row: Row[Any]) -> TrainingRun:
    found = row._mapping
    values = {name: found[name] for name in _PLAIN} | {name: found[f"{name}_json"] for name in _JSON}
    return TrainingRun(symbol=row.ticker, **values)

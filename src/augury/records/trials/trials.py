"""The trial ledger: every configuration ever scored on a dataset, so that the best of them can be deflated.

A trial is a configuration (its kind and the hash of its settings) on a dataset. Scored again it is the
same trial; on more bars of the same dataset it is the same trial with another figure. Rows are only added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, Row, Select, func, insert, or_, select

import augury
from augury.core.clock import Clock
from augury.core.errors import DataError, NotFound
from augury.core.hashing import sha256_bytes, sha256_json
from augury.core.typing import Floats, Json
from augury.proof.selection import METRICS, Deflated, deflate, deflate_correlation
from augury.records.database import reading, transaction
from augury.records.trials.tables import trials as table

_BYTES: Final = "<f8"
"""A series is kept as its doubles, little-endian: the bytes that are hashed."""


@dataclass(frozen=True)
class Trial:
    """One configuration, scored.

    Parameters
    ----------
    dataset : str
        Name that stays when bars are added, e.g. ``d1/SPY``, or a hash of data that has none.
    data_version : str
        Content hash of the data (64 hex).
    kind : str
        What was scored, e.g. ``train``, ``backtest``, ``tuning``.
    settings : dict
        The whole configuration: what differs here is another trial.
    metric : str
        ``sharpe`` (annualised), ``rank_ic``, ``ic`` or another score.
    value : float or None
        None for a trial that failed or whose score is undefined; it was tried all the same.
    n : float
        Rows or periods that count.
    series : (T,) or None
        One value a period, of a Sharpe ratio or a coefficient.
    horizon_bars : int
        h >= 1: periods that overlap.
    scored_at, software : datetime, str
        Filled in when it is recorded.
    """

    dataset: str
    data_version: str
    kind: str
    settings: Json
    metric: str
    value: float | None
    n: float
    series: Floats | None = field(default=None, compare=False)
    horizon_bars: int = 1
    scored_at: datetime | None = None
    software: str = ""

    @property
    def config_hash(self) -> str:
        """Hash of the settings (64 hex)."""
        return sha256_json(self.settings)

    @property
    def series_hash(self) -> str | None:
        """Hash of the series (64 hex)."""
        return None if self.series is None else sha256_bytes(_packed(self.series))


@dataclass(frozen=True)
class Trials:
    """The trials of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when a trial is recorded.
    """

    engine: Engine
    clock: Clock

    def record(self, trial: Trial) -> bool:
        """Write a trial; False when the same configuration was scored on these very data before.

        Raises
        ------
        DataError
            A value or a series that is not finite, or no dataset.
        """
        _check(trial)
        with transaction(self.engine) as connection:
            if self._known(connection, trial):
                return False
            connection.execute(
                insert(table).values(
                    **{name: getattr(trial, name) for name in _PLAIN},
                    config_hash=trial.config_hash,
                    settings_json=trial.settings,
                    series=None if trial.series is None else _packed(trial.series),
                    series_hash=trial.series_hash,
                    scored_at=self.clock.now(),
                    software=f"augury {augury.__version__}",
                )
            )
        return True

    def count(self, data: str) -> int:
        """Count the configurations ever scored on a dataset, by its name or by a data version."""
        wanted = select(table.c.dataset, table.c.kind, table.c.config_hash).where(_on(data)).distinct()
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())

    def list(self, data: str | None = None, limit: int = 100) -> Sequence[Trial]:
        """Return at most ``limit`` trials, the last written first."""
        wanted = select(table) if data is None else select(table).where(_on(data))
        return self._read(wanted.order_by(table.c.id.desc()).limit(limit))

    def page(
        self, data: str | None = None, *, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, Trial]]:
        """Return at most ``limit`` trials with their numbers, the newest first; ``before`` continues."""
        wanted = select(table) if data is None else select(table).where(_on(data))
        wanted = wanted if before is None else wanted.where(table.c.id < before)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(table.c.id.desc()).limit(limit)).all()
        return [(row.id, _trial(row)) for row in rows]

    def deflated(self, trial: Trial) -> Deflated:
        """Deflate a trial's value by the number of configurations scored on its dataset, this one included.

        PBO and the variance across trials come from the recorded series of the same metric and length
        on the same data version. A trial given without its series takes the recorded one; one that was
        never recorded counts as one more.

        Raises
        ------
        DataError
            The metric is not one of selection (``sharpe``, ``rank_ic``, ``ic``), or nothing was measured.

        """
        if trial.metric not in METRICS or (trial.value is None and trial.series is None):
            raise DataError(f"a {trial.metric} of {trial.value} is not deflated (rule: only {', '.join(METRICS)})")
        with reading(self.engine) as connection:
            new = not self._tried(connection, trial)
        trial = trial if trial.series is not None else self._recorded(trial) or trial
        count = self.count(trial.dataset) + new
        if trial.series is not None:
            others = self._series_beside(trial)
            return deflate(
                trial.series, trials=count, metric=trial.metric, others=others, horizon_bars=trial.horizon_bars
            )
        if trial.metric == "sharpe" or trial.value is None:
            raise DataError("a Sharpe ratio is deflated from its returns; this trial has none")
        return deflate_correlation(trial.value, trial.n, trials=count, metric=trial.metric)

    def best(self, data: str, metric: str) -> Trial:
        """Return the trial of the highest value on a dataset.

        Raises
        ------
        NotFound
            No trial has that metric.
        """
        found = self._read(
            select(table)
            .where(_on(data), table.c.metric == metric, table.c.value.is_not(None))
            .order_by(table.c.value.desc(), table.c.id)
            .limit(1)
        )
        if not found:
            raise NotFound(f"no trial with a {metric} was scored on {data}", fix="augury trials list")
        return found[0]

    def _series_beside(self, trial: Trial) -> Floats | None:
        """The series of the trials on the same periods as columns, this one once among them."""
        assert trial.series is not None
        rows = self._read(
            select(table)
            .where(
                table.c.dataset == trial.dataset,
                table.c.data_version == trial.data_version,
                table.c.metric == trial.metric,
                table.c.horizon_bars == trial.horizon_bars,
                func.length(table.c.series) == 8 * len(trial.series),
            )
            .order_by(table.c.id)
        )
        own = (trial.kind, trial.config_hash)
        others = [row.series for row in rows if row.series is not None and (row.kind, row.config_hash) != own]
        return np.column_stack([trial.series, *others]) if others else None

    def _recorded(self, trial: Trial) -> Trial | None:
        """The trial as it was recorded with the same value on the same data, with its series if it had one."""
        same = (table.c.kind == trial.kind, table.c.config_hash == trial.config_hash, table.c.value == trial.value)
        found = self._read(select(table).where(_on(trial.data_version), table.c.dataset == trial.dataset, *same))
        return next((one for one in found if one.metric == trial.metric), None)

    def _known(self, connection: Connection, trial: Trial) -> bool:
        same = _same(trial).where(table.c.data_version == trial.data_version, table.c.metric == trial.metric)
        return connection.execute(same.limit(1)).first() is not None

    def _tried(self, connection: Connection, trial: Trial) -> bool:
        return connection.execute(_same(trial).limit(1)).first() is not None

    def _read(self, wanted: Select[Any]) -> Sequence[Trial]:
        with reading(self.engine) as connection:
            return [_trial(row) for row in connection.execute(wanted)]


_PLAIN: Final = tuple(
    item.name for item in fields(Trial) if item.name not in ("settings", "series", "scored_at", "software")
)


def _same(trial: Trial) -> Select[Any]:
    return select(table.c.id).where(
        table.c.dataset == trial.dataset, table.c.kind == trial.kind, table.c.config_hash == trial.config_hash
    )


def _on(data: str) -> Any:
    return or_(table.c.dataset == data, table.c.data_version == data)


def _check(trial: Trial) -> None:
    series = trial.series
    if not trial.dataset or not trial.kind or not trial.metric:
        raise DataError("a trial needs a dataset, a kind and a metric; one of them is empty")
    if trial.value is not None and not math.isfinite(trial.value):
        raise DataError(f"a trial's {trial.metric} is {trial.value}: what is undefined is null, never NaN")
    if trial.metric == "sharpe" and trial.value is not None and series is None:
        raise DataError("a Sharpe ratio is recorded with its returns: without them it could not be deflated")
    if series is not None and (series.ndim != 1 or not np.isfinite(series).all()):
        raise DataError(f"a trial's series is one finite value a period; found shape {series.shape}")


def _packed(series: Floats) -> bytes:
    return np.ascontiguousarray(series, dtype=_BYTES).tobytes()


def _trial(row: Row[Any]) -> Trial:
    found = row._mapping
    plain = {name: found[name] for name in (*_PLAIN, "scored_at", "software")}
    series = None if found["series"] is None else np.frombuffer(found["series"], dtype=_BYTES).astype(np.float64)
    return Trial(settings=found["settings_json"], series=series, **plain)

"""Drift: what every daily check found, cell by cell and feature by feature, and who served when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, Table, and_, delete, insert, not_, select

from augury.core.typing import Json
from augury.proof.drift.features import FeatureShift
from augury.proof.drift.metrics import PerformanceMetrics
from augury.records.database import reading, transaction
from augury.records.ledger.chain import LedgerRow, read_row
from augury.records.ledger.flags import is_shadow
from augury.records.ledger.ledger import ledger_rows
from augury.records.loop.tables import feature_drift
from augury.records.registry.aliases import CHAMPION
from augury.records.registry.registration import symbol_id
from augury.records.tables import alias_log, drift_monitoring, forecasts, model_versions, symbols

_PLAIN: Final = (
    *("timeframe", "date", "accuracy", "n_predictions", "n_eff", "baseline_accuracy", "drift_margin"),
    *("p_value", "level", "drift_detected", "data_date"),
)
_SHIFT: Final = ("timeframe", "date", "feature", "psi", "ks", "wasserstein", "limit", "flagged")


@dataclass(frozen=True, slots=True)
class Served:
    """The version that answered for a cell at a moment.

    Parameters
    ----------
    symbol, timeframe, horizon, version : str
    manifest : dict
        As JSON.
    family : frozenset of str
        The version and those it was refreshed from with the very same members: what they said is
        evidence for it.
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    manifest: Json
    family: frozenset[str]


@dataclass(frozen=True)
class Drift:
    """The checks of a store: one row a symbol, timeframe and day.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def record(self, rows: Sequence[PerformanceMetrics], created_at: datetime) -> int:
        """Write the rows of a check in one transaction and return how many.

        A check repeated on the same day takes the place of the earlier one: outcomes may have come.
        """
        with transaction(self.engine) as connection:
            for row in rows:
                here = {"symbol_id": symbol_id(connection, row.symbol), "timeframe": row.timeframe, "date": row.date}
                values = {name: getattr(row, name) for name in _PLAIN} | here | {"created_at": created_at}
                values["notes_json"] = list(row.notes)
                _replace(connection, drift_monitoring, here, values)
        return len(rows)

    def list(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
    ) -> Sequence[PerformanceMetrics]:
        """Return stored rows by day, symbol and timeframe, the oldest first.

        Parameters
        ----------
        symbol, timeframe : str, optional
            Only these.
        since, until : date, optional
            Only days with ``since <= date <= until``.
        """
        table = drift_monitoring.c
        wanted = select(drift_monitoring, symbols.c.ticker).join(symbols, symbols.c.id == table.symbol_id)
        given = ((symbols.c.ticker, symbol), (table.timeframe, timeframe))
        wanted = wanted.where(*(column == str(value) for column, value in given if value is not None))
        if since is not None:
            wanted = wanted.where(table.date >= since)
        if until is not None:
            wanted = wanted.where(table.date <= until)
        with reading(self.engine) as connection:
            found = connection.execute(wanted.order_by(table.date, symbols.c.ticker, table.timeframe)).all()
        return [_read(row) for row in found]

    def record_features(self, symbol: str, timeframe: str, day: date, shifts: Sequence[FeatureShift]) -> int:
        """Write how far each feature of a cell moved, in place of the same day's earlier figures."""
        with transaction(self.engine) as connection:
            here = {"symbol_id": symbol_id(connection, symbol), "timeframe": timeframe, "date": day}
            rows = [here | {name: getattr(one, name) for name in _SHIFT[2:]} for one in shifts]
            connection.execute(delete(feature_drift).where(_at(feature_drift, here)))
            if rows:
                connection.execute(insert(feature_drift), rows)
        return len(rows)

    def features(self, symbol: str, timeframe: str, day: date | None = None) -> Sequence[FeatureShift]:
        """Return the figures of a day by name of feature; without a day those of the newest."""
        table = feature_drift.c
        mine = (symbols.c.ticker == symbol, table.timeframe == timeframe)
        wanted = select(feature_drift).join(symbols, symbols.c.id == table.symbol_id).where(*mine)
        if day is not None:
            wanted = wanted.where(table.date == day)
        with reading(self.engine) as connection:
            found = connection.execute(wanted.order_by(table.date.desc(), table.feature)).all()
        return [
            FeatureShift(**{name: row._mapping[name] for name in _SHIFT[2:]})
            for row in found
            if row.date == found[0].date
        ]

    def matured(self, since: datetime, until: datetime) -> Sequence[LedgerRow]:
        """Return the served rows of the ledger with ``since <= matures_at < until``, in order of maturity."""
        table = forecasts.c
        wanted = ledger_rows().where(table.matures_at >= since, table.matures_at < until, not_(is_shadow()))
        with reading(self.engine) as connection:
            return [read_row(row) for row in connection.execute(wanted.order_by(table.matures_at, table.id))]

    def served(self, until: datetime) -> Sequence[Served]:
        """Return the version that answered for each cell at a moment, by symbol, timeframe and horizon.

        For a moment before its first promotion, the version that was promoted first.
        """
        with reading(self.engine) as connection:
            moved = connection.execute(
                select(alias_log.c.version_id, alias_log.c.updated_at, symbols.c.ticker)
                .add_columns(alias_log.c.timeframe, alias_log.c.horizon)
                .join(symbols, symbols.c.id == alias_log.c.symbol_id)
                .where(alias_log.c.alias == CHAMPION)
                .order_by(alias_log.c.updated_at, alias_log.c.id)
            ).all()
            serving: dict[tuple[str, str, str], int] = {}
            for row in moved:
                cell = (row.ticker, row.timeframe, row.horizon)
                if row.updated_at < until or cell not in serving:
                    serving[cell] = row.version_id
            table = model_versions.c
            rows = connection.execute(select(table.id, table.version, table.parent_id, table.manifest_json)).all()
        by_id = {row.id: row for row in rows}
        return [
            Served(*cell, by_id[key].version, by_id[key].manifest_json, _family(key, by_id))
            for cell, key in sorted(serving.items())
        ]


def _family(key: int, by_id: Mapping[int, Any]) -> frozenset[str]:
    """A version and its ancestors, as far back as the files of the members are the same."""
    members, names = _members(by_id[key]), set[str]()
    at: int | None = key
    while at is not None and _members(by_id[at]) == members:
        names.add(by_id[at].version)
        at = by_id[at].parent_id
    return frozenset(names)


def _members(row: Any) -> Json:
    return {path: sha for path, sha in row.manifest_json["files"].items() if path.startswith("members/")}


def _at(table: Table, here: Json) -> Any:
    return and_(*(table.c[name] == value for name, value in here.items()))


def _replace(connection: Any, table: Table, here: Json, values: Json) -> None:
    connection.execute(delete(table).where(_at(table, here)))
    connection.execute(insert(table).values(**values))


def _read(row: Row[Any]) -> PerformanceMetrics:
    plain = {name: row._mapping[name] for name in _PLAIN}
    return PerformanceMetrics(symbol=row.ticker, notes=tuple(row.notes_json or ()), **plain)

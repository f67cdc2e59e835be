"""Forecasts a page at a time, each beside what became of it; and the mark that says whether anything changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, func, not_, select

from augury.records.database import reading
from augury.records.ledger.chain import LedgerRow, read_row
from augury.records.ledger.flags import is_shadow, was_served
from augury.records.ledger.ledger import ledger_rows
from augury.records.loop.controls import ABSTAIN
from augury.records.loop.tables import ab_tests, consensus, controls
from augury.records.tables import alias_log, forecast_evaluations, forecast_heads, forecasts, model_versions

_CAME: Final = tuple(column.name for column in forecast_evaluations.columns if column.name != "forecast_id")
_MARKS: Final = (
    select(func.max(forecasts.c.id)),
    # Its key is that of the forecast, which does not grow with time: rows are counted instead.
    select(func.count()).select_from(forecast_evaluations),
    select(func.max(consensus.c.id)),
    # Tests are begun once and end once: both counts together tell which run.
    select(func.count()).select_from(ab_tests),
    select(func.count(ab_tests.c.ended_at)),
    select(func.max(alias_log.c.id)),
    select(func.max(controls.c.set_at)).where(controls.c.name.like(f"{ABSTAIN}%")),
    select(func.count()).where(controls.c.name.like(f"{ABSTAIN}%")),
)
_MARK: Final = select(*(one.scalar_subquery() for one in _MARKS))


@dataclass(frozen=True, slots=True)
class Realised:
    """What came of one forecast; fields as in :class:`augury.core.outcome.Outcome`."""

    evaluated_at: datetime
    realised_price: float
    realised_return: float
    realised_label: str
    direction_correct: bool | None
    error_pct: float
    covered50: bool
    covered80: bool
    covered95: bool
    pinball: float
    brier: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Told:
    """A forecast of the ledger, and what came of it; None until that is known."""

    row: LedgerRow
    realised: Realised | None


@dataclass(frozen=True)
class ForecastPages:
    """What was forecast and served; what challengers said in the shadow is not in it.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def page(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        version: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        latest: bool = False,
        before: int | None = None,
        limit: int | None = 100,
    ) -> Sequence[Told]:
        """Return at most ``limit`` forecasts, the last written first.

        Parameters
        ----------
        symbol, timeframe, horizon, version : str, optional
            Only these.
        since, until : datetime, optional
            Only those with ``since <= made_at < until``.
        latest : bool
            Only the newest of each symbol, timeframe and horizon.
        before : int, optional
            Only those written before the row of this key; rows written meanwhile shift nothing.
        limit : int, optional
            None for all.
        """
        wanted = _told(ledger_rows(symbol, timeframe, horizon))
        if latest:
            wanted = wanted.join(forecast_heads, forecasts.c.id == _newest_of_its_cell())
        else:
            wanted = wanted.where(not_(is_shadow()))
        if version is not None:
            wanted = wanted.where(model_versions.c.version == version)
        if since is not None:
            wanted = wanted.where(forecasts.c.made_at >= since)
        if until is not None:
            wanted = wanted.where(forecasts.c.made_at < until)
        if before is not None:
            wanted = wanted.where(forecasts.c.id < before)
        return self._read(wanted.order_by(forecasts.c.id.desc()).limit(limit))

    def get(self, forecast_id: int) -> Told | None:
        """Return one forecast that was served, to a reader of an A/B test too; None where there is none of that key."""
        wanted = _told(ledger_rows()).where(forecasts.c.id == forecast_id, was_served())
        return next(iter(self._read(wanted)), None)

    def mark(self) -> tuple[int, ...]:
        """Return numbers that differ once a forecast, an outcome, a consensus, a test or a move of an alias came.

        Only tables that grow and never change are looked at, which tests run, and what must abstain.
        """
        with reading(self.engine) as connection:
            row = connection.execute(_MARK).one()
        return tuple(_number(value) for value in row)

    def _read(self, wanted: Select[Any]) -> Sequence[Told]:
        with reading(self.engine) as connection:
            return [Told(read_row(row), _realised(row)) for row in connection.execute(wanted)]


def _told(wanted: Select[Any]) -> Select[Any]:
    beside = (forecast_evaluations.c[name].label(f"came_{name}") for name in _CAME)
    return wanted.add_columns(*beside).outerjoin(
        forecast_evaluations, forecast_evaluations.c.forecast_id == forecasts.c.id
    )


def _newest_of_its_cell() -> Any:
    said = forecasts.alias("said")
    cell = (said.c[name] == forecast_heads.c[name] for name in ("symbol_id", "timeframe", "horizon"))
    served = select(said.c.id).where(*cell, not_(is_shadow(said))).order_by(said.c.seq.desc()).limit(1)
    return served.correlate(forecast_heads).scalar_subquery()


def _realised(row: Row[Any]) -> Realised | None:
    found = row._mapping
    if found["came_evaluated_at"] is None:
        return None
    return Realised(**{name: found[f"came_{name}"] for name in _CAME})


def _number(value: int | datetime | None) -> int:
    return round(value.timestamp() * 1e6) if isinstance(value, datetime) else int(value or 0)

"""Evaluations: what became of every forecast, written once when its day has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, Row, Select, func, insert, not_, select

from augury.core.forecast import QUANTILES
from augury.core.outcome import Outcome
from augury.records.database import reading, transaction
from augury.records.ledger.flags import has_flag, is_shadow
from augury.records.tables import forecast_evaluations, forecasts, label_specs, model_versions, symbols

_CHUNK: Final = 5000
_STORED: Final = tuple(column.name for column in forecast_evaluations.columns)
# As text: compared as JSON, the pattern itself would be written as JSON first.
_REPLAY: Final = has_flag("replay")
_ABSTAINED: Final = has_flag("abstain")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Due:
    """A forecast whose moment has passed and that was not scored yet, with its own label spec.

    Parameters
    ----------
    forecast_id : int
    symbol, timeframe, horizon, version : str
    horizon_bars : int
    threshold : float
    price_field : str
        Of the label spec it was made with.
    made_at, data_until, matures_at : datetime
    label : str
    probabilities : tuple of float
        Bearish, neutral, bullish.
    confidence, expected_return : float
    quantiles : tuple of float
        In the order of ``QUANTILES``.
    abstained, replay : bool
        Its flags: no direction was named; it was said of bars whose outcome was known already.
    """

    forecast_id: int
    symbol: str
    timeframe: str
    horizon: str
    version: str
    horizon_bars: int
    threshold: float
    price_field: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    label: str
    probabilities: tuple[float, float, float]
    confidence: float
    expected_return: float
    quantiles: tuple[float, ...]
    abstained: bool
    replay: bool


@dataclass(frozen=True)
class Evaluations:
    """The scored forecasts of a store.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def record(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes in one transaction and return how many were new.

        A forecast is scored once: an outcome whose forecast has one already is left out, whatever it says.

        Raises
        ------
        StoreError
            An outcome of a forecast that is not in the ledger; nothing was written.
        """
        if not outcomes:
            return 0
        table = forecast_evaluations
        with transaction(self.engine) as connection:
            known: set[int] = set()
            for part in _parts([outcome.forecast_id for outcome in outcomes]):
                known |= set(
                    connection.execute(select(table.c.forecast_id).where(table.c.forecast_id.in_(part))).scalars()
                )
            fresh = {outcome.forecast_id: outcome for outcome in reversed(outcomes) if outcome.forecast_id not in known}
            rows = [{name: getattr(fresh[key], name) for name in _STORED} for key in sorted(fresh)]
            if rows:
                connection.execute(insert(table), rows)
        return len(rows)

    def due(self, until: datetime) -> Sequence[Due]:
        """Return the forecasts that matured at or before a moment and were not scored, in order of maturity."""
        wanted = (
            _joined()
            .outerjoin(forecast_evaluations, forecast_evaluations.c.forecast_id == forecasts.c.id)
            .where(forecasts.c.matures_at <= until, forecast_evaluations.c.forecast_id.is_(None))
            .order_by(forecasts.c.matures_at, forecasts.c.id)
        )
        with reading(self.engine) as connection:
            return [_due(row) for row in connection.execute(wanted)]

    def list(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        version: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        replay: bool | None = None,
        shadow: bool = False,
        limit: int | None = None,
    ) -> Sequence[Outcome]:
        """Return scored forecasts in order of maturity, the oldest first.

        Parameters
        ----------
        symbol, timeframe, horizon, version : str, optional
            Only these.
        since, until : datetime, optional
            Only those with ``since <= matures_at < until``.
        replay : bool, optional
            True for replays only, False without them; None for both.
        shadow : bool
            What challengers said beside the champions instead of what was served.
        limit : int, optional
            Only as many, the newest.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from augury.records.store import Store
        >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        ...     store.evaluations.list("SPY", "d1")
        []
        """
        wanted = _joined(*forecast_evaluations.columns).join(
            forecast_evaluations, forecast_evaluations.c.forecast_id == forecasts.c.id
        )
        given = (
            (symbols.c.ticker, symbol),
            (forecasts.c.timeframe, timeframe),
            (forecasts.c.horizon, horizon),
            (model_versions.c.version, version),
        )
        wanted = wanted.where(*(column == str(value) for column, value in given if value is not None))
        wanted = wanted.where(is_shadow() if shadow else not_(is_shadow()))
        if since is not None:
            wanted = wanted.where(forecasts.c.matures_at >= since)
        if until is not None:
            wanted = wanted.where(forecasts.c.matures_at < until)
        if replay is not None:
            wanted = wanted.where(_REPLAY if replay else not_(_REPLAY))
        newest = wanted.order_by(forecasts.c.matures_at.desc(), forecasts.c.id.desc()).limit(limit)
        with reading(self.engine) as connection:
            return [_outcome(row) for row in reversed(connection.execute(newest).all())]

    def counts(self) -> dict[str, int]:
        """Count the scored forecasts of each outcome, replays included."""
        table = forecast_evaluations
        with reading(self.engine) as connection:
            rows = connection.execute(select(table.c.outcome, func.count()).group_by(table.c.outcome)).all()
        return dict(sorted(Counter({word: int(number) for word, number in rows}).items()))

    def replays(self, forecast_ids: Sequence[int]) -> frozenset[int]:
        """Return which of these forecasts were said of bars whose outcome was known already."""
        found: set[int] = set()
        with reading(self.engine) as connection:
            for part in _parts(forecast_ids):
                found |= set(
                    connection.execute(select(forecasts.c.id).where(_REPLAY, forecasts.c.id.in_(part))).scalars()
                )
        return frozenset(found)


_SAID: Final = (
    *("timeframe", "horizon", "made_at", "data_until", "matures_at", "label", "confidence", "expected_return"),
    *("p_bearish", "p_neutral", "p_bullish", *QUANTILES),
)
_NAMED: Final = tuple(item.name for item in fields(Outcome) if item.name not in ("abstained", *_STORED))


def _joined(*beside: Any) -> Select[Any]:
    return (
        select(
            forecasts.c.id.label("ledger_id"),
            *(forecasts.c[name] for name in _SAID),
            symbols.c.ticker.label("symbol"),
            model_versions.c.version,
            label_specs.c.horizon_bars,
            label_specs.c.threshold,
            label_specs.c.price_field,
            _ABSTAINED.label("abstained"),
            _REPLAY.label("replay"),
            *beside,
        )
        .select_from(forecasts)
        .join(symbols, symbols.c.id == forecasts.c.symbol_id)
        .join(model_versions, model_versions.c.id == forecasts.c.version_id)
        .join(label_specs, label_specs.c.id == forecasts.c.label_spec_id)
    )


def _due(row: Row[Any]) -> Due:
    found = row._mapping
    plain = {
        item.name: found[item.name]
        for item in fields(Due)
        if item.name not in ("forecast_id", "probabilities", "quantiles", "abstained", "replay")
    }
    return Due(
        **plain,
        forecast_id=row.ledger_id,
        probabilities=(row.p_bearish, row.p_neutral, row.p_bullish),
        quantiles=tuple(found[name] for name in QUANTILES),
        abstained=bool(row.abstained),
        replay=bool(row.replay),
    )


def _outcome(row: Row[Any]) -> Outcome:
    found = row._mapping
    return Outcome(**{name: found[name] for name in (*_NAMED, *_STORED)}, abstained=bool(row.abstained))


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut a list so that each part fits the bound parameters of one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]

"""What was forecast, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from augury.core.bars import check_symbol
from augury.core.errors import NotFound
from augury.core.forecast import QUANTILES, Forecast
from augury.core.timeframe import Horizon, Timeframe
from augury.records.ledger.chain import LedgerRow
from augury.records.ledger.forecast_pages import ForecastPages, Realised, Told
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer

Scope = Literal["ledger", "latest"]


class Band(Answer):
    """Returns between which the outcome lies with a probability of ``level`` percent."""

    level: int
    low: float
    high: float


class RealisedAnswer(Answer):
    """What came. Returns are simple and fractions; ``error_pct`` is the realised less the expected one, a fraction."""

    evaluated_at: datetime
    realised_price: float
    realised_return: float
    realised_label: str
    direction_correct: bool | None
    error_pct: float | None
    covered50: bool
    covered80: bool
    covered95: bool
    pinball: float | None
    brier: float | None
    outcome: str


class SaidAnswer(Answer):
    """What a forecast says. Returns are simple and fractions of ``current_price``."""

    symbol: str
    timeframe: str
    horizon: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    version: str
    verdict: str
    label: str
    p_bearish: float
    p_neutral: float
    p_bullish: float
    confidence: float
    agreement: float | None
    current_price: float
    expected_return: float
    bands: list[Band]
    quantiles: dict[str, float]
    weights: dict[str, float]
    flags: list[str]
    data_hash: str


class ForecastAnswer(SaidAnswer):
    """One row of the ledger; ``outcome`` is null until it has matured and was scored."""

    id: int
    recorded_at: datetime
    row_hash: str
    outcome: RealisedAnswer | None = None


class ForecastPage(Answer):
    """Rows of the ledger, the last written first; ``next`` is the cursor of the page after it, null on the last."""

    forecasts: list[ForecastAnswer]
    next: str | None = None


def forecasts(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None,
    limit: int = 100, *, version: str | None = None, since: datetime | None = None, until: datetime | None = None,
    view: Scope = "ledger", cursor: str | None = None,
) -> ForecastPage:  # fmt: skip
    """Return what was forecast and served; what challengers said in the shadow is not in it."""
    where = (
        check_symbol(symbol) if symbol else None,
        str(Timeframe.parse(timeframe)) if timeframe else None,
        str(Horizon.parse(horizon)) if horizon else None,
        version,
    )
    question = {"of": "forecasts", "where": list(where), "since": since, "until": until, "view": view}
    after = read_cursor(cursor, question, int)
    found = ForecastPages(backend.workspace.store.engine).page(
        *where, since=since, until=until, latest=view == "latest", before=after[0] if after else None, limit=limit + 1
    )
    shown = found[:limit]
    behind = write_cursor(question, [shown[-1].row.id]) if len(found) > limit else None
    return ForecastPage(forecasts=[told_answer(one) for one in shown], next=behind)


def forecast(backend: Backend, forecast_id: int) -> ForecastAnswer:
    """Return one forecast.

    Raises
    ------
    NotFound
        None of that id was served.
    """
    found = ForecastPages(backend.workspace.store.engine).get(forecast_id)
    if found is None:
        raise NotFound(f"no forecast {forecast_id}", fix="augury forecasts list")
    return told_answer(found)


def told_answer(told: Told) -> ForecastAnswer:
    """Write a row of the ledger and what came of it as an answer."""
    return forecast_answer(told.row, told.realised)


def forecast_answer(row: LedgerRow, realised: Realised | None = None) -> ForecastAnswer:
    """Write a row of the ledger as an answer."""
    came = None if realised is None else RealisedAnswer(**asdict(realised))
    own = {"id": row.id, "recorded_at": row.recorded_at, "row_hash": row.row_hash, "outcome": came}
    return ForecastAnswer(**said(row.forecast) | own)


def said(row: Forecast) -> dict[str, Any]:
    """Name what a forecast says as the answers do."""
    same = {name: getattr(row, name) for name in SaidAnswer.model_fields if hasattr(row, name)}
    bands = [Band(level=level, low=row.band(level)[0], high=row.band(level)[1]) for level in (50, 80, 95)]
    return same | {
        "bands": bands, "quantiles": {name: row.quantiles[name] for name in QUANTILES}, "flags": list(row.flags),
    }  # fmt: skip

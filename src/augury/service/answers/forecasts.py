"""What was forecast, and what became of it."""

from __future__ import annotations

from datetime import datetime

from augury.core.bars import check_symbol
from augury.core.forecast import QUANTILES
from augury.core.timeframe import Horizon, Timeframe
from augury.records.chain import LedgerRow
from augury.service.backend import Backend
from augury.service.strict import Answer


class Band(Answer):
    """Returns between which the outcome lies with a probability of ``level`` percent."""

    level: int
    low: float
    high: float


class ForecastAnswer(Answer):
    """One row of the ledger. Returns are simple and fractions of ``current_price``."""

    id: int
    symbol: str
    timeframe: str
    horizon: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    recorded_at: datetime
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
    row_hash: str


class ForecastPage(Answer):
    """Rows of the ledger, the last written first."""

    forecasts: list[ForecastAnswer]


def forecasts(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None,
    limit: int = 100,
) -> ForecastPage:  # fmt: skip
    """Return what was forecast and served; what challengers said in the shadow is not in it."""
    rows = backend.workspace.store.ledger.list(
        check_symbol(symbol) if symbol else None,
        str(Timeframe.parse(timeframe)) if timeframe else None,
        str(Horizon.parse(horizon)) if horizon else None,
        limit,
    )
    return ForecastPage(forecasts=[forecast_answer(row) for row in rows])


def forecast_answer(row: LedgerRow) -> ForecastAnswer:
    """Write a row of the ledger as an answer."""
    said = row.forecast
    same = {name: getattr(said, name) for name in ForecastAnswer.model_fields if hasattr(said, name)}
    bands = [Band(level=level, low=said.band(level)[0], high=said.band(level)[1]) for level in (50, 80, 95)]
    quantiles = {name: said.quantiles[name] for name in QUANTILES}
    own = {"id": row.id, "recorded_at": row.recorded_at, "row_hash": row.row_hash}
    return ForecastAnswer(**same | own | {"bands": bands, "quantiles": quantiles, "flags": list(said.flags)})

"""Consensus: what the timeframes of a symbol say together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from augury.core.bars import check_symbol
from augury.core.timeframe import Horizon
from augury.records.ledger.consensus import ConsensusRow
from augury.runs.forecasts.consensus import latest, quality_of
from augury.service.answers.forecasts import Band
from augury.service.backend import Backend
from augury.service.strict import Answer


class VoiceAnswer(Answer):
    """What one timeframe says. ``target`` is a simple return, ``handoff`` how surely it hands on to the next."""

    timeframe: str
    horizon: str
    row_hash: str
    label: str
    confidence: float
    target: float
    weight: float
    handoff: float | None
    abstained: bool


class ConsensusAnswer(Answer):
    """The newest consensus of a horizon. Returns are simple and fractions of ``current_price``.

    ``n_eff`` is how many independent sources speak; below 1.2 of them there is no agreement. ``quality`` is judged
    now: confidence and agreement, aged by the hours the market was open since.
    """

    symbol: str
    horizon: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    recorded_at: datetime
    label: str
    confidence: float
    agreement: float | None
    n_eff: float
    current_price: float
    expected_return: float
    bands: list[Band]
    quantiles: dict[str, float]
    voices: list[VoiceAnswer]
    handoffs: list[tuple[str, str, float]]
    flags: list[str]
    ladder: dict[str, Any] | None
    quality: float | None
    issues: list[str]
    row_hash: str


class ConsensusPage(Answer):
    """The newest consensus of each horizon of a symbol, the shortest first."""

    symbol: str
    consensus: list[ConsensusAnswer]


_BANDS = {50: ("q25", "q75"), 80: ("q10", "q90"), 95: ("q025", "q975")}


def consensus(backend: Backend, symbol: str, horizon: str | None = None) -> ConsensusPage:
    """Return the newest consensus of each horizon of a symbol; empty before the first."""
    wanted = str(Horizon.parse(horizon)) if horizon else None
    rows = [row for row in latest(backend.workspace, check_symbol(symbol)) if wanted in (None, row.consensus.horizon)]
    return ConsensusPage(symbol=symbol, consensus=[_answer(backend, row) for row in rows])


def _answer(backend: Backend, row: ConsensusRow) -> ConsensusAnswer:
    said, judged = row.consensus, quality_of(row.consensus, backend.workspace)
    bands = [
        Band(level=level, low=said.quantiles[low], high=said.quantiles[high]) for level, (low, high) in _BANDS.items()
    ]
    return ConsensusAnswer(
        **said.to_json(), recorded_at=row.recorded_at, bands=bands, quality=judged.value, issues=list(judged.issues),
        row_hash=row.row_hash,
    )  # fmt: skip

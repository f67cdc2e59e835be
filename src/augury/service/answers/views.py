"""The three views of one symbol: by timeframe, by horizon, and what the timeframes say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal

from augury.core.bars import check_symbol
from augury.core.errors import NotFound
from augury.core.forecast import Forecast
from augury.core.timeframe import Horizon
from augury.models.consensus import Consensus, Voice
from augury.models.consensus.handoff import CASCADE
from augury.records.ledger.forecast_pages import ForecastPages, Told
from augury.runs.forecasts.consensus import latest
from augury.service.answers.forecasts import Band, ForecastAnswer, told_answer
from augury.service.backend import Backend
from augury.service.strict import Answer

View = Literal["timeframe", "horizon", "consensus"]
_ORDER: Final = tuple(str(frame) for frame in CASCADE)
_BASE_SHARE: Final = 0.5
_DAY_MINUTES: Final = 1440


class HandoffAnswer(Answer):
    """How surely a shorter timeframe hands on to the next longer one, 0 to 1."""

    shorter: str
    longer: str
    confidence: float


class GroupForecast(ForecastAnswer):
    """A forecast inside a view.

    ``weight`` is its share of the view, 0 to 1; ``handoff`` how surely it hands on to its neighbours, null
    without a partner or before the next consensus.
    """

    weight: float
    handoff: float | None


class TimeframeView(Answer):
    """What one timeframe says. The base horizon weighs one half, the others share the rest by confidence."""

    timeframe: str
    base_horizon: str
    extended_horizons: list[str]
    handoff_confidence: float | None
    generated_at: datetime
    current_price: float
    forecasts: list[GroupForecast]


class HorizonView(Answer):
    """What the timeframes say about one stretch of trading time, in the order in which they hand on."""

    horizon: str
    agreement: float | None
    n_eff: float | None
    handoffs: list[HandoffAnswer]
    forecasts: list[GroupForecast]


class ConsensusView(Answer):
    """What the timeframes say together. Below 1.2 effective sources (``n_eff``) there is no agreement."""

    horizon: str
    label: str
    confidence: float
    agreement: float | None
    n_eff: float
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    current_price: float
    expected_return: float
    bands: list[Band]
    timeframes: list[str]
    handoffs: list[HandoffAnswer]
    flags: list[str]


class Views(Answer):
    """One view of a symbol; the other two are null."""

    symbol: str
    view: View
    timeframes: list[TimeframeView] | None = None
    horizons: list[HorizonView] | None = None
    consensus: list[ConsensusView] | None = None


def forecast_views(backend: Backend, symbol: str, view: View) -> Views:
    """Return one view of the newest forecasts of a symbol.

    Raises
    ------
    NotFound
        Nothing was forecast for it.
    """
    told = ForecastPages(backend.workspace.store.engine).page(check_symbol(symbol), latest=True, limit=None)
    if not told:
        raise NotFound(f"nothing was forecast for {symbol}", fix=f"augury forecast --symbol {symbol}")
    agreed = [row.consensus for row in latest(backend.workspace, symbol)]
    if view == "timeframe":
        return Views(symbol=symbol, view=view, timeframes=_by_timeframe(told, agreed))
    if view == "horizon":
        return Views(symbol=symbol, view=view, horizons=_by_horizon(told, agreed))
    return Views(symbol=symbol, view=view, consensus=[_together(one) for one in agreed])


def consensus_weights(said: Iterable[Forecast]) -> list[float]:
    """Weigh the forecasts of one timeframe, the base horizon first: it has one half, the others share the rest.

    Parameters
    ----------
    said : forecasts
        The base horizon first.
    """
    confidences = [row.confidence for row in said]
    if len(confidences) == 1:
        return [1.0]
    rest = sum(confidences[1:])
    return [_BASE_SHARE, *((1 - _BASE_SHARE) * one / rest for one in confidences[1:])]


def _by_timeframe(told: Iterable[Told], agreed: Iterable[Consensus]) -> list[TimeframeView]:
    voices = _voices(agreed)
    groups: dict[str, list[Told]] = {}
    for one in sorted(told, key=lambda one: (_rank(one.row.forecast.timeframe), _length(one.row.forecast.horizon))):
        groups.setdefault(one.row.forecast.timeframe, []).append(one)
    found = []
    for timeframe, group in groups.items():
        weights = consensus_weights(one.row.forecast for one in group)
        rows = [_grouped(one, weight, voices) for one, weight in zip(group, weights, strict=True)]
        handoffs = [row.handoff for row in rows if row.handoff is not None]
        newest = max(group, key=lambda one: one.row.forecast.made_at).row.forecast
        found.append(
            TimeframeView(
                timeframe=timeframe, base_horizon=rows[0].horizon, extended_horizons=[row.horizon for row in rows[1:]],
                handoff_confidence=sum(handoffs) / len(handoffs) if handoffs else None, generated_at=newest.made_at,
                current_price=newest.current_price, forecasts=rows,
            )
        )  # fmt: skip
    return found


def _by_horizon(told: Iterable[Told], agreed: Iterable[Consensus]) -> list[HorizonView]:
    known = {one.row.row_hash: one for one in told}
    found = []
    for one in agreed:
        voices = [voice for voice in one.voices if voice.row_hash in known]
        rows = [_grouped(known.pop(voice.row_hash), voice.weight, {voice.row_hash: voice}) for voice in voices]
        if rows:
            found.append(_horizon(one.horizon, one, rows))
    # Forecasts newer than the last consensus stand alone until the next one is formed.
    found += [_horizon(alone.row.forecast.horizon, None, [_grouped(alone, 1.0, {})]) for alone in known.values()]
    return sorted(found, key=lambda view: _length(view.horizon))


def _horizon(horizon: str, one: Consensus | None, rows: list[GroupForecast]) -> HorizonView:
    return HorizonView(
        horizon=horizon, agreement=one.agreement if one else None, n_eff=one.n_eff if one else None,
        handoffs=_handoffs(one) if one else [], forecasts=sorted(rows, key=lambda row: _rank(row.timeframe)),
    )  # fmt: skip


def _together(one: Consensus) -> ConsensusView:
    same = {name: getattr(one, name) for name in ConsensusView.model_fields if hasattr(one, name)}
    pairs = ((50, "q25", "q75"), (80, "q10", "q90"), (95, "q025", "q975"))
    bands = [Band(level=level, low=one.quantiles[low], high=one.quantiles[high]) for level, low, high in pairs]
    spoken = [voice.timeframe for voice in one.voices]
    own = {"bands": bands, "timeframes": spoken, "handoffs": _handoffs(one), "flags": list(one.flags)}
    return ConsensusView(**same | own)


def _handoffs(one: Consensus) -> list[HandoffAnswer]:
    return [HandoffAnswer(shorter=short, longer=long, confidence=value) for short, long, value in one.handoffs]


def _voices(agreed: Iterable[Consensus]) -> dict[str, Voice]:
    return {voice.row_hash: voice for one in agreed for voice in one.voices}


def _grouped(told: Told, weight: float, voices: Mapping[str, Voice]) -> GroupForecast:
    voice = voices.get(told.row.row_hash)
    own = told_answer(told)
    return GroupForecast(**dict(own), weight=weight, handoff=None if voice is None else voice.handoff)


def _rank(timeframe: str) -> int:
    return _ORDER.index(timeframe) if timeframe in _ORDER else -1


def _length(horizon: str) -> float:
    return Horizon.parse(horizon).sessions(_DAY_MINUTES)

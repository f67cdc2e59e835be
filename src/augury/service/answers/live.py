"""A forecast made now: what is said, the chart around it, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

import polars as pl
from pydantic import Field

from augury.core.errors import AuguryError
from augury.core.forecast import Forecast
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import market_calendar
from augury.models.ensemble.fusion import FusionSettings
from augury.runs.cells import plan_cells
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.chart import Order, Style, orders, smoothed
from augury.runs.registry.ab import Drawn
from augury.service.answers.forecasts import Band, SaidAnswer, said
from augury.service.backend import Backend
from augury.service.problems import without_places
from augury.service.serving.charts import OVERLAY_BARS, Past, charts_of
from augury.service.serving.desk import desk_of
from augury.service.serving.freshness import freshness_of
from augury.service.strict import Answer, Strict


class Floors(Strict):
    """Least probability of a rise to buy, of a fall to sell; larger trades less."""

    buy: float = Field(default=0.0, ge=0, le=1)
    sell: float = Field(default=0.0, ge=0, le=1)


class Thresholds(Strict):
    """Probabilities from which the classifier fires, and the return beyond which the regressor is all or nothing."""

    buy: float = Field(default=0.4, ge=0, le=1)
    sell: float = Field(default=0.4, ge=0, le=1)
    regressor: float | None = Field(default=None, ge=0)


class FusionBody(Strict):
    """How opinions become positions."""

    mode: Literal[
        "classifier", "regressor", "hybrid", "weighted", "gbm_only", "gbm_heavy", "balanced", "lstm_heavy"
    ] = "hybrid"
    thresholds: Thresholds = Thresholds()
    scale: float = Field(default=20.0, gt=0)
    max_short: float = Field(default=0.5, ge=0, le=1)


class ForecastBody(Strict):
    """What to forecast and how to show it. Without ``horizons`` those of the timeframe that have a champion."""

    symbol: str = Field(min_length=1, max_length=24, examples=["^GSPC"])
    timeframe: str = Field(default="d1", max_length=8, examples=["d1"])
    horizons: list[str] = Field(default=[], max_length=12, examples=[["5d"]])
    days_on_chart: int = Field(default=90, ge=1, le=1000, description="Bars of history on the chart.")
    smoothing: Literal["none", "ema", "moving_average"] = "none"
    confidence_floors: Floors = Floors()
    trade_share_floor: float = Field(default=0.0, ge=0, le=1)
    fusion: FusionBody = FusionBody()
    risk_profile: Literal["conservative", "balanced", "aggressive"] = "balanced"
    allow_stale: bool = False
    dry_run: bool = False


class PriceBand(Answer):
    """Prices between which the outcome lies with a probability of 80 %, and the median."""

    low: float
    median: float
    high: float


class Candle(Answer):
    """One bar."""

    date: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float


class Marker(Answer):
    """A bar at which the position changed."""

    date: datetime
    action: str
    position: float
    price: float


class Ahead(Answer):
    """What is forecast, one entry a horizon, the shortest first. Returns and positions are fractions."""

    horizons: list[str]
    dates: list[datetime]
    prices: list[float]
    returns: list[float]
    positions: list[float]
    fused_positions: list[float]
    classifier_probabilities: list[tuple[float, float, float]]
    bands: list[list[Band]]
    actions: list[str]


class Refusal(Answer):
    """A horizon that could not be forecast, and why."""

    horizon: str
    code: str
    detail: str
    fix: str


class Arm(Answer):
    """The A/B test that asks about a horizon, and the arm that answers this caller: always the same."""

    test: str
    arm: str
    version: str


class Metadata(Answer):
    """Where it all comes from. ``versions`` and ``tests`` have a horizon each; most are in no test."""

    versions: dict[str, str]
    tests: dict[str, Arm]
    data_hash: str
    as_of: datetime
    fusion_mode: str
    fallbacks: list[str]
    flags: list[str]
    written: bool


class LiveForecast(Answer):
    """A forecast made now and the chart around it.

    The past of the chart is of the first horizon and as the ledger holds it: null on bars on which nothing was said.
    ``actual_returns`` are simple returns over that horizon from each bar, null until they are known.
    """

    symbol: str
    timeframe: str
    horizon: str
    dates: list[datetime]
    prices: list[float]
    actual_returns: list[float | None]
    predicted_returns: list[float | None]
    predicted_prices: list[PriceBand | None]
    fused_positions: list[float | None]
    classifier_probabilities: list[tuple[float, float, float] | None]
    trade_markers: list[Marker]
    overlays: dict[str, list[float | None]]
    candles: list[Candle]
    forecast: Ahead
    forecasts: list[SaidAnswer]
    forecast_ids: list[int]
    refused: list[Refusal]
    metadata: Metadata


def forecast_now(backend: Backend, body: ForecastBody, *, reader: str, anew: bool = False) -> LiveForecast:
    """Forecast a symbol from the versions that answer a reader; unless it is a dry run the ledger gets the rows.

    Those are the champions; where an A/B test runs, the version that it draws for this reader.

    Raises
    ------
    AuguryError
        No horizon could be forecast: the reason of the first.
    """
    cells = plan_cells([body.symbol], [body.timeframe], body.horizons)
    if not body.horizons:
        champions = backend.workspace.store.versions.champions(body.symbol, cells[0].timeframe)
        cells = plan_cells([body.symbol], [body.timeframe], list(champions)) if champions else cells
    desk = desk_of(backend)
    drawn = desk.drawn(cells, reader, remember=not body.dry_run)
    instead = {cell: one.version for cell, one in drawn.items()}
    bundle = desk.forecast(cells, allow_stale=body.allow_stale, dry_run=body.dry_run, anew=anew, instead=instead)
    if not bundle.forecasts:
        raise bundle.errors[0][1]
    if not body.dry_run:
        freshness_of(backend).bump()
    return _charted(backend, body, bundle, {cell.horizon: one for cell, one in drawn.items()})


def _charted(backend: Backend, body: ForecastBody, bundle: Bundle, drawn: dict[str, Drawn]) -> LiveForecast:
    style = style_of(body)
    first = bundle.forecasts[0]
    desk, charts = desk_of(backend), charts_of(backend)
    bars, mark = desk.watched(bundle.symbol, bundle.timeframe).view.bars, desk.mark()
    ahead = Horizon.parse(first.horizon).bars(Timeframe.parse(bundle.timeframe), market_calendar(bars.calendar))
    shown = charts.bars(bars, ahead).tail(body.days_on_chart)
    past = charts.past(bundle, shown["ts"][0], mark)
    ordered = charts.orders(past[first.horizon], style, bundle, mark)
    by_date = {one.forecast.data_until.date(): one for one in ordered}
    told = [by_date.get(moment.date()) for moment in shown["ts"]]
    return LiveForecast(
        symbol=bundle.symbol, timeframe=bundle.timeframe, horizon=first.horizon,
        dates=shown["ts"].to_list(), prices=shown["close"].to_list(), actual_returns=shown["came"].to_list(),
        predicted_returns=[one.expected_return if one else None for one in told],
        predicted_prices=[_prices(one.forecast) if one else None for one in told],
        fused_positions=[one.fused if one else None for one in told],
        classifier_probabilities=[one.probabilities if one else None for one in told],
        trade_markers=_markers(ordered), overlays=_overlays(shown, body.smoothing), candles=_candles(shown),
        forecast=_ahead(backend, bundle, past, style),
        forecasts=[SaidAnswer(**said(row)) for row in bundle.forecasts],
        forecast_ids=[row.id for row in bundle.rows],
        refused=[_refusal(backend, cell.horizon, error) for cell, error in bundle.errors],
        metadata=_metadata(body, bundle, ordered, drawn),
    )  # fmt: skip


def style_of(body: ForecastBody) -> Style:
    """Read how forecasts become positions."""
    given = body.fusion
    fusion = FusionSettings(
        given.mode, given.thresholds.buy, given.thresholds.sell, given.scale, given.max_short,
        given.thresholds.regressor,
    )  # fmt: skip
    floors = body.confidence_floors
    return Style(body.smoothing, fusion, floors.buy, floors.sell, body.trade_share_floor, body.risk_profile)


def _ahead(backend: Backend, bundle: Bundle, past: Past, style: Style) -> Ahead:
    made: list[Order] = []
    for row in bundle.forecasts:
        before = [one.forecast.expected_return for one in past[row.horizon]]
        value = smoothed([*before, row.expected_return], style.smoothing)[-1]
        (one,) = orders(backend.workspace, [replace(row, expected_return=value)], replace(style, smoothing="none"))
        made.append(one)
    rows = bundle.forecasts
    return Ahead(
        horizons=[row.horizon for row in rows], dates=[row.matures_at for row in rows],
        prices=[row.current_price * (1 + row.quantiles["q50"]) for row in rows],
        returns=[one.expected_return for one in made], positions=[one.position for one in made],
        fused_positions=[one.fused for one in made], classifier_probabilities=[one.probabilities for one in made],
        bands=[
            [Band(level=level, low=row.band(level)[0], high=row.band(level)[1]) for level in (50, 80, 95)]
            for row in rows
        ],
        actions=[one.action for one in made],
    )  # fmt: skip


def _markers(ordered: list[Order]) -> list[Marker]:
    held, found = 0.0, []
    for one in ordered:
        if one.position != held:
            action = "BUY" if one.position > held else "SELL"
            said_at, price = one.forecast.data_until, one.forecast.current_price
            found.append(Marker(date=said_at, action=action, position=one.position, price=price))
            held = one.position
    return found


def _overlays(shown: pl.DataFrame, smoothing: str) -> dict[str, list[float | None]]:
    found = {f"close_mean_{OVERLAY_BARS}": shown["average"].to_list()}
    if smoothing != "none":
        found[f"close_{smoothing}"] = list(smoothed(shown["close"].to_list(), smoothing))
    return found


def _candles(shown: pl.DataFrame) -> list[Candle]:
    columns = (shown[name].to_list() for name in ("ts", "open", "high", "low", "close"))
    return [
        Candle(date=date, open=opened, high=high, low=low, close=close)
        for date, opened, high, low, close in zip(*columns, strict=True)
    ]


def _prices(row: Forecast) -> PriceBand:
    low, median, high = (row.current_price * (1 + row.quantiles[name]) for name in ("q10", "q50", "q90"))
    return PriceBand(low=low, median=median, high=high)


def _refusal(backend: Backend, horizon: str, error: AuguryError) -> Refusal:
    detail, fix = without_places(backend, error.message), without_places(backend, error.fix)
    return Refusal(horizon=horizon, code=error.code, detail=detail, fix=fix)


def _metadata(body: ForecastBody, bundle: Bundle, ordered: list[Order], drawn: dict[str, Drawn]) -> Metadata:
    rows = bundle.forecasts
    arms = {row.horizon: drawn[row.horizon] for row in rows if row.horizon in drawn}
    return Metadata(
        versions={row.horizon: row.version for row in rows},
        tests={horizon: Arm(test=one.test, arm=one.arm, version=one.version) for horizon, one in arms.items()},
        data_hash=rows[0].data_hash, as_of=rows[0].data_until,
        fusion_mode=body.fusion.mode, fallbacks=sorted({one.fallback for one in ordered if one.fallback}),
        flags=sorted({flag for row in rows for flag in row.flags}), written=bool(bundle.rows),
    )  # fmt: skip

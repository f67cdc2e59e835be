"""The time machine: what was said on a day or for it, rebuilt and compared."""

from __future__ import annotations

from datetime import date

from augury.core.bars import check_symbol
from augury.runs.proving.time_machine import Remembered, as_of
from augury.service.answers.forecasts import ForecastAnswer, RealisedAnswer, forecast_answer
from augury.service.backend import Backend
from augury.service.strict import Answer


class RememberedAnswer(Answer):
    """One row of the ledger with what came, and what the same version says when it is asked again.

    ``equal`` is null when nothing was rebuilt; ``reason`` says why a rebuild differs or was not possible.
    """

    forecast: ForecastAnswer
    content_hash: str
    rebuilt_hash: str | None
    equal: bool | None
    reason: str


class AsOf(Answer):
    """What was said of a symbol on a day (UTC), from data up to it, or for it, in the order of writing."""

    symbol: str
    day: date
    rebuilt: bool
    rows: list[RememberedAnswer]


def asof(backend: Backend, symbol: str, day: date, timeframe: str | None = None, *, rebuild: bool = False) -> AsOf:
    """Return what was forecast on a day or for it; empty when nothing was."""
    found = as_of(backend.workspace, check_symbol(symbol), day, timeframe=timeframe, rebuild=rebuild)
    return AsOf(symbol=symbol, day=day, rebuilt=rebuild, rows=[_answer(one, rebuild) for one in found])


def _answer(one: Remembered, rebuild: bool) -> RememberedAnswer:
    came = one.outcome
    realised = came and RealisedAnswer(**{name: getattr(came, name) for name in RealisedAnswer.model_fields})
    return RememberedAnswer(
        forecast=forecast_answer(one.row).model_copy(update={"outcome": realised}),
        content_hash=one.row.forecast.content_hash, rebuilt_hash=one.rebuilt, equal=one.equal if rebuild else None,
        reason=one.reason,
    )  # fmt: skip

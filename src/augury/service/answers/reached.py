"""What versions reached on the forecasts they really made, once their day had come."""

from __future__ import annotations

from augury.core.bars import check_symbol
from augury.core.timeframe import Timeframe
from augury.runs.forecasts.live_scores import live_scores
from augury.service.answers.scores import ScoreAnswer, score_answer
from augury.service.backend import Backend
from augury.service.strict import Answer


class ReachedAnswer(Answer):
    """What one version reached on its matured forecasts; ``accuracy`` is null where all abstained."""

    symbol: str
    timeframe: str
    horizon: str
    version: str
    n: int
    accuracy: ScoreAnswer | None
    coverage80: ScoreAnswer
    abstained: int


class Reached(Answer):
    """One row a cell and version; ``matured`` counts the forecasts behind all of them."""

    replays: bool
    matured: int
    scores: list[ReachedAnswer]


def reached(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, replays: bool = False
) -> Reached:
    """Return what versions reached on their matured forecasts."""
    where = check_symbol(symbol) if symbol else None, str(Timeframe.parse(timeframe)) if timeframe else None
    rows = [
        ReachedAnswer(
            symbol=row.symbol, timeframe=row.timeframe, horizon=row.horizon, version=row.version,
            n=row.covered80.n, accuracy=score_answer(row.accuracy) if row.accuracy else None,
            coverage80=score_answer(row.covered80), abstained=row.abstained,
        )
        for row in live_scores(backend.workspace, *where, replays=replays)
    ]  # fmt: skip
    return Reached(replays=replays, matured=sum(row.n for row in rows), scores=rows)

"""Explanations: what made a forecast say what it says."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

from augury.core.errors import NotFound
from augury.runs.proving.explanation import explained, facts
from augury.service.backend import Backend
from augury.service.strict import Answer

KEPT: Final = 500
"""Explanations kept in memory: a written forecast and its version never change, so neither does its explanation."""


class ContributionAnswer(Answer):
    """One line: what a feature was, and what it added to the score, with the ends of its 95 % interval.

    ``base`` is the usual score, ``score`` this one (bullish less bearish probability), ``80 % band`` the returns.
    """

    what: str
    value: float | None
    share: float | None
    low: float | None
    high: float | None
    n: int


class ExplanationAnswer(Answer):
    """Why a forecast says what it says; every number of the sentences stands in the contributions."""

    forecast_id: int
    cell: str
    version: str
    data_until: datetime
    synthetic: bool
    sentences: list[str]
    contributions: list[ContributionAnswer]


def explanation(backend: Backend, forecast_id: int) -> ExplanationAnswer:
    """Share out the score of a written forecast over its features.

    Raises
    ------
    NotFound
        No such forecast, or its version has bands only and no score.
    DataError
        The bars are not those the version was trained on.
    """
    kept: OrderedDict[int, ExplanationAnswer] = backend.parts.setdefault("explanations", OrderedDict())
    if forecast_id not in kept:
        asked = explained(backend.workspace, str(forecast_id))
        if not asked.loaded.ensemble.members:
            manifest = asked.loaded.manifest
            raise NotFound(f"{manifest.cell} {manifest.version} has bands only: there is no score to explain")
        kept[forecast_id] = ExplanationAnswer(forecast_id=forecast_id, **facts(asked.rationale(), asked))
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return kept[forecast_id]

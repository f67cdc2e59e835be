"""Two versions side by side."""

from __future__ import annotations

from typing import Any

from augury.runs.registry.comparison import compare_versions
from augury.service.answers.models import VersionSummary, cell_of, named, version_summary
from augury.service.answers.scores import ScoreAnswer, deflated_of, score_answer
from augury.service.backend import Backend
from augury.service.strict import Answer


class ScorePair(Answer):
    """One score of both, each on its own report rows; null where a version has none."""

    name: str
    a: ScoreAnswer | None
    b: ScoreAnswer | None


class SettingPair(Answer):
    """One setting that differs, by its dotted name."""

    name: str
    a: Any
    b: Any


class WeightPair(Answer):
    """The weight of a member in both; null where it takes no part."""

    member: str
    a: float | None
    b: float | None


class ComparisonAnswer(Answer):
    """What tells two versions apart. ``paired`` is B minus A on the same matured forecasts, better is positive."""

    a: VersionSummary
    b: VersionSummary
    scores: list[ScorePair]
    settings: list[SettingPair]
    features_only_a: list[str]
    features_only_b: list[str]
    weights: list[WeightPair]
    paired: list[ScoreAnswer]
    verdict: str


def comparison(backend: Backend, symbol: str, timeframe: str, horizon: str, a: str, b: str) -> ComparisonAnswer:
    """Compare two versions of a cell, each by its name, ``@champion`` or ``@challenger``."""
    store = backend.workspace.store
    cell = cell_of(symbol, timeframe, horizon)
    found = compare_versions(backend.workspace, cell, *(named(backend, cell, one) for one in (a, b)))
    where = (cell.symbol, cell.timeframe, cell.horizon)
    left, right = (version_summary(store.versions.get(*where, one.version)) for one in (found.a, found.b))
    deflated = [deflated_of(backend, one) for one in (found.a, found.b)]
    scores = [
        ScorePair(name=name, a=score_answer(one, deflated[0]) if one else None,
                  b=score_answer(two, deflated[1]) if two else None)
        for name, one, two in found.scores
    ]  # fmt: skip
    return ComparisonAnswer(
        a=left, b=right, scores=scores,
        settings=[SettingPair(name=name, a=one, b=two) for name, (one, two) in found.settings.items()],
        features_only_a=list(found.features_only_a), features_only_b=list(found.features_only_b),
        weights=[WeightPair(member=name, a=one, b=two) for name, (one, two) in found.weights.items()],
        paired=[score_answer(score) for score in found.paired], verdict=found.verdict,
    )  # fmt: skip

"""Null gates: a pipeline is run on data that hold nothing; what it finds there it made up itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from augury.core.errors import DataError
from augury.core.metrics.uncertainty import Z95
from augury.core.score import GateResult, Score
from augury.core.tables import LabelledTable
from augury.proof.limits import Limits, load_limits

Pipeline: TypeAlias = Callable[[LabelledTable], Iterable[Score]]
"""Everything between a labelled table and its scores: split, fit, weigh, predict, evaluate."""
CODES: Final = {
    "shuffled_target": "NULL_SHUFFLED_TARGET",
    "noise_features": "NULL_NOISE_FEATURES",
    "random_walk": "NULL_RANDOM_WALK",
}
SCORES: Final = ("ic", "accuracy_skill")


def null_gates(
    tables: Mapping[str, Iterable[LabelledTable]], pipeline: Pipeline, *, limits: Limits | None = None
) -> tuple[GateResult, ...]:
    """Run a pipeline on null data and refuse it when it shows skill there.

    Per kind and score the draws are averaged; the interval of the mean, at ``null.z`` standard
    errors, must hold 0. The information coefficient may lie on neither side; accuracy above the best
    baseline only not above: the baseline is the best of several in hindsight, so honest skill lies
    below 0.

    Parameters
    ----------
    tables : mapping
        Kind (of :data:`augury.proof.null_data.KINDS`) to its draws, at least one.
    pipeline : callable
        A labelled table to its scores; those with an interval are used.
    limits : Limits, optional
        Default: the file shipped with the package.

    Returns
    -------
    tuple of GateResult
        One for each kind, effect ``refuse``; ``value`` is the largest number of standard errors.

    Raises
    ------
    DataError
        A kind without a draw.
    """
    chosen = limits or load_limits()
    return tuple(_gate(kind, list(draws), pipeline, chosen) for kind, draws in tables.items())


def _gate(kind: str, draws: list[LabelledTable], pipeline: Pipeline, limits: Limits) -> GateResult:
    if not draws:
        raise DataError(f"null data of kind {kind}: no draw was given")
    limit, code = limits["null.z_max"], CODES[kind]
    readings = list(_readings([{score.name: score for score in pipeline(table)} for table in draws], limit))
    if not readings:
        return GateResult(code, True, "refuse", "not measured: no score has an interval", None, limit)
    worst = max(readings, key=lambda one: one[0])
    facts = "; ".join(fact for _, fact in readings)
    passed = worst[0] <= limit
    words = kind.replace("_", " ")
    message = f"{words}: {facts}" if passed else f"finds skill in data that hold none ({words}): {facts}"
    return GateResult(code, passed, "refuse", message, worst[0], limit)


def _readings(runs: list[dict[str, Score]], limit: float) -> Iterator[tuple[float, str]]:
    for name in SCORES:
        found = [run[name] for run in runs if name in run and run[name].low is not None and run[name].high is not None]
        if not found:
            continue
        mean = sum(score.value for score in found) / len(found)
        errors = [((score.high or 0.0) - (score.low or 0.0)) / (2 * Z95) for score in found]
        error = math.sqrt(sum(one**2 for one in errors)) / len(found)
        n = sum(score.n for score in found)
        low, high = mean - limit * error, mean + limit * error
        size = (abs(mean) if name == "ic" else mean) / error if error > 0 else 0.0
        yield size, f"{name.replace('_', ' ')} {mean:+.3f} [{low:+.3f}, {high:+.3f}], n={n}"

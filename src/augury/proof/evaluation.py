"""Score a prediction beside its baselines: value, interval, baseline, n and n_eff of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from augury.core.errors import DataError, UsageError
from augury.core.metrics import classification, intervals, ranking, regression
from augury.core.metrics.calibration import ReliabilityBin
from augury.core.metrics.calibration import reliability as reliability_table
from augury.core.metrics.uncertainty import fisher_interval
from augury.core.prediction import Prediction
from augury.core.score import Score
from augury.core.seeds import DEFAULT_SEED
from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats, Probabilities
from augury.proof.sample import Interval, Sample

SLICES: Final = ("fit", "select", "report")
BANDS: Final = {"coverage80": ("q10", "q90", 0.80), "coverage95": ("q025", "q975", 0.95)}


def evaluate(
    prediction: Prediction,
    table: LabelledTable,
    baselines: Mapping[str, Codes],
    *,
    baseline_returns: Mapping[str, Floats] | None = None,
    class_shares: Sequence[float] | None = None,
    slice: str = "report",
    seed: int = DEFAULT_SEED,
) -> tuple[Score, ...]:
    """Score a prediction on the rows it was made for.

    ============== ==================================================== ==============================
    score          what it is, with which 95 % interval                 baseline
    ============== ==================================================== ==============================
    accuracy       share of classes named; Wilson at n_eff              best baseline, same rows
    accuracy_skill accuracy minus that of the best baseline, row by     0
                   row; block bootstrap
    balanced_…     mean recall of the classes that occur; bootstrap     best baseline, same rows
    log_loss       of the calibrated probabilities; bootstrap           best constant in hindsight
    brier          all classes, 0..2; bootstrap                         best constant in hindsight
    direction      sign of the score against the sign of the return,    share that rose, same rows
                   rows without either left out; Wilson at n_eff
    ic, rank_ic    score against return, pooled; Fisher at n_eff for    0
                   one symbol, day-block bootstrap for several
    mae, r2        expected return; bootstrap                           best baseline, or "no change"
    coverage80/95  share inside the band; Wilson at n_eff               0.80, 0.95
    ============== ==================================================== ==============================

    A score that is undefined on these rows (the correlation of a constant, a figure of non-finite
    answers) is left out, never written as 0.

    Parameters
    ----------
    prediction : Prediction
        For the rows of ``table``, in their order.
    table : LabelledTable
        Known labels only.
    baselines : mapping
        Name to the label codes it answered on the same rows; at least one.
    baseline_returns : mapping, optional
        Name to the expected returns it answered on the same rows.
    class_shares : sequence of float, optional
        Probabilities of the constant that log loss and Brier must beat, e.g. the train shares;
        without it the shares of these very rows: no constant can do better.
    slice : str
        ``fit``, ``select`` or ``report``.
    seed : int
        Of the bootstrap.

    Raises
    ------
    UsageError
        No baseline, or an unknown slice.
    DataError
        Rows that do not match.
    """
    if slice not in SLICES:
        raise UsageError(f"unknown slice '{slice}' (known: {', '.join(SLICES)})")
    if not baselines:
        raise UsageError("a score needs at least one baseline on the same rows; none was given")
    _same_length(prediction, table, baselines, baseline_returns or {})
    sample = Sample.of(table, seed)
    recorder = _Recorder(sample, slice)
    _classes(recorder, prediction, baselines, class_shares)
    _signs(recorder, prediction)
    _returns(recorder, prediction, baseline_returns or {})
    _bands(recorder, prediction)
    return tuple(recorder.scores)


def reliability(prediction: Prediction, table: LabelledTable) -> list[ReliabilityBin]:
    """Compare confidence with accuracy, in bins of the calibrated top-class probability.

    The intervals count overlapping rows and symbols that move together at what they are worth.

    Parameters
    ----------
    prediction : Prediction
        For the rows of ``table``, in their order.
    table : LabelledTable
        Known labels only.
    """
    sample = Sample.of(table, DEFAULT_SEED)
    return reliability_table(sample.y, prediction.proba, row_weight=sample.n_eff / sample.n)


class _Recorder:
    """Collects scores; one that is not finite has no place in a record."""

    def __init__(self, sample: Sample, slice: str) -> None:
        self.sample, self.slice, self.scores = sample, slice, list[Score]()

    def add(self, name: str, value: float, interval: Interval, baseline: float | None, *, n: int | None = None) -> None:
        if not math.isfinite(value):
            return
        low, high = interval or (None, None)
        rows = self.sample.n if n is None else n
        n_eff = self.sample.n_eff * rows / self.sample.n
        self.scores.append(Score(name, value, low, high, baseline, rows, n_eff, self.slice))


def _classes(
    recorder: _Recorder, prediction: Prediction, baselines: Mapping[str, Codes], shares: Sequence[float] | None
) -> None:
    sample, y, codes = recorder.sample, recorder.sample.y, prediction.codes
    best = baselines[max(sorted(baselines), key=lambda name: classification.accuracy(y, baselines[name]))]
    value, bar = classification.accuracy(y, codes), classification.accuracy(y, best)
    paired = (codes == y).astype(np.float64) - (best == y)
    recorder.add("accuracy", value, sample.share_interval(value, sample.n), bar)
    recorder.add("accuracy_skill", value - bar, sample.mean_interval("accuracy_skill", paired), 0.0)
    recorder.add(
        "balanced_accuracy",
        classification.balanced_accuracy(y, codes),
        _balanced_interval(sample, codes),
        max(classification.balanced_accuracy(y, other) for other in baselines.values()),
    )
    constant = np.tile(_shares(y) if shares is None else np.asarray(shares, dtype=np.float64), (sample.n, 1))
    for name, losses in (("log_loss", classification.log_losses), ("brier", classification.briers)):
        each = losses(y, prediction.proba)
        recorder.add(name, float(each.mean()), sample.mean_interval(name, each), float(losses(y, constant).mean()))


def _balanced_interval(sample: Sample, codes: Codes) -> Interval:
    classes = np.unique(sample.y)
    happened = np.column_stack([sample.y == code for code in classes]).astype(np.float64)
    named = happened * (codes == sample.y)[:, None]

    def mean_recall(sums: Floats) -> Floats:
        hits, rows = sums[:, : len(classes)], sums[:, len(classes) :]
        drawn = rows > 0
        recalls = np.divide(hits, rows, out=np.zeros_like(hits), where=drawn)
        return np.asarray(recalls.sum(axis=1) / drawn.sum(axis=1))

    return _inside(sample.interval("balanced_accuracy", np.column_stack([named, happened]), mean_recall), 0.0, 1.0)


def _signs(recorder: _Recorder, prediction: Prediction) -> None:
    sample, score, returns = recorder.sample, prediction.score, recorder.sample.returns
    if not np.isfinite(score).all():
        return
    counted = (score != 0) & (returns != 0)
    if (n := int(counted.sum())) > 0:
        value = classification.direction(score, returns)
        rose = float(np.mean(returns[counted] > 0))
        recorder.add("direction", value, sample.share_interval(value, n), rose, n=n)
    recorder.add("ic", (value := ranking.ic(score, returns)), _ic_interval(sample, "ic", value, score, returns), 0.0)
    value = ranking.rank_ic(score, returns)
    ranked = ranking.ranks(score), ranking.ranks(returns)
    recorder.add("rank_ic", value, _ic_interval(sample, "rank_ic", value, *ranked), 0.0)


def _ic_interval(sample: Sample, purpose: str, value: float, a: Floats, b: Floats) -> Interval:
    if not math.isfinite(value):
        return None
    if int(sample.dates.max()) + 1 == sample.n:
        return fisher_interval(value, sample.n_eff)
    x, y = a - a.mean(), b - b.mean()

    def correlation(sums: Floats) -> Floats:
        n, sx, sy, sxx, syy, sxy = sums.T
        squares = (n * sxx - sx**2) * (n * syy - sy**2)
        top, undefined = n * sxy - sx * sy, np.full(len(n), np.nan)
        return np.asarray(np.divide(top, np.sqrt(np.maximum(squares, 0)), out=undefined, where=squares > 0))

    columns = np.column_stack([np.ones(sample.n), x, y, x * x, y * y, x * y])
    return _inside(sample.interval(purpose, columns, correlation), -1.0, 1.0)


def _inside(ends: Interval, low: float, high: float) -> Interval:
    return None if ends is None else (max(low, ends[0]), min(high, ends[1]))


def _returns(recorder: _Recorder, prediction: Prediction, baselines: Mapping[str, Floats]) -> None:
    sample, y, expected = recorder.sample, recorder.sample.returns, prediction.expected_return
    others = [np.zeros(sample.n), *(answer for answer in baselines.values() if np.isfinite(answer).all())]
    errors = np.abs(y - expected)
    bar = min(regression.mae(y, other) for other in others)
    recorder.add("mae", regression.mae(y, expected), sample.mean_interval("mae", errors), bar)
    squares = np.column_stack([(y - expected) ** 2, y**2])
    value = regression.r2_vs_zero(y, expected)
    ends = sample.interval("r2", squares, lambda sums: 1 - sums[:, 0] / sums[:, 1]) if math.isfinite(value) else None
    best = max(regression.r2_vs_zero(y, other) for other in others)
    recorder.add("r2", value, ends, best if math.isfinite(best) else None)


def _bands(recorder: _Recorder, prediction: Prediction) -> None:
    sample = recorder.sample
    for name, (low, high, nominal) in BANDS.items():
        ends = prediction.quantiles[low], prediction.quantiles[high]
        if np.isfinite(ends).all():
            share = intervals.coverage(sample.returns, *ends)
            recorder.add(name, share, sample.share_interval(share, sample.n), nominal)


def _shares(y: Codes) -> Probabilities:
    return np.bincount(y.astype(np.int64) + 1, minlength=3) / len(y)


def _same_length(
    prediction: Prediction, table: LabelledTable, codes: Mapping[str, Codes], returns: Mapping[str, Floats]
) -> None:
    def parts() -> Iterator[tuple[str, int]]:
        yield "prediction", len(prediction.codes)
        for name, answer in codes.items():
            yield f"baseline {name}", len(answer)
        for name, expected in returns.items():
            yield f"expected returns of {name}", len(expected)

    for what, rows in parts():
        if rows != len(table):
            raise DataError(f"{what} has {rows} rows, the table {len(table)}: they must be the same rows")

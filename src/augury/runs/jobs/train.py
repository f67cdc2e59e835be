"""Train one cell: bars become a judged ensemble in a staged folder. Registers nothing."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.atomic import storage_errors
from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, InsufficientHistory
from augury.core.labelspec import LabelSpec
from augury.core.metrics.classification import accuracy
from augury.core.metrics.ranking import rank_ic_rows
from augury.core.prediction import Prediction
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.tables import VOLATILITY, LabelledTable, Split
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Floats, Json
from augury.core.version import SliceFacts, VersionManifest
from augury.data.calendar import market_calendar
from augury.data.lake import Lake
from augury.features.engine import build
from augury.features.lint import LintFinding, kept, lint
from augury.labels.attach import attach
from augury.labels.splits import time_ordered
from augury.models import BASELINES
from augury.models.ensemble.ensemble import Ensemble
from augury.models.statistical import SeriesMember
from augury.models.training import FittedMembers, fit_members
from augury.proof.evaluation import evaluate
from augury.proof.holdout import Guard
from augury.proof.judge import Evidence, judge
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.proving.sealed import UNSEALED, unsealed

ROWS_MIN: Final = 100
EFFECTIVE_ROWS_MIN: Final = 20
LIBRARIES: Final = ("augury", "numpy", "polars", "scikit-learn", "lightgbm", "safetensors")
SERIES_LIBRARIES: Final = ("scipy", "statsmodels", "prophet")
"""Named beside them when a member reads closes."""


@dataclass(frozen=True)
class Trained:
    """A fitted and judged cell, still in memory; ``series`` is what each report row adds to its RankIC."""

    ensemble: Ensemble
    manifest: VersionManifest
    seconds: dict[str, float]
    series: Floats | None = None


def label_cell(bars: Bars, cell: Cell, recipe: Recipe) -> LabelledTable:
    """Features and labels of every bar of a cell, the newest unlabelled rows included.

    Features are computed on the whole history, so that the same bar has the same features whether
    it is trained on, validated or forecast from; only then the newest ``max_bars`` rows are kept.
    """
    spec = LabelSpec.of(bars.timeframe, Horizon.parse(cell.horizon), market_calendar(bars.calendar))
    table = build(bars, recipe.feature_set)
    labelled = attach(table, bars, spec)
    return labelled.with_frame(labelled.frame.tail(recipe.max_bars))


def train_cell(bars: Bars, cell: Cell, recipe: Recipe, guard: Guard = UNSEALED) -> Trained:
    """Walk one cell from bars to a judged ensemble.

    Parameters
    ----------
    bars : Bars
        Whole history of one symbol, checked.
    cell : Cell
    recipe : Recipe
    guard : Guard
        Of the holdout these bars have.

    Raises
    ------
    InsufficientHistory
        Fewer than 100 labelled rows.
    HoldoutSealed
        A labelled row lies in the holdout.
    """
    labelled, dropped = linted(label_cell(bars, cell, recipe), recipe)
    known = labelled.known()
    # Bands are scaled by volatility: rows before it is known teach nothing, however short the features look back.
    known = known.with_frame(known.frame.drop_nulls(VOLATILITY))
    if len(known) < ROWS_MIN:
        raise InsufficientHistory(
            f"{cell} has {len(known)} labelled rows, needs {ROWS_MIN} (insufficient_history)",
            fix=f"augury data import FILE --symbol {cell.symbol} --timeframe {cell.timeframe}",
            need=ROWS_MIN,
            have=len(known),
        )
    split = time_ordered(known, recipe.train_fraction)
    for purpose in ("fit", "early_stop", "weighting", "calibration"):
        guard.allow(purpose, split.train.frame)
    guard.allow("report", split.valid.frame)
    if len(known) / labelled.spec.horizon_bars < EFFECTIVE_ROWS_MIN:
        ensemble, fitted = Ensemble.band_only(split.train, labelled.spec), None
    else:
        fitted = fit_members(split.train, recipe)
        ensemble = Ensemble.fit(fitted, recipe, labelled.spec)
    scores, verdict = judge_split(ensemble, split, select_scores(ensemble, split))
    manifest = _manifest(bars, cell, recipe, split, ensemble, fitted, scores, verdict, dropped)
    series = rank_ic_rows(ensemble.predict(split.valid).score, split.valid.forward_returns)
    return Trained(ensemble, manifest, dict(fitted.seconds) if fitted else {}, series)


def linted(table: LabelledTable, recipe: Recipe) -> tuple[LabelledTable, tuple[LintFinding, ...]]:
    """Leave out features that are no use on the fit slice; later rows are not looked at."""
    fit_rows = table.frame.head(int(table.frame.height * recipe.train_fraction))
    findings = lint(fit_rows, table.manifest)
    rest = kept(table.manifest, findings)
    if not rest.names:
        raise DataError(
            f"none of the {len(table.manifest.names)} features is of use on the fit slice, "
            f"the first of them {findings[0].feature}: {findings[0].reason}",
            fix="augury features lint --bars FILE",
        )
    return (table.restricted(rest) if findings else table), findings


def judge_split(ensemble: Ensemble, split: Split, select: tuple[Score, ...]) -> tuple[tuple[Score, ...], Verdict]:
    """Score an ensemble on the report slice beside every baseline, and let the gates decide.

    Parameters
    ----------
    ensemble : Ensemble
    split : Split
    select : tuple of Score
        Out-of-fold scores of :func:`select_scores`, kept with the version.
    """
    valid = split.valid
    prediction = ensemble.predict(valid)
    scores = _scores(prediction, split.train, valid, "report")
    train_accuracy = accuracy(split.train.y, ensemble.predict(split.train).codes)
    out_of_fold = [score.value for score in select if score.name == "accuracy"]
    evidence = Evidence(
        prediction=prediction,
        table=valid,
        scores=scores,
        train_accuracy=train_accuracy,
        oof_accuracy=out_of_fold[0] if out_of_fold else train_accuracy,
        n_train=len(split.train),
        horizon_bars=valid.spec.horizon_bars,
    )
    return (*scores, *select), judge(evidence)


def select_scores(ensemble: Ensemble, split: Split) -> tuple[Score, ...]:
    """Score the out-of-fold rows the weights were fitted on; of slice ``select``, never to be quoted."""
    rows, prediction = ensemble.out_of_fold_prediction()
    if not len(rows):
        return ()
    table = split.train.with_frame(split.train.frame[rows])
    return _scores(prediction, split.train, table, "select")


def _scores(prediction: Prediction, train: LabelledTable, table: LabelledTable, slice: str) -> tuple[Score, ...]:
    baselines = {name: kind().fit(train) for name, kind in BASELINES}
    return evaluate(
        prediction,
        table,
        {name: baseline.predict(table) for name, baseline in baselines.items()},
        baseline_returns={name: baseline.expected_return(table) for name, baseline in baselines.items()},
        slice=slice,
    )


def _manifest(
    bars: Bars,
    cell: Cell,
    recipe: Recipe,
    split: Split,
    ensemble: Ensemble,
    fitted: FittedMembers | None,
    scores: tuple[Score, ...],
    verdict: Verdict,
    dropped: tuple[LintFinding, ...],
) -> VersionManifest:
    return VersionManifest(
        **asdict(cell),
        calendar=bars.calendar,
        data_version=bars.data_version,
        data_first=_moment(bars.frame, 0),
        data_last=_moment(bars.frame, -1),
        features=split.train.manifest,
        label_spec=split.train.spec,
        recipe=recipe,
        members=fitted.entries if fitted else (),
        weights=dict(ensemble.weights),
        slices={"train": _slice(split.train), "valid": _slice(split.valid)},
        scores=scores,
        verdict=verdict,
        synthetic=bars.synthetic,
        degraded=bool(ensemble.degraded),
        events=(*ensemble.events, *({"event": "feature_dropped", **finding.to_json()} for finding in dropped)),
        libraries=_libraries(ensemble),
    )


def _slice(table: LabelledTable) -> SliceFacts:
    return SliceFacts(_moment(table.frame, 0), _moment(table.frame, -1), len(table))


def _moment(frame: pl.DataFrame, row: int) -> str:
    return iso(frame["ts"][row])


def _libraries(ensemble: Ensemble) -> dict[str, str]:
    reads_closes = any(isinstance(member, SeriesMember) for member in ensemble.members.values())
    found = {}
    for name in (*LIBRARIES, *(SERIES_LIBRARIES if reads_closes else ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def run(arguments: Json) -> Json:
    """Train one cell from the lake into a staged folder. The bars were checked when the run was planned.

    Parameters
    ----------
    arguments : dict
        ``lake`` and ``staged`` (folders), ``symbol``, ``timeframe``, ``horizon``, ``recipe``, and
        ``holdout`` (the guard) when something may be sealed.

    Returns
    -------
    dict
        ``manifest`` (without version and files), ``staged``, ``seconds``, ``series`` for the trial.
    """
    start = time.perf_counter()
    cell = Cell(arguments["symbol"], arguments["timeframe"], arguments["horizon"])
    staged = Path(arguments["staged"])
    bars = bars_of(Lake(arguments["lake"]), cell.symbol, Timeframe.parse(cell.timeframe))
    guard = Guard.from_json(arguments["holdout"]) if "holdout" in arguments else UNSEALED
    trained = train_cell(unsealed(bars, guard), cell, Recipe.from_json(arguments["recipe"]), guard)
    with storage_errors(staged):
        trained.ensemble.save(staged)
    return {
        "manifest": trained.manifest.to_json(),
        "staged": str(staged),
        "seconds": time.perf_counter() - start,
        "member_seconds": trained.seconds,
        "series": None if trained.series is None else trained.series.tolist(),
    }


JOB = run

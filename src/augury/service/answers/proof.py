"""Proof: what the gates said, how calibrated the ledger is, how often luck was tried, what is sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from augury.core.bars import check_symbol
from augury.core.metrics.calibration import ece, reliability
from augury.core.score import ENOUGH
from augury.core.timeframe import Timeframe
from augury.proof.limits import load_limits
from augury.proof.selection import METRICS, Deflated
from augury.records.ledger.matured_labels import matured_labels
from augury.records.trials.trials import Trial
from augury.runs.forecasts.band_tracking import track_bands
from augury.runs.proving.trials import deflated_trial
from augury.runs.registry.registration import release_of
from augury.service.answers.scores import GateAnswer, ScoreAnswer, deflated_of, gate_answer, score_answer
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer

Group = Literal["symbol", "regime", "horizon"]


class VerdictAnswer(Answer):
    """What the gates said of one version, and the scores they read; ``selection`` is its deflated coefficient."""

    symbol: str
    timeframe: str
    horizon: str
    version: str
    champion: bool
    created_at: datetime
    verdict: str
    failed: list[str]
    gates: list[GateAnswer]
    accuracy: ScoreAnswer | None
    coverage80: ScoreAnswer | None
    selection: str
    audited: bool


class VerdictList(Answer):
    """Verdicts of versions, by cell; the limits of the gates as a version and a hash."""

    limits_version: str
    limits_hash: str
    counts: dict[str, int]
    verdicts: list[VerdictAnswer]


class CoverageAnswer(Answer):
    """How often the bands of a level held the outcome: share and the ends of its 95 % interval, fractions."""

    level: float
    share: float
    low: float
    high: float
    winkler: float


class CalibrationRow(Answer):
    """The bands of one group of matured forecasts.

    ``pit`` is the share of outcomes in each tenth of their own forecast, 0.1 each when calibrated; ``crps`` and
    ``winkler`` are returns. Below 50 outcomes that count ``insufficient`` is true and no figure may be quoted.
    """

    group: dict[str, str]
    n: int
    n_eff: float
    insufficient: bool
    coverage: list[CoverageAnswer]
    pinball: dict[str, float]
    crps: float
    pit: list[float]


class CalibrationTable(Answer):
    """How the bands of the ledger held, by group; ``repeated`` were left out: a later one came from the same bar."""

    by: list[str]
    n: int
    repeated: int
    replays: bool
    rows: list[CalibrationRow]


class ReliabilityRow(Answer):
    """Forecasts whose top probability lies in ``(low, high]``: how sure they were, how often right, with interval."""

    low: float
    high: float
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    n: int


class ReliabilityTable(Answer):
    """Does 60 % happen 60 % of the time? Scored forecasts by how sure they were; ``ece`` is the mean distance."""

    n: int
    n_eff: float
    sufficient: bool
    ece: float | None
    replays: bool
    rows: list[ReliabilityRow]


class TrialAnswer(Answer):
    """One configuration that was scored. ``text`` is the only form in which a selected figure may be printed."""

    dataset: str
    kind: str
    config_hash: str
    metric: str
    value: float | None
    n: float
    dsr: float | None
    pbo: float | None
    trials: int
    data_version: str
    scored_at: datetime | None
    text: str


class TrialPage(Answer):
    """Trials, newest first; ``next`` is the cursor of the page after this one, null at the end."""

    trials: list[TrialAnswer]
    next: str | None


class SealAnswer(Answer):
    """What is sealed from when, and how often it was opened: ``state`` says fresh, opened or burned."""

    dataset: str
    sealed_from: datetime
    sealed_at: datetime
    openings: int
    last_opened_at: datetime | None
    last_reason: str | None
    state: str


class HoldoutList(Answer):
    """The sealed datasets by name."""

    holdout: list[SealAnswer]


def verdicts(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, everything: bool = False
) -> VerdictList:
    """Return what the gates said of the champions, with ``everything`` of every version."""
    store = backend.workspace.store
    rows = store.versions.list(*wanted_cells(symbol, timeframe))
    limits = load_limits()
    found = []
    for row in rows:
        if not (row.champion or everything):
            continue
        manifest = row.manifest
        deflated = deflated_of(backend, manifest)
        scores = {one.name: score_answer(one, deflated) for one in manifest.scores if one.slice == "report"}
        found.append(
            VerdictAnswer(
                **{name: getattr(row, name) for name in ("symbol", "timeframe", "horizon", "version", "champion")},
                created_at=row.created_at, verdict=manifest.verdict.word,
                failed=[gate.code for gate in manifest.verdict.failed],
                gates=[gate_answer(gate) for gate in manifest.verdict.gates], accuracy=scores.get("accuracy"),
                coverage80=scores.get("coverage80"),
                selection=next((one.text() for one in deflated.values() if one), ""),
                audited=release_of(manifest) is not None,
            )
        )  # fmt: skip
    words = ("skill", "calibrated_only", "insufficient", "refused")
    counts = {word: sum(one.verdict == word for one in found) for word in words}
    return VerdictList(limits_version=str(limits.version), limits_hash=limits.hash, counts=counts, verdicts=found)


def calibration(
    backend: Backend, by: tuple[Group, ...] = ("horizon",), symbol: str | None = None, timeframe: str | None = None,
    replays: bool = False,
) -> CalibrationTable:  # fmt: skip
    """Return how the bands of scored forecasts held."""
    wanted = wanted_cells(symbol, timeframe)
    report = track_bands(backend.workspace, by, symbol=wanted[0], timeframe=wanted[1], replays=replays)
    rows = [
        CalibrationRow(
            group=score.group, n=score.n, n_eff=score.n_eff, insufficient=score.insufficient, pinball=score.pinball,
            crps=score.crps, pit=list(score.pit),
            coverage=[
                CoverageAnswer(level=level, share=share, low=low, high=high, winkler=score.winkler[level])
                for level, (share, low, high) in score.coverage.items()
            ],
        )
        for score in report.scores
    ]  # fmt: skip
    return CalibrationTable(by=list(by), n=report.n, repeated=report.repeated, replays=replays, rows=rows)


def confidence(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, replays: bool = False
) -> ReliabilityTable:
    """Return how sure scored forecasts were beside how often they were right; overlapping ones count less."""
    found = matured_labels(backend.workspace.store.engine, *wanted_cells(symbol, timeframe), replays=replays)
    n, n_eff = len(found.came), found.n_eff
    bins = reliability(found.came, found.said, row_weight=n_eff / n) if n else []
    return ReliabilityTable(
        n=n, n_eff=n_eff, sufficient=n_eff >= ENOUGH, ece=ece(found.came, found.said) if n else None, replays=replays,
        rows=[ReliabilityRow(**one.to_json()) for one in bins],
    )  # fmt: skip


def trials(backend: Backend, dataset: str | None = None, limit: int = 100, cursor: str | None = None) -> TrialPage:
    """Return configurations that were scored, newest first."""
    ledger = backend.workspace.store.trials
    question = {"of": "trials", "dataset": dataset}
    after = read_cursor(cursor, question, int)
    rows = ledger.page(dataset, before=after[0] if after else None, limit=limit + 1)
    counts = {name: ledger.count(name) for name in dict.fromkeys(trial.dataset for _, trial in rows)}
    shown = []
    for number, trial in rows[:limit]:
        deflated = _deflated(backend, number, trial, counts[trial.dataset])
        shown.append(
            TrialAnswer(
                **{name: getattr(trial, name) for name in ("dataset", "kind", "config_hash", "metric", "value", "n")},
                dsr=deflated.dsr if deflated else None, pbo=deflated.pbo if deflated else None,
                trials=counts[trial.dataset], data_version=trial.data_version, scored_at=trial.scored_at,
                text=deflated.text() if deflated else _told(trial),
            )
        )  # fmt: skip
    more = write_cursor(question, [rows[limit - 1][0]]) if len(rows) > limit else None
    return TrialPage(trials=shown, next=more)


def holdout(backend: Backend) -> HoldoutList:
    """Return what is sealed, and how often each was opened."""
    same = [name for name in SealAnswer.model_fields if name != "state"]
    found = [
        SealAnswer(**{name: getattr(seal, name) for name in same}, state=seal.text)
        for seal in backend.workspace.store.holdout.status()
    ]
    return HoldoutList(holdout=found)


def wanted_cells(symbol: str | None, timeframe: str | None) -> tuple[str | None, str | None]:
    """Write what was asked for in canonical spelling; None asks for all."""
    return (check_symbol(symbol) if symbol else None, str(Timeframe.parse(timeframe)) if timeframe else None)


def _deflated(backend: Backend, number: int, trial: Trial, count: int) -> Deflated | None:
    """Deflate a trial; kept until another one of its dataset is recorded."""
    kept: dict[tuple[int, int], Deflated | None] = backend.parts.setdefault("deflated trials", {})
    if (number, count) not in kept:
        kept[number, count] = deflated_trial(backend.workspace.store.trials, trial)
    return kept[number, count]


def _told(trial: Trial) -> str:
    alone = trial.value is not None and trial.metric not in METRICS
    return f"{trial.metric} {f'{trial.value:.3f}' if alone else 'undefined'}, n={trial.n:.0f}"

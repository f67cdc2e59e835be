"""Scores as answers: a value never without its baseline, its n, its interval and what luck would show."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.score import GateResult, Score
from augury.core.version import VersionManifest
from augury.proof.selection import Deflated
from augury.runs.proving.trials import dataset_of, deflated_scores
from augury.service.backend import Backend
from augury.service.strict import Answer


class DeflatedAnswer(Answer):
    """What the best of all trials would show by luck; ``dsr`` is the probability of being better than that."""

    luck: float
    dsr: float | None
    pbo: float | None
    trials: int
    believed: bool
    text: str


class ScoreAnswer(Answer):
    """A score with the ends of its 95 % interval, the best baseline on the same rows, rows and rows that count.

    ``text`` is the only form a page may print: below 50 rows that count it says so instead of a figure.
    """

    name: str
    slice: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None
    n: int
    n_eff: float
    sufficient: bool
    text: str
    deflated: DeflatedAnswer | None = None


class GateAnswer(Answer):
    """One gate: what was measured against which limit, and what failing does."""

    code: str
    passed: bool
    effect: str
    message: str
    value: float | None
    limit: float | None


def score_answer(score: Score, deflated: Mapping[str, Deflated | None] | None = None) -> ScoreAnswer:
    """Write a score as an answer; with its deflated value where it is one that is selected on."""
    found = deflated or {}
    selected = score.slice == "report" and score.name in found
    beside = found[score.name] if selected else None
    text = score.text()
    if selected and score.sufficient:
        text = f"{text}; {beside.beside() if beside else 'deflated value undefined'}"
    return ScoreAnswer(
        **score.to_json(), sufficient=score.sufficient, text=text, deflated=_deflated(beside) if beside else None
    )


def deflated_of(backend: Backend, manifest: VersionManifest) -> Mapping[str, Deflated | None]:
    """Return a version's selected scores beside the trials of its dataset; kept until another trial is recorded."""
    ledger = backend.workspace.store.trials
    known = (manifest.cell, manifest.version, ledger.count(dataset_of(manifest.symbol, manifest.timeframe)))
    kept: dict[tuple[str, str, int], Mapping[str, Deflated | None]] = backend.parts.setdefault("deflated scores", {})
    if known not in kept:
        kept[known] = deflated_scores(ledger, manifest)
    return kept[known]


def gate_answer(gate: GateResult) -> GateAnswer:
    """Write a gate's reading as an answer."""
    return GateAnswer(**{name: getattr(gate, name) for name in GateAnswer.model_fields})


def _deflated(found: Deflated) -> DeflatedAnswer:
    same = {name: getattr(found, name) for name in ("luck", "dsr", "pbo", "trials", "believed")}
    return DeflatedAnswer(**same, text=found.text())

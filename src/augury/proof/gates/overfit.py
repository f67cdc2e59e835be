"""Withhold directions from an ensemble that remembers more than it understands."""

from __future__ import annotations

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.gates.better import measure as better
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Accuracy lost between learned rows and report rows.

    Out-of-fold accuracy may never lie more than the limit above the report: the folds leak, or the
    market changed. In-sample accuracy may when the ensemble is nevertheless better than its baselines:
    a deep forest knows its own rows by heart and can still be right about others.
    """
    limit = limits["overfit.gap_max"]
    accuracy = evidence.score("accuracy")
    if accuracy is None:
        return Reading(False, "no accuracy on the report rows to compare with", None, limit)
    if not accuracy.sufficient:
        return Reading(True, f"not measured: {int(accuracy.n_eff)} effective report rows are too few", None, limit)
    folds, sample = evidence.oof_accuracy - accuracy.value, evidence.train_accuracy - accuracy.value
    fact = (
        f"accuracy {evidence.train_accuracy:.3f} in the sample, {evidence.oof_accuracy:.3f} out of fold,"
        f" {accuracy.value:.3f} on the report"
    )
    if folds > limit:
        return Reading(False, f"{fact}: {100 * folds:.0f} points lost after the folds", folds, limit)
    if sample > limit and not better(evidence, limits).passed:
        return Reading(False, f"{fact}: {100 * sample:.0f} points lost and not better than a baseline", sample, limit)
    return Reading(True, fact, max(folds, sample), limit)


GATE = Gate("OVERFIT_GAP", "abstain", measure)

"""Refuse an output that is not made of numbers."""

from __future__ import annotations

import numpy as np

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Count of values that are NaN or infinite in probabilities, scores, returns and quantiles."""
    del limits
    prediction = evidence.prediction
    parts = {
        "probabilities": [prediction.proba],
        "raw probabilities": [prediction.raw_proba],
        "scores": [prediction.score],
        "expected returns": [prediction.expected_return],
        "quantiles": list(prediction.quantiles.values()),
    }
    bad = {name: sum(int((~np.isfinite(array)).sum()) for array in arrays) for name, arrays in parts.items()}
    if total := sum(bad.values()):
        which = ", ".join(f"{count} {name}" for name, count in bad.items() if count)
        return Reading(False, f"{which} are not finite", float(total), 0.0)
    return Reading(True, "every output is a finite number", 0.0, 0.0)


GATE = Gate("NOT_FINITE", "refuse", measure)

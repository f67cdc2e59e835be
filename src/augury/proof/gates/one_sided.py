"""Withhold directions from an ensemble that names one class almost always."""

from __future__ import annotations

import numpy as np

from augury.core.labelspec import CODES, LABELS
from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Largest share of rows answered with one class, unless the outcomes were that one-sided too."""
    limit = limits["one_sided.share_max"]
    shares = [float(np.mean(evidence.prediction.codes == code)) for code in CODES]
    place = int(np.argmax(shares))
    share, label = shares[place], LABELS[place]
    base = float(np.mean(evidence.table.y == CODES[place]))
    fact = f"{share:.1%} of the answers are {label}, which came true in {base:.1%} of the rows"
    if share > limit >= base:
        return Reading(False, f"{fact} (limit {limit:.0%})", share, limit)
    return Reading(True, fact, share, limit)


GATE = Gate("ONE_SIDED", "abstain", measure)

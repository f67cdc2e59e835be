"""Refuse an ensemble one of whose classes is dead: never answered, or answered the same whatever the input.

CONSTANT looks at the head that moves most, so it passes as soon as one of them moves. A softmax whose
third output is saturated, or a class that lost its training rows, is caught here.
"""

from __future__ import annotations

import numpy as np

from augury.core.labelspec import CODES, LABELS
from augury.core.typing import Floats
from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Liveliness of the least lively class head over the report rows, on the output before calibration.

    A head does not move when its standard deviation is below a share of that of the head that moves most.
    It never answers when the highest probability it ever gives is below a share of how often its class came
    true: a head that knows nothing says the base rate. Classes that hardly came true are not judged for
    silence, and never being the most probable class is no fault of a rare one.
    """
    raw, least = evidence.prediction.raw_proba, limits["dead_head.spread_min"]
    if not np.isfinite(raw).all():
        return Reading(True, "not measured: the output is not finite", None, least)
    if evidence.n_eff_train < limits["enough.train_min"]:
        return Reading(True, "bands only: no member was fitted, a head that stands still is meant", None, least)
    spreads = raw.std(axis=0)
    if (widest := float(spreads.max())) < limits["constant.sd_min"]:
        return Reading(True, "not measured: no head moves at all", None, least)
    if (silent := _silent(evidence, raw, limits)) is not None:
        return silent
    place = int(np.argmin(spreads))
    ratio = float(spreads[place]) / widest
    fact = f"{LABELS[place]} moves {ratio:.2g} as much as the head that moves most"
    if ratio < least:
        return Reading(False, f"dead head: {fact} (limit {least:g})", ratio, least)
    return Reading(True, f"every head answers and moves: {fact}", ratio, least)


def _silent(evidence: Evidence, raw: Floats, limits: Limits) -> Reading | None:
    """The first class that came true and was never held possible; None when each was."""
    limit = limits["dead_head.answer_min"]
    for place, (code, label) in enumerate(zip(CODES, LABELS, strict=True)):
        came, most = float(np.mean(evidence.table.y == code)), float(raw[:, place].max())
        if came >= limits["dead_head.base_min"] and most < limit * came:
            fact = f"{label} came true in {came:.1%} of the rows and never got more than {most:.2%}"
            return Reading(False, f"dead head: {fact} (limit {limit:g} of it)", most / came, limit)
    return None


GATE = Gate("DEAD_HEAD", "refuse", measure)

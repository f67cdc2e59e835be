"""Refuse an ensemble whose answer does not depend on its input."""

from __future__ import annotations

import numpy as np

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Largest standard deviation of a raw class probability over the report rows.

    Judged before calibration, which can blow rounding up. Where there were too few rows to fit any
    member, the constant is the design (bands only) and :mod:`enough` speaks.
    """
    limit = limits["constant.sd_min"]
    raw = evidence.prediction.raw_proba
    if not np.isfinite(raw).all():
        return Reading(True, "not measured: the output is not finite", None, limit)
    spread = float(raw.std(axis=0).max())
    if spread >= limit:
        return Reading(True, f"the raw output moves with the input (sd {spread:.2g})", spread, limit)
    if evidence.n_eff_train < limits["enough.train_min"]:
        return Reading(True, "bands only: no member was fitted, the constant is meant", spread, limit)
    return Reading(False, f"spread {spread:.2g} < {limit:g} (collapsed)", spread, limit)


GATE = Gate("CONSTANT", "refuse", measure)

"""Note an ensemble that is hopeful, or gloomy, far beyond what the market was."""

from __future__ import annotations

import numpy as np

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Share of positive scores minus share of positive returns; rows without a sign are left out."""
    limit = limits["sign_balance.gap_max"]
    score, returns = evidence.prediction.score, evidence.table.forward_returns
    taken, moved = score[np.isfinite(score) & (score != 0)], returns[returns != 0]
    if not len(taken) or not len(moved):
        return Reading(True, "not measured: no score takes a side, or nothing moved", None, limit)
    positive, rose = float(np.mean(taken > 0)), float(np.mean(moved > 0))
    gap = abs(positive - rose)
    fact = f"{positive:.1%} of the scores are positive, {rose:.1%} of the returns were"
    return Reading(gap <= limit, fact if gap <= limit else f"{fact} (limit {limit:.0%} apart)", gap, limit)


GATE = Gate("SIGN_BALANCE", "note", measure)

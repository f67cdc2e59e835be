"""Withhold directions where too few independent outcomes were seen."""

from __future__ import annotations

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Effective rows of the train and the report part; overlapping outcomes of h bars count n / h."""
    parts = (
        ("train", evidence.n_eff_train, limits["enough.train_min"]),
        ("report", evidence.n_eff_report, limits["enough.report_min"]),
    )
    for name, rows, need in parts:
        if rows < need:
            return Reading(False, f"{int(rows)} effective {name} rows, needs {need:.0f} (insufficient)", rows, need)
    fact = " and ".join(f"{int(rows)} effective {name} rows" for name, rows, _ in parts)
    return Reading(True, fact, parts[1][1], parts[1][2])


GATE = Gate("INSUFFICIENT", "insufficient", measure)

"""Note bands that catch too little, or so much that they say nothing."""

from __future__ import annotations

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Coverage of the 80 % band on the report rows, judged with enough effective rows only."""
    low, high = limits["calibrated_band.coverage_low"], limits["calibrated_band.coverage_high"]
    coverage = evidence.score("coverage80")
    if coverage is None or not coverage.sufficient:
        return Reading(True, "not measured: too few effective rows", None, low)
    fact = f"the 80 % band caught {coverage.value:.1%}"
    if coverage.value < low:
        return Reading(False, f"{fact}, below {low:.0%}: too narrow", coverage.value, low)
    if coverage.value > high:
        return Reading(False, f"{fact}, above {high:.0%}: too wide", coverage.value, high)
    return Reading(True, fact, coverage.value, low if coverage.value < 0.8 else high)


GATE = Gate("BAND_COVERAGE", "note", measure)

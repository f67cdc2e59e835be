"""Withhold directions from an ensemble that is not better than its best baseline."""

from __future__ import annotations

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Lower 95 % end of the paired accuracy difference to the best baseline on the report rows."""
    limit = limits["better.skill_min"]
    skill = evidence.score("accuracy_skill")
    if skill is None or skill.low is None or skill.high is None:
        return Reading(False, "no interval of the skill: too few blocks of rows", None, limit)
    fact = f"accuracy minus best baseline {skill.value:+.3f} [{skill.low:+.3f}, {skill.high:+.3f}]"
    if skill.low > limit:
        return Reading(True, fact, skill.low, limit)
    return Reading(False, f"not better than the best baseline: {fact}", skill.low, limit)


GATE = Gate("NOT_BETTER", "abstain", measure)

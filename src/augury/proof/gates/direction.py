"""Withhold directions from a score that does not move with the returns.

Three classes can be told apart better than by the best baseline without knowing any direction: calm
spells make NEUTRAL likely, and calm is forecastable. On a synthetic market without a planted signal
such a version passed NOT_BETTER.
"""

from __future__ import annotations

from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Lower 95 % end of the correlation between the signed score and the forward return on the report rows."""
    limit = limits["direction.ic_min"]
    ic = evidence.score("ic")
    if ic is None or ic.low is None or ic.high is None:
        return Reading(
            False, "no interval of the information coefficient: too few rows, or a score that stands still", None, limit
        )
    fact = f"information coefficient {ic.value:+.3f} [{ic.low:+.3f}, {ic.high:+.3f}]"
    if ic.low > limit:
        return Reading(True, fact, ic.low, limit)
    return Reading(False, f"the score does not move with the returns: {fact}", ic.low, limit)


GATE = Gate("NO_DIRECTION", "abstain", measure)

"""Refuse what is too good to be true until an audit has said otherwise."""

from __future__ import annotations

from augury.core.score import Score
from augury.proof.evidence import Evidence
from augury.proof.gates._gate import Gate, Reading
from augury.proof.limits import Limits


def measure(evidence: Evidence, limits: Limits) -> Reading:
    """Hold the size of the IC and the direction against what markets allow.

    With many effective rows the value counts, with few its lower 95 % end: noise alone does not alarm,
    a leak does. A strongly negative IC alarms as well: a leak with its sign turned is a leak.
    """
    facts, ic_max = [], limits["too_good.ic_max"]
    if (ic := evidence.score("ic")) is not None:
        facts.append(f"ic {ic.value:+.3f}")
        if _beyond(ic, ic_max, limits) or _beyond(_turned(ic), ic_max, limits):
            message = f"ic {ic.value:+.3f} beyond {ic_max} ({_suspicion(evidence, ic_max)})"
            return Reading(False, message, ic.value, ic_max)
    if (direction := evidence.score("direction")) is not None:
        limit = _direction_limit(direction, limits)
        facts.append(f"direction {direction.value:.3f}")
        if _beyond(direction, limit, limits):
            message = f"direction {direction.value:.3f} beyond {limit:.2f} ({_suspicion(evidence, ic_max)})"
            return Reading(False, message, direction.value, limit)
    if not facts:
        return Reading(True, "not measured: the score takes no side", None, ic_max)
    if ic is None or not ic.sufficient:
        return Reading(True, f"no leak shows in {int(evidence.n_eff_report)} effective rows", None, ic_max)
    return Reading(True, f"{' and '.join(facts)} are plausible", ic.value, ic_max)


def _suspicion(evidence: Evidence, ic_max: float) -> str:
    """Name the column that alone says too much, and the command that looks for the cause."""
    from augury.proof.audit.suspects import name_suspects

    found = name_suspects(evidence.table, ic_max)
    where = f" in '{found[0].column}' with ic {found[0].ic:+.3f}" if found else ""
    return f"suspect leak{where}: augury lookahead shows where it comes from"


def _direction_limit(direction: Score, limits: Limits) -> float:
    rose = direction.baseline if direction.baseline is not None else 0.5
    return max(limits["too_good.direction_max"], max(rose, 1 - rose) + limits["too_good.direction_over_base"])


def _beyond(score: Score, limit: float, limits: Limits) -> bool:
    if score.n_eff > limits["too_good.rows_min"]:
        return score.value > limit
    return score.n_eff >= limits["too_good.rows_tiny"] and score.low is not None and score.low > limit


def _turned(score: Score) -> Score:
    low = None if score.high is None else -score.high
    return Score(score.name, -score.value, low, None, None, score.n, score.n_eff)


GATE = Gate("SUSPECT_LEAK", "refuse", measure)

"""The verdict: every gate in the catalogue, one word."""

from __future__ import annotations

from augury.core.catalog import Catalog
from augury.core.errors import GateRefused, SuspectLeak
from augury.core.score import Verdict
from augury.proof.evidence import Evidence
from augury.proof.gates import Gate
from augury.proof.limits import Limits, load_limits

__all__ = ["GATES", "Evidence", "judge", "refusal"]

GATES: Catalog[Gate] = Catalog("gate", ("augury.proof.gates",), "GATE")


def judge(evidence: Evidence, *, limits: Limits | None = None) -> Verdict:
    """Ask every gate, in the order of their names, and derive the word.

    Parameters
    ----------
    evidence : Evidence
        Report rows and what was shown while learning.
    limits : Limits, optional
        Default: the file shipped with the package.

    Returns
    -------
    Verdict
        ``skill``, ``calibrated_only``, ``insufficient`` or ``refused``, with every gate's reading.
    """
    chosen = limits or load_limits()
    return Verdict.of(tuple(gate(evidence, chosen) for _, gate in GATES))


def refusal(verdict: Verdict, where: str) -> GateRefused | None:
    """Return the error that a refused verdict stands for; None when it was not refused.

    Parameters
    ----------
    verdict : Verdict
        Of the version.
    where : str
        The cell, e.g. ``^GSPC d1 5d``; it begins the message.

    Examples
    --------
    >>> from augury.core.score import GateResult
    >>> gate = GateResult("CONSTANT", False, "refuse", "spread 0 < 1e-06 (collapsed)", 0.0, 1e-6)
    >>> print(refusal(Verdict.of((gate,)), "AAPL d1 5d"))
    AAPL d1 5d: gate refused: spread 0 < 1e-06 (collapsed), see the report
    """
    if verdict.word != "refused":
        return None
    failed = [gate for gate in verdict.failed if gate.effect == "refuse"]
    message = f"{where}: gate refused: {'; '.join(gate.message for gate in failed)}, see the report"
    kinds: dict[str, type[GateRefused]] = {"SUSPECT_LEAK": SuspectLeak}
    return kinds.get(failed[0].code, GateRefused)(message, gates=[gate.code for gate in failed])

"""Pseudo-labels: a model's own answers as labels, behind gates that stop the run rather than give way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import GateRefused
from augury.core.typing import Floats, Ints, Json

FLOOR: Final = 0.92
TARGET: Final = 150
BALANCE: Final = (0.45, 0.55)
AGREEMENT: Final = 0.75


@dataclass(frozen=True, slots=True)
class PseudoLabels:
    """Rows that passed every gate.

    Parameters
    ----------
    rows : (m,)
        Ascending.
    codes : (m,)
        Column of the class each was given.
    facts : dict
        What was measured: ``agreement``, ``count`` by class, ``floor`` by class.
    """

    rows: Ints
    codes: Ints
    facts: Json


def pseudo_labels(
    first: Floats,
    second: Floats,
    classes: Sequence[str],
    *,
    floors: Mapping[str, float] | None = None,
    target: int = TARGET,
    agreement: float = AGREEMENT,
) -> PseudoLabels:
    """Take the surest answers of two passes over unlabelled windows, as many of each class.

    A class keeps its most confident ``target`` windows above its floor on which both passes agree. Two
    classes are balanced by construction; the gate measures it all the same.

    Parameters
    ----------
    first, second : (n, classes)
        Probabilities of two passes with other seeds (or other models).
    classes : sequence of str
    floors : mapping, optional
        Class to the least confidence, default 0.92. A floor is never lowered.
    target : int
        Windows wanted of each class.
    agreement : float
        Share of all windows on which both passes must name the same class.

    Raises
    ------
    GateRefused
        ``no_pseudo_labels``: the passes disagree, or a class has too few sure windows. The run ends.

    Examples
    --------
    >>> sure = np.array([[0.95, 0.05], [0.04, 0.96]])
    >>> pseudo_labels(sure, sure, ["a", "b"], target=1).rows.tolist()
    [0, 1]
    """
    named = first.argmax(axis=1)
    share = float(np.mean(named == second.argmax(axis=1))) if len(first) else 0.0
    if share < agreement:
        raise _refused(f"two passes agree on {share:.2f} of {len(first)} windows, needed {agreement}", agreement=share)
    sure = np.minimum(first.max(axis=1), second[np.arange(len(first)), named])
    floor = {name: (floors or {}).get(name, FLOOR) for name in classes}
    chosen: list[Ints] = []
    for code, name in enumerate(classes):
        able = np.flatnonzero((named == code) & (second.argmax(axis=1) == code) & (sure >= floor[name]))
        if len(able) < target:
            raise _refused(
                f"{len(able)} windows of class {name} reach {floor[name]}, needed {target}", name=name, found=len(able)
            )
        chosen.append(able[np.argsort(-sure[able], kind="stable")[:target]])
    rows = np.sort(np.concatenate(chosen))
    counts = {name: int((named[rows] == code).sum()) for code, name in enumerate(classes)}
    if len(classes) == 2 and not BALANCE[0] <= counts[classes[0]] / len(rows) <= BALANCE[1]:
        raise _refused(f"{counts} is out of balance, needed {BALANCE[0]} to {BALANCE[1]}")
    return PseudoLabels(rows, named[rows].astype(np.int64), {"agreement": share, "count": counts, "floor": floor})


def _refused(why: str, **facts: object) -> GateRefused:
    return GateRefused(
        f"no_pseudo_labels: {why} (rule: floors are never lowered, the run ends here)",
        fix="augury windows extract --help",
        gate="no_pseudo_labels",
        **facts,
    )

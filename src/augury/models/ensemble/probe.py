"""The probe: one train row and each member's answer to it, asked again whenever the member is loaded.

The bytes of a file can be right and its answer wrong, when a library that reads it has changed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from augury.core.errors import CorruptArtifact
from augury.core.typing import Json
from augury.models.members import AnyMember, probed

TOLERANCE: Final = 1e-9
"""Largest difference in a probability that is still rounding."""


def take_probe(members: dict[str, AnyMember], row: tuple[float, ...]) -> Json:
    """Ask every member about a row.

    Parameters
    ----------
    members : dict
        Name to fitted member.
    row : tuple of float
        ``(n_features,)`` finite numbers.

    Returns
    -------
    dict
        ``row`` and ``answers``, JSON-ready.
    """
    return {"row": list(row), "answers": {name: probed(member, row) for name, member in members.items()}}


def check_probe(name: str, member: AnyMember, probe: Json) -> None:
    """Ask a loaded member again.

    Raises
    ------
    CorruptArtifact
        It answers otherwise than when it was saved, or not with finite numbers.
    """
    before, now = np.asarray(probe["answers"][name]), np.asarray(probed(member, tuple(probe["row"])))
    if before.shape != now.shape or not np.all(np.abs(before - now) <= TOLERANCE):
        raise CorruptArtifact(
            f"member {name} answers {now.tolist()} to its probe row, it answered {before.tolist()} when it was saved",
            fix="augury doctor",
            member=name,
        )

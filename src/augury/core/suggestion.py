"""The name that was probably meant, for messages about unknown ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ``, did you mean '…'?`` to put behind an unknown name; empty when nothing is near.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What there is.
    cutoff : float
        Likeness from 0 (anything) to 1 (equal) that counts as near; default 0.6.

    Examples
    --------
    >>> did_you_mean("synthetc", ["arch", "synthetic"]), did_you_mean("tea", ["arch"])
    (", did you mean 'synthetic'?", '')
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f", did you mean '{near[0]}'?" if near else ""

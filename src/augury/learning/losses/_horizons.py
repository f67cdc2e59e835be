"""What each horizon weighs when several are learnt at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from augury.core.errors import UsageError

HORIZON_WEIGHTS: Final = {1: 1.0, 5: 0.6, 10: 0.3, 20: 0.2}
"""By length in trading rows: far outcomes overlap and teach less a row."""


def horizon_shares(horizons: Sequence[int], weights: Mapping[int, float] | None = None) -> list[float]:
    """Return what each horizon weighs, in their order, sum 1.

    Raises
    ------
    UsageError
        A horizon without weight, or named twice, or a weight below 0.

    Examples
    --------
    >>> [round(share, 3) for share in horizon_shares([1, 5, 10, 20])]
    [0.476, 0.286, 0.143, 0.095]
    """
    known = HORIZON_WEIGHTS if weights is None else dict(weights)
    lost = [h for h in horizons if h not in known]
    if lost or not horizons or len(set(horizons)) != len(horizons):
        raise UsageError(f"horizons {list(horizons)} were asked for, weights are known of {sorted(known)}, one each")
    chosen = [float(known[h]) for h in horizons]
    if min(chosen) < 0 or not sum(chosen) > 0:
        raise UsageError(f"horizon weights {chosen} are at least 0 and not all 0")
    return [weight / sum(chosen) for weight in chosen]

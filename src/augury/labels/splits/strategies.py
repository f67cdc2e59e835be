"""Ways to divide rows, by name; those that mix past and future are refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from augury.core.errors import LeakError, UnknownName
from augury.core.suggestion import did_you_mean
from augury.labels.splits.combinatorial import CombinatorialPurged
from augury.labels.splits.ordered import WalkForward, time_ordered
from augury.labels.windows.folds import forward_folds

_ALLOWED: Final[dict[str, Callable[..., Any]]] = {
    "walk_forward": WalkForward,
    "time_ordered": time_ordered,
    "combinatorial_purged": CombinatorialPurged,
    "forward_windows": forward_folds,
}
_REFUSED: Final = {
    "random": "neighbouring rows share bars and labels, so rows on both sides are near copies",
    "shuffle": "order in time is the only thing that separates the known from the unknown",
    "stratified": "equal class shares on both sides mix the future into the past",
    "kfold": "a fold in the middle is scored by a model that trained on what came after it",
}


def splitter(name: str) -> Callable[..., Any]:
    """Return a way to divide rows by its name.

    Parameters
    ----------
    name : str
        ``walk_forward``, ``time_ordered``, ``combinatorial_purged`` or ``forward_windows``.

    Raises
    ------
    LeakError
        ``random``, ``shuffle``, ``stratified``, ``kfold`` in any spelling: refused, with the reason.
    UnknownName
        With the nearest name.

    Examples
    --------
    >>> splitter("K-Fold")
    Traceback (most recent call last):
        ...
    augury.core.errors.LeakError: splitting by 'K-Fold' is refused: a fold in the middle is ...
    """
    bare = re.sub(r"[^a-z]", "", name.lower())
    for refused, reason in _REFUSED.items():
        if refused in bare:
            raise LeakError(f"splitting by '{name}' is refused: {reason}", name=name)
    for allowed, way in _ALLOWED.items():
        if bare == allowed.replace("_", ""):
            return way
    hint = did_you_mean(name.strip().lower(), _ALLOWED)
    raise UnknownName(f"unknown splitter '{name}'{hint} (known: {', '.join(_ALLOWED)})", name=name)

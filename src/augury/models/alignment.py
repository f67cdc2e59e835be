"""From a member's own classes to the one class order of the house."""

from __future__ import annotations

from typing import Any

import numpy as np

from augury.core.errors import ModelError
from augury.core.labelspec import CODES
from augury.core.typing import Floats, Probabilities


def align_proba(proba: Floats, classes: Any) -> Probabilities:
    """Put a member's probabilities in the order of ``LABELS``; a class it never saw has 0.

    Parameters
    ----------
    proba : (n, k)
        In the order of ``classes``.
    classes : (k,)
        Codes among -1, 0, +1.

    Raises
    ------
    ModelError
        Unknown classes, a wrong shape, or rows that are no distribution: the member has failed.

    Examples
    --------
    >>> align_proba(np.array([[0.25, 0.75]]), [-1, 1])
    array([[0.25, 0.  , 0.75]])
    """
    proba = np.asarray(proba, dtype=np.float64)
    places = [CODES.index(int(code)) for code in classes if int(code) in CODES]
    if proba.ndim != 2 or proba.shape[1] != len(classes) or len(places) != len(classes):
        raise ModelError(f"a member answered {proba.shape} for the classes {list(classes)}")
    if not np.isfinite(proba).all() or (proba < 0).any() or (np.abs(proba.sum(axis=1) - 1) > 1e-6).any():
        raise ModelError("a member answered rows that are not probabilities")
    aligned = np.zeros((len(proba), len(CODES)))
    aligned[:, places] = proba
    return aligned

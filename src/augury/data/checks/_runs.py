"""Stretches of equal neighbours within a symbol."""

from __future__ import annotations

import numpy as np

from augury.core.typing import Bools, Ints
from augury.data.checks._view import BarsView


def run_lengths(view: BarsView, same: Bools) -> Ints:
    """Length of the stretch each row belongs to.

    Parameters
    ----------
    view : BarsView
        Bars in order.
    same : np.ndarray of bool
        Whether a row continues the one before; the first row of a symbol never does.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"symbol": ["A", "A", "A", "B"], "ts": [1, 2, 3, 1]})
    >>> run_lengths(BarsView(frame), np.array([False, True, False, True])).tolist()
    [2, 2, 1, 1]
    """
    begins = ~same | view.first
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(same)))
    return np.asarray(np.repeat(lengths, lengths), dtype=np.int64)

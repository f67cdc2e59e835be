"""Folds of windows: train on the past, answer for the next block; no window straddles a border."""

from __future__ import annotations

import numpy as np

from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.core.typing import Ints
from augury.labels.windows.extraction import Windows


def forward_folds(windows: Windows, folds: int = 5) -> list[tuple[Ints, Ints]]:
    """Divide windows by the time of their last bar into forward-chaining folds.

    The first of ``folds + 1`` equal blocks of distinct end times only trains. A window trains a fold
    when it ends before the first bar of every window the fold tests, so that no bar is on both sides,
    of whichever symbol.

    Parameters
    ----------
    windows : Windows
        Of one or more symbols, in any order.
    folds : int
        Blocks that are answered for, at least 1.

    Returns
    -------
    list of (train, test)
        Row numbers, oldest test block first.

    Raises
    ------
    InsufficientHistory
        A fold would have no window on a side.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.labels.windows.extraction import extract_windows
    >>> found = extract_windows(SyntheticMarket(n_symbols=1, n_bars=1000).bars())
    >>> [(len(train), len(test)) for train, test in forward_folds(found)]
    [(1, 3), (4, 3), (7, 3), (10, 3), (13, 3)]
    """
    if isinstance(folds, bool) or folds < 1:
        raise UsageError(f"folds={folds} is below 1")
    starts, ends = (windows.frame[name].to_physical().to_numpy() for name in ("start_ts", "end_ts"))
    moments, moment = np.unique(ends, return_inverse=True)
    block = np.arange(len(moments), dtype=np.int64) * (folds + 1) // max(len(moments), 1)
    found = []
    for fold in range(1, folds + 1):
        test = np.flatnonzero(block[moment] == fold)
        train = np.flatnonzero(ends < starts[test].min()) if len(test) else test
        if not len(train):
            raise InsufficientHistory(
                f"{len(windows)} windows: fold {fold} of {folds} has {len(test)} to test and none to train on"
            )
        found.append((train, test))
    return found


def refuse_straddling(windows: Windows, train: Ints, test: Ints) -> None:
    """Refuse a division of windows in which a train window reaches into the tested time.

    Raises
    ------
    LeakError
        Naming how many, and the window that reaches furthest.
    """
    if not len(train) or not len(test):
        return
    ends, starts = windows.frame["end_ts"][train], windows.frame["start_ts"][test]
    late = ends >= starts.min()
    if late.any():
        at = int(train[int(ends.arg_max() or 0)])
        raise LeakError(
            f"{int(late.sum())} train windows reach into the tested time, e.g. {windows.frame['window_id'][at]}: "
            "overlapping windows never straddle a border",
            rows=int(late.sum()),
        )

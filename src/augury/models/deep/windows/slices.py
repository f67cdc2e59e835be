"""Slices of windows in time: fit, select, calibrate; no bar lies on two sides of a border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.typing import Bools, Floats, Ints

SELECT_SHARE: Final = 0.15
"""Of the windows, the latest: early stopping chooses on them."""
CALIBRATION_SHARE: Final = 0.10
"""Of the windows, the latest of all when asked for: neither trained nor chosen on."""


@dataclass(frozen=True)
class WindowSlices:
    """Row numbers of each slice.

    Parameters
    ----------
    fit, select, calibrate : array of int
        Oldest first; ``calibrate`` is empty unless asked for.
    dropped : int
        Windows that reached into a later slice and are in none.
    """

    fit: Ints
    select: Ints
    calibrate: Ints
    dropped: int


def slice_windows(prices: Floats, times: Any = None, *, calibrate: bool = False) -> WindowSlices:
    """Divide windows by the time of their last bar: the latest 15 % select, the rest fit.

    A window that shares time with a later slice is dropped. With starts and ends that is told by time, of
    whichever symbol; else by bars: two windows that have the same two bars in a row overlap.

    Parameters
    ----------
    prices : array, shape (n, n_bars, 4)
    times : array, shape (n,) or (n, 2), optional
        Ends of the windows, or starts and ends; without them the rows are in order of time.
    calibrate : bool
        Keep the latest 10 % for calibration, and select on the 15 % before.

    Raises
    ------
    InsufficientHistory
        Too few windows for a slice.
    UsageError
        Times of another shape.
    """
    n = len(prices)
    spans = _checked_times(times, n)
    order = np.arange(n) if spans is None else np.argsort(spans[:, 1], kind="stable")
    last = round(n * CALIBRATION_SHARE) if calibrate else 0
    middle = max(1, round(n * SELECT_SHARE))
    fit, select, rest = order[: n - last - middle], order[n - last - middle : n - last], order[n - last :]
    apart = _apart_by_bars(prices) if spans is None or spans[0, 0] == _UNKNOWN else _apart_by_time(spans)
    kept_select = select[apart(select, rest)]
    kept = fit[apart(fit, np.concatenate([kept_select, rest]))]
    if not len(kept) or not len(kept_select) or (calibrate and not len(rest)):
        raise InsufficientHistory(
            f"{n} windows give {len(kept)} to fit, {len(kept_select)} to select and {len(rest)} to calibrate on: "
            "none may be empty, and a window that overlaps a later slice counts for none"
        )
    return WindowSlices(kept, kept_select, rest, n - len(kept) - len(kept_select) - len(rest))


_UNKNOWN: Final = np.iinfo(np.int64).min


def _checked_times(times: Any, n: int) -> Ints | None:
    """Starts and ends as numbers; a start that was not given is ``_UNKNOWN``."""
    if times is None:
        return None
    given = times.to_numpy() if isinstance(times, (pl.Series, pl.DataFrame)) else np.asarray(times)
    if given.shape not in ((n,), (n, 2)):
        raise UsageError(f"times have shape {given.shape}: one end, or start and end, for each of {n} windows")
    if given.dtype == object:
        given = given.astype("datetime64[us]")
    if given.dtype.kind not in "Miuf":
        raise UsageError(f"times are moments or numbers, found {given.dtype}")
    # Ranks keep the order of moments and numbers alike, and compare without rounding.
    values = np.unique(given, return_inverse=True)[1].reshape(given.shape).astype(np.int64)
    return values if values.ndim == 2 else np.stack([np.full(n, _UNKNOWN), values], axis=1)


def _apart_by_time(spans: Ints) -> Any:
    def apart(rows: Ints, later: Ints) -> Bools:
        border = spans[later, 0].min() if len(later) else np.iinfo(np.int64).max
        found: Bools = spans[rows, 1] < border
        return found

    return apart


def _apart_by_bars(prices: Floats) -> Any:
    def pairs(rows: Ints) -> Sequence[bytes]:
        two = np.concatenate([prices[rows, :-1], prices[rows, 1:]], axis=2)
        return [pair.tobytes() for window in two for pair in window]

    def check(rows: Ints, later: Ints) -> Bools:
        seen, steps = set(pairs(later)), prices.shape[1] - 1
        found = np.array([pair in seen for pair in pairs(rows)], dtype=bool)
        apart: Bools = ~np.asarray(np.any(found.reshape(len(rows), steps), axis=1))
        return apart

    return check

"""What a leak most likely is, told from how the past changes when only the future does.

The rows before the cut that change, how far back they lie, and whether one straight line leads from
the old values to the new ones, differ from one mistake to the next; where that is not enough, single
bars are changed to see which of them a value reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from augury.core.typing import Bools, Floats, Ints
from augury.proof.audit.comparing import ROWS, Answer, Difference

SHIFT, CENTRED, BACKFILL, RESAMPLE = "shift(-{})", "centred rolling", "backfill", "left-labelled resample"
WINDOW, SCALER, ENCODING, SAMPLE = (
    "whole-window z-norm", "full-sample scaler", "target encoding", "full-sample statistic",
)  # fmt: skip
SHUFFLE, OVERLAP = "shuffled split", "missing purge"
LENGTH, MISSING, UNSTEADY = "length of the history", "rows depend on the future", "not repeatable"
KINDS: Final = (
    SHIFT, CENTRED, BACKFILL, RESAMPLE, WINDOW, SCALER, ENCODING, SAMPLE, SHUFFLE, OVERLAP, LENGTH, MISSING, UNSTEADY,
)  # fmt: skip
"""Every kind there is; the number of bars stands in the braces of the first."""
_WHOLE_SHARE: Final = 0.5
"""Above this share of changed rows a value depends on the whole history, not on a few bars ahead."""
_LEVELS_MAX: Final = 64
"""A column with no more different values than this holds classes, not measurements."""
_STRAIGHT: Final = 1e-5
"""Residual of a straight line, in spreads of the column, up to which it is one (columns may be float32)."""
_MOST: Final = 0.9


@dataclass(frozen=True)
class Seen:
    """One difference and where it was seen."""

    probe: str
    cut: datetime
    difference: Difference


Depends = Callable[[datetime, int], bool]
"""Does the column at a moment read the bar so many dates before (negative: after) it?"""


def kind_of(column: str, full: Answer, seen: Sequence[Seen], tried: Sequence[datetime], depends: Depends) -> str:
    """Name what a leaking column most likely is.

    Parameters
    ----------
    column : str
    full : Answer
        Of the whole history.
    seen : sequence of Seen
        Its differences, at least one.
    tried : sequence of datetime
        Every cut the stage was tried at.
    depends : callable
        Changes one bar and looks; used for a few bars only.

    Returns
    -------
    str
        One of ``KINDS``.
    """
    if column == ROWS:
        return MISSING
    if any(_filled_back(full, one) for one in seen if one.probe == "cut"):
        return BACKFILL
    last = max(seen, key=lambda one: (one.cut, len(one.difference.rows)))
    if len(last.difference.rows) >= _WHOLE_SHARE * max(1, _told(last.difference).sum()):
        return _of_whole_history(full, last, {one.probe for one in seen})
    return _of_few_bars(full, seen, tried, depends)


def _told(difference: Difference) -> Bools:
    return np.asarray((difference.mine.is_not_null() | difference.other.is_not_null()).to_numpy(), dtype=np.bool_)


def _positions(difference: Difference) -> Ints:
    """Places of the changed rows among those compared."""
    return np.searchsorted(difference.known, difference.rows)


def _filled_back(full: Answer, one: Seen) -> bool:
    """Changed values are unknown once cut, and equal the next one that came: it was written into the past."""
    difference, rows = one.difference, one.difference.rows
    if difference.other.gather(_positions(difference)).is_not_null().any() or not len(rows):
        return False
    following = np.minimum(rows + 1, full.frame.height - 1)
    symbol, values = full.frame["symbol"], full.frame[difference.mine.name]
    same = (symbol.gather(rows) == symbol.gather(following)) & pl.Series(following > rows)
    equal = (values.gather(rows) == values.gather(following)).filter(same)
    return len(equal) > 0 and int(equal.sum()) >= _MOST * len(equal)


def _of_whole_history(full: Answer, one: Seen, probes: set[str]) -> str:
    difference = one.difference
    if not difference.mine.dtype.is_numeric():
        return SAMPLE
    a = difference.mine.cast(pl.Float64).to_numpy().astype(np.float64)
    b = difference.other.cast(pl.Float64).to_numpy().astype(np.float64)
    both = np.isfinite(a) & np.isfinite(b)
    if probes == {"cut"}:
        return LENGTH
    if 0 < len(np.unique(a[both])) <= min(_LEVELS_MAX, max(2, int(both.sum()) // 4)):
        return ENCODING
    groups = full.frame["symbol"].gather(difference.known).to_numpy()[both]
    a, b = a[both], b[both]
    names = np.unique(groups)
    if len(names) > 1 and _straight(a, b):
        return SCALER
    return WINDOW if all(_straight(a[groups == name], b[groups == name]) for name in names) else SAMPLE


def _straight(a: Floats, b: Floats) -> bool:
    """Does one line lead from a to b?"""
    if len(a) < 3 or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return len(a) < 3
    x, y = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    slope = float(x @ y) / len(x)
    return bool(np.abs(y - slope * x).max() <= _STRAIGHT * max(1.0, np.abs(y).max()))


def _of_few_bars(full: Answer, seen: Sequence[Seen], tried: Sequence[datetime], depends: Depends) -> str:
    reaches = dict.fromkeys(tried, 0)
    for one in seen:
        reaches[one.cut] = max(reaches[one.cut], _reach(full, one.difference))
    # Among the first bars windows are not full: only the later half of the cuts tells how steady the reach is.
    late = [reaches[cut] for cut in sorted(tried)[len(tried) // 2 :]]
    ahead = max(late) or max(reaches.values())
    if ahead > 1 and len(set(late)) > 1:
        return RESAMPLE
    at = max(one.cut for one in seen)
    symmetric = depends(at, ahead) and not depends(at, ahead + 2)
    return CENTRED if symmetric else SHIFT.format(ahead)


def _reach(full: Answer, difference: Difference) -> int:
    """Bars from the first changed row of a symbol through its last compared one, at most over the symbols."""
    runs = full.frame["symbol"].gather(difference.known).rle().struct.field("len").to_numpy()
    ends, places = np.cumsum(runs) - 1, _positions(difference)
    return int((ends[np.searchsorted(ends, places)] - places + 1).max())

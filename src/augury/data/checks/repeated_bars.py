"""REPEATED_BARS: no stretch of bars is the copy of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.typing import Bools, Floats, Ints
from augury.data.checks._runs import run_lengths
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

LEAST: Final = 3
"""Bars in a row; one bar may equal another by chance."""
FIELDS: Final = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class RepeatedBars:
    """A feed that fills a gap with the bar before, or a block pasted a second time under other dates."""

    code: str = "REPEATED_BARS"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for bars that trade, and equal an earlier bar of their symbol in every value, several in a row."""
        if context.close_only:
            return []
        copies = _copies(view)
        before = np.append(False, copies[:-1])
        long = copies & (run_lengths(view, copies & before) >= LEAST)
        return by_symbol(self, view.rows(long), context, lambda _: "repeats earlier bars, volume and all")


def _copies(view: BarsView) -> Bools:
    """Which rows equal an earlier row of the same symbol in prices and volume."""
    marks = np.zeros(view.frame.height, dtype=np.bool_)
    volume = view.column("volume")
    # One number for each bar: equal bars have equal numbers, and few others do.
    key = view.column("close") + 3.7 * view.column("open") + 1e-3 * volume + view.series
    rows = np.flatnonzero((volume > 0) & (view.column("high") > view.column("low")) & _shared(key))
    if not len(rows):
        return marks
    table = np.stack([view.series[rows].astype(np.float64), *(view.column(name)[rows] for name in FIELDS)])
    order = np.lexsort(table[::-1])
    same = (table[:, order[1:]] == table[:, order[:-1]]).all(axis=0)
    marks[rows[order[1:][same]]] = True
    return marks


def _shared(key: Floats) -> Bools:
    order: Ints = np.argsort(key, kind="stable")
    equal = key[order[1:]] == key[order[:-1]]
    marks = np.zeros(len(key), dtype=np.bool_)
    marks[order[1:][equal]] = True
    marks[order[:-1][equal]] = True
    return marks


CHECK = RepeatedBars()

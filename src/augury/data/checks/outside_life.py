"""OUTSIDE_LIFE: bars lie between the listing of a symbol and its delisting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from augury.core.typing import Bools
from augury.data.checks._runs import run_lengths
from augury.data.checks._view import BarsView
from augury.data.knowledge.validity import valid_join
from augury.data.validation.findings import ERROR, WARNING, CheckContext, Finding, by_symbol

PADDING_BARS: Final = 10
"""Bars of one price without volume at an end of a series, at least."""
PADDING: Final = "one price without volume at the end of the series: nothing traded"


@dataclass(frozen=True)
class OutsideLife:
    """A price before the first trade or after the last one was filled in.

    Known from the register of instruments when there is one. Else filling leaves a trace, which is a
    warning: at the beginning or the end, bars of one price without any volume, in a series that has volume.
    """

    code: str = "OUTSIDE_LIFE"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look the days up in the register, and look at the ends of each series."""
        outside = np.zeros(view.frame.height, dtype=np.bool_)
        if context.instruments is not None:
            lives = context.instruments.frame.select("symbol", "valid_from", "valid_to", "id")
            named = valid_join(view.frame.select("symbol", "ts"), lives)
            known = pl.col("symbol").is_in(context.instruments.symbols)
            outside = named.select(pl.col("id").is_null() & known).to_series().to_numpy()
        padded = _padded(view) & ~outside
        lived = by_symbol(self, view.rows(outside), context, lambda _: "the symbol was not listed then", apart=True)
        traces = by_symbol(self, view.rows(padded), context, lambda _: PADDING, apart=True)
        return [*lived, *(replace(one, severity=WARNING) for one in traces)]


def _padded(view: BarsView) -> Bools:
    volume, close = view.column("volume"), view.column("close")
    idle = (volume == 0) | np.isnan(volume)
    flat = idle & (view.column("high") == view.column("low")) & (close == view.column("high"))
    same = flat & (close == view.before) & np.append(False, flat[:-1])
    lengths = run_lengths(view, same)
    traded = np.add.reduceat((volume > 0).astype(np.int64), view.starts) > (view.ends - view.starts) // 4
    marks = np.zeros(view.frame.height, dtype=np.bool_)
    for begin, end, trades in zip(view.starts.tolist(), view.ends.tolist(), traded.tolist(), strict=True):
        for row, first in ((begin, begin), (end - 1, end - int(lengths[end - 1]))):
            if trades and flat[row] and lengths[row] >= PADDING_BARS:
                marks[first : first + int(lengths[row])] = True
    return marks


CHECK = OutsideLife()

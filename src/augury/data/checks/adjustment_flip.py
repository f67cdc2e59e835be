"""ADJUSTMENT_FLIP: a series does not switch between two levels and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.typing import Bools, Ints
from augury.data.checks._breaks import breaks_of
from augury.data.checks._view import BarsView, logarithm
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

FACTOR_STEP: Final = 0.2
"""Change of adj_close / close (in logs) that no ordinary dividend makes."""
FACTOR_BACK: Final = 0.1


@dataclass(frozen=True)
class AdjustmentFlip:
    """Prices that jump by a factor and jump back by the same one were adjusted for only a part of the time.

    The same holds for the factor itself, adj_close / close: it changes at an event and stays changed.
    """

    code: str = "ADJUSTMENT_FLIP"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for equal and opposite moves of level, and of the factor of adjustment."""
        away = _prices(view) | _factors(view)
        return by_symbol(
            self, view.rows(away), context, lambda _: "the level switches by a factor here, and back again later"
        )


def _prices(view: BarsView) -> Bools:
    moves = breaks_of(view)
    return _between(view, moves.rows[moves.flipped], moves.until[moves.flipped])


def _factors(view: BarsView) -> Bools:
    if "adj_close" not in view.frame.columns:
        return np.zeros(view.frame.height, dtype=np.bool_)
    factor = logarithm(view.column("adj_close")) - view.log_close
    steps = factor - view.shifted(factor)
    rows = np.flatnonzero(np.abs(steps) > FACTOR_STEP)
    after = rows[1:]
    back = (view.series[rows[:-1]] == view.series[after]) & (np.abs(steps[rows[:-1]] + steps[after]) < FACTOR_BACK)
    return _between(view, rows[:-1][back], after[back])


def _between(view: BarsView, begins: Ints, ends: Ints) -> Bools:
    marks = np.zeros(view.frame.height, dtype=np.bool_)
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        marks[begin:end] = True
    return marks


CHECK = AdjustmentFlip()

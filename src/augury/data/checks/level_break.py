"""LEVEL_BREAK: no lasting change of level from one bar to the next without a market behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from augury.core.typing import Bools
from augury.data.checks._breaks import Breaks, breaks_of
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, WARNING, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class LevelBreak:
    """Two downloads with different adjustment, stitched at one date, are two scales in one series.

    A fall that is no simple ratio may be a special dividend or a spin-off nobody adjusted for: a
    warning. A rise cannot, nor can a break on the first bar of a year, where downloads are stitched.
    A ratio near n:1 elsewhere is SUSPECTED_SPLIT.
    """

    code: str = "LEVEL_BREAK"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for moves of open and close alike that last, without turnover and without the other symbols."""
        moves = breaks_of(view)
        lasting = moves.stitched
        seam = _new_year(view, moves)
        broken = lasting & (seam | (moves.move > 0)) & (seam | ~moves.split)
        doubtful = lasting & ~broken & ~moves.split
        return [
            *self._found(view, moves, broken, context),
            *(replace(one, severity=WARNING) for one in self._found(view, moves, doubtful, context)),
        ]

    def _found(self, view: BarsView, moves: Breaks, mask: Bools, context: CheckContext) -> list[Finding]:
        bad = view.rows(moves.rows[mask]).with_columns(pl.Series("_ratio", np.exp(moves.move[mask])))
        return by_symbol(self, bad, context, _describe)


def _new_year(view: BarsView, moves: Breaks) -> Bools:
    years = view.micros[moves.rows].astype("datetime64[us]").astype("datetime64[Y]")
    before = view.micros[np.maximum(moves.rows - 1, 0)].astype("datetime64[us]").astype("datetime64[Y]")
    return np.asarray(years != before, dtype=np.bool_)


def _describe(row: dict[str, Any]) -> str:
    ratio = row["_ratio"]
    return f"from here on prices are {ratio:.4g} times those before ({1 / ratio:.4g} the other way), on usual turnover"


CHECK = LevelBreak()

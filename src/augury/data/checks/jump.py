"""JUMP: a close that moves by more than 50 % is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.typing import Bools
from augury.data.checks._breaks import SURGE, Breaks, breaks_of
from augury.data.checks._view import BarsView
from augury.data.checks.special_session import specials
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

LARGE: Final = 0.5
HUGE: Final = 2.0


@dataclass(frozen=True)
class Jump:
    """Errors and real crashes look alike in the price; turnover, the other symbols and what lasts speak for real.

    A bar that stands alone, its level taken back at once on usual turnover, can be set aside. What another
    rule has a name for (a split, a slipped decimal, a special session) is left to it.
    """

    code: str = "JUMP"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare each close with the one before; what is undone at once is told from what lasts."""
        moves = breaks_of(view)
        ratio = np.exp(moves.move) - 1
        told = moves.unit | moves.suspected | moves.stitched | moves.slipped | moves.flipped | specials(view, context)
        large = (np.abs(ratio) > LARGE) & ~told & ~moves.back
        spike = large & moves.brief
        huge = large & (ratio > HUGE) & ~moves.lasting & moves.quiet & ~spike
        return [
            *by_symbol(self, self._rows(view, moves, spike), context, _describe_spike, apart=True),
            *by_symbol(self, self._rows(view, moves, huge), context, _describe, apart=True),
            *by_symbol(self, self._rows(view, moves, large & ~spike & ~huge), context, _describe),
        ]

    def _rows(self, view: BarsView, moves: Breaks, mask: Bools) -> pl.DataFrame:
        return view.rows(moves.rows[mask]).with_columns(
            pl.Series("_move", np.exp(moves.move[mask]) - 1),
            pl.Series("_surge", moves.surge[mask] >= SURGE),
            pl.Series("_peers", moves.peers[mask]),
        )


def _describe_spike(row: dict[str, Any]) -> str:
    return f"close moves by {row['_move']:+.0%} and back at once, without a surge of volume"


def _describe(row: dict[str, Any]) -> str:
    if row["_peers"]:
        return f"close moves by {row['_move']:+.0%} with the whole market, likely real"
    if row["_move"] > HUGE:
        return f"close moves by {row['_move']:+.0%}, hardly real"
    volume = "with a surge of volume, likely real" if row["_surge"] else "without a surge of volume"
    return f"close moves by {row['_move']:+.0%} {volume}"


CHECK = Jump()

"""SPECIAL_SESSION: bars on a day without session are at the level of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.typing import Bools
from augury.data.checks._breaks import breaks_of
from augury.data.checks._sessions import session_days
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

_SATURDAY: Final = 5


@dataclass(frozen=True)
class SpecialSession:
    """Weekend sessions (Muhurat trading, a moved session) are often left out when prices are adjusted."""

    code: str = "SPECIAL_SESSION"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for a level that lasts only for a bar on a weekend or on a closed day."""
        special = specials(view, context)
        moves = breaks_of(view)
        bad = view.rows(moves.rows[special]).with_columns(pl.Series("_ratio", np.exp(moves.move[special])))
        return by_symbol(self, bad, context, _describe, apart=True)


def specials(view: BarsView, context: CheckContext) -> Bools:
    """Which large moves are a bar or two on a weekend or a closed day."""
    moves, closed = breaks_of(view), (view.days + 3) % 7 >= _SATURDAY
    if context.calendar is not None and context.timeframe is not None:
        closed |= session_days(view, context.calendar, context.timeframe) < 0
        closed &= context.calendar.name != "24/7"
    return np.asarray(moves.brief & closed[moves.rows], dtype=np.bool_)


def _describe(row: dict[str, Any]) -> str:
    return f"a session outside the calendar at {row['_ratio']:.3g} times the level of its neighbours"


CHECK = SpecialSession()

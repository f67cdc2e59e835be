"""REPEATED_SESSION: a drop brings new sessions only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

LEAST_SYMBOLS: Final = 50
SESSIONS: Final = (2, 3)
SHARE: Final = 0.8


@dataclass(frozen=True)
class RepeatedSession:
    """A daily drop of many symbols that holds the session before too: joined, every bar is there twice."""

    code: str = "REPEATED_SESSION"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for panels of many symbols and two or three sessions."""
        days = np.unique(view.days)
        if context.timeframe is not Timeframe.D1 or len(view.starts) < LEAST_SYMBOLS or len(days) not in SESSIONS:
            return []
        full = view.ends - view.starts == len(days)
        if np.mean(full) < SHARE:
            return []
        older = int((view.days < days[-1]).sum())
        text = (
            f"a drop of {len(days)} sessions of {len(view.starts)} symbols: {older} bars are of earlier sessions, "
            "which the drop before holds already"
        )
        return [of_symbol(self, context, "", older, view.frame["ts"].min(), text)]  # type: ignore[arg-type]


CHECK = RepeatedSession()

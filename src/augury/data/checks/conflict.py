"""CONFLICT: one bar has one set of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class Conflict:
    """Which of two different bars is right cannot be known: neither first nor last is taken."""

    code: str = "CONFLICT"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for equal keys among the rows that are not identical."""
        again = np.zeros(view.frame.height, dtype=np.bool_)
        again[1:] = (np.diff(view.micros) == 0) & ~view.first[1:]
        again[:-1] |= again[1:]
        bad = view.rows(again)
        return by_symbol(
            self, bad, context, lambda row: f"is there again with other values (close {row['close']})", apart=True
        )


CHECK = Conflict()

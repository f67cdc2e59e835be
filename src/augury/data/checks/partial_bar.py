"""PARTIAL_BAR: the newest bar is complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from augury.core.typing import Bools
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

PRICES: Final = ("open", "high", "low", "close")
LEAST_BARS: Final = 20
"""Bars that show whether a symbol is ever without trades."""


@dataclass(frozen=True)
class PartialBar:
    """A download made before the close ends with a row that has no prices yet, or the old one without trades.

    A price that is missing is also NON_FINITE, an error; this rule says why it is missing.
    """

    code: str = "PARTIAL_BAR"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at the last bar of each symbol."""
        if context.close_only:
            return []
        last, size = view.ends - 1, view.ends - view.starts
        prices = np.stack([view.column(name)[last] for name in PRICES])
        volume, before = view.column("volume")[last], view.before[last]
        missing = np.isnan(prices).any(axis=0)
        still = (prices == before).all(axis=0) & (volume == 0) & (size >= LEAST_BARS) & ~_often_still(view)
        return by_symbol(self, view.rows(last[(missing | still) & (size > 1)]), context, _describe, apart=True)


def _often_still(view: BarsView) -> Bools:
    """Whether a symbol has other bars without trades: then the last one is no exception."""
    idle = (view.column("volume") == 0).astype(np.int64)
    return np.asarray(np.add.reduceat(idle, view.starts) > 1) if len(view.starts) else np.zeros(0, dtype=np.bool_)


def _describe(row: dict[str, Any]) -> str:
    absent = [name for name in PRICES if row[name] is None or row[name] != row[name]]
    what = f"has no {', '.join(absent)}" if absent else "repeats the close before without a trade"
    return f"the newest bar {what}: it was still forming"


CHECK = PartialBar()

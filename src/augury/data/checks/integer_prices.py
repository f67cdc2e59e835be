"""INTEGER_PRICES: prices are in units of the quote, not in points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol
from augury.data.validation.likely_calendar import PAIR

LEAST_BARS: Final = 50
LEAST_PRICE: Final = 1000.0
"""Below this a whole number may be a coarse tick."""
WHOLE_SHARE: Final = 0.97
ROUNDING: Final = 1e-9
WHOLE: Final = ("XTKS", "XKRX", "XIDX", "XSGO", "XBOG")
"""Markets that quote in whole units of their currency."""


@dataclass(frozen=True)
class IntegerPrices:
    """Points (x 100 or x 100000) leave returns as they are, but not costs, sizes or anything in money."""

    code: str = "INTEGER_PRICES"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for series of which (nearly) every price is a large whole number."""
        if context.calendar is not None and context.calendar.name in WHOLE:
            return []
        whole = np.ones(view.frame.height, dtype=np.bool_)
        for name in ("close",) if context.close_only else ("open", "high", "low", "close"):
            values = view.column(name)
            # Multiplying a quote by 100 leaves rounding behind: 129635.00000000001.
            with np.errstate(invalid="ignore"):
                whole &= np.abs(values - np.rint(values)) <= ROUNDING * values
        found = []
        for begin, end in zip(view.starts.tolist(), view.ends.tolist(), strict=True):
            close = view.column("close")[begin:end]
            if end - begin < LEAST_BARS or np.mean(whole[begin:end]) < WHOLE_SHARE or np.median(close) < LEAST_PRICE:
                continue
            symbol = view.frame["symbol"][begin]
            pair = " where a rate of exchange is due" if PAIR.search(symbol.upper()) else ""
            text = f"prices are whole numbers (median {np.median(close):.0f}){pair}: points, not units?"
            found.append(of_symbol(self, context, symbol, end - begin, view.frame["ts"][begin], text))
        return found


CHECK = IntegerPrices()

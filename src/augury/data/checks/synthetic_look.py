"""SYNTHETIC_LOOK: the bars look as if a market had made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Floats
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

LEAST_BARS: Final = 200
BROKEN: Final = 0.02
"""Share of bars whose high or low is not their highest or lowest price: no exchange sends that."""
CHAINED: Final = 0.99
"""Share of daily bars that open at the close before to the last digit."""
CONSTANT: Final = 0.9
"""Share of bars with one and the same volume."""
RANGE: Final = 0.9
"""Share of bars with one and the same range in terms of the close."""


@dataclass(frozen=True)
class SyntheticLook:
    """Generated bars stored as exchange data are found by what generators forget."""

    code: str = "SYNTHETIC_LOOK"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Measure in each symbol the shares of what hardly ever happens on a market."""
        if context.close_only or not len(view.starts):
            return []
        signs = {
            "of the bars break the order of open, high, low and close": (_disorder(view), BROKEN),
            "of the bars have the same volume": (_repeated(view.column("volume")), CONSTANT),
            "of the bars have the same range": (_repeated(_ranges(view)), RANGE),
        }
        if context.timeframe is Timeframe.D1 and (context.calendar is None or "24/" not in context.calendar.name):
            signs["of the days open exactly at the close before"] = (view.column("open") == view.before, CHAINED)
        size, found = view.ends - view.starts, []
        shares = {
            text: np.add.reduceat(marks.astype(np.int64), view.starts) / size for text, (marks, _) in signs.items()
        }
        for number in np.flatnonzero(size >= LEAST_BARS).tolist():
            told = [
                f"{shares[text][number]:.0%} {text}" for text, (_, most) in signs.items() if shares[text][number] > most
            ]
            if told:
                row = int(view.starts[number])
                text = "; ".join(told) + ": generated, not traded?"
                found.append(
                    of_symbol(self, context, view.frame["symbol"][row], int(size[number]), view.frame["ts"][row], text)
                )
        return found


def _disorder(view: BarsView) -> Bools:
    opened, high, low, close = (view.column(name) for name in ("open", "high", "low", "close"))
    slack = 1e-6 * close
    positive = np.minimum(np.minimum(opened, high), np.minimum(low, close)) > 0
    wrong = (np.maximum(opened, close) > high + slack) | (np.minimum(opened, close) < low - slack)
    return np.asarray(positive & wrong, dtype=np.bool_)


def _ranges(view: BarsView) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.round((view.column("high") - view.column("low")) / view.column("close"), 9))


def _repeated(values: Floats) -> Bools:
    """Equal to the value before, and not 0."""
    return np.asarray(np.append(False, values[1:] == values[:-1]) & (values != 0), dtype=np.bool_)


CHECK = SyntheticLook()

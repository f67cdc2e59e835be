"""REUSED_TICKER: a symbol's bars are those of one company."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Floats, Ints
from augury.data.checks._former_owners import FORMER_OWNERS
from augury.data.checks._view import BarsView, middle
from augury.data.knowledge.validity import valid_join
from augury.data.validation.findings import ERROR, WARNING, CheckContext, Finding, of_symbol

HOLE_DAYS: Final = 180
"""Days without a bar after which a symbol may have been given again."""
LEVEL: Final = float(np.log(2.0))
TURNOVER: Final = float(np.log(10.0))
BARS: Final = 20


@dataclass(frozen=True)
class ReusedTicker:
    """A symbol given to another company joins two histories, or hides that this is the older one."""

    code: str = "REUSED_TICKER"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Ask the register, the list of former owners, and each long hole for a break of identity."""
        if context.timeframe not in (Timeframe.D1, Timeframe.W1):
            return []
        return [*self._by_register(view, context), *self._by_former_owner(view, context), *self._by_hole(view, context)]

    def _by_register(self, view: BarsView, context: CheckContext) -> list[Finding]:
        if context.instruments is None:
            return []
        lives = context.instruments.frame.select("symbol", "valid_from", "valid_to", "id")
        named = valid_join(view.frame.select("symbol", "ts"), lives).drop_nulls("id")
        found = []
        for symbol, part in named.group_by("symbol", maintain_order=True):
            ids = part["id"].unique(maintain_order=True).to_list()
            if len(ids) > 1:
                other = part.filter(part["id"] != ids[0])
                text = f"the bars are of {len(ids)} instruments: {', '.join(ids)}"
                found.append(of_symbol(self, context, str(symbol[0]), other.height, other["ts"][0], text))
        return found

    def _by_former_owner(self, view: BarsView, context: CheckContext) -> list[Finding]:
        found = []
        for begin, end in zip(view.starts.tolist(), view.ends.tolist(), strict=True):
            symbol = str(view.frame["symbol"][begin])
            first, last = (_day(view.frame["ts"][row]) for row in (begin, end - 1))
            for owner in FORMER_OWNERS:
                if symbol.upper().removesuffix(".US") == owner.symbol and owner.first <= first and last <= owner.last:
                    text = f"from {first} to {last} the symbol was {owner.name}'s; today it is {owner.today}'s"
                    one = of_symbol(self, context, symbol, end - begin, view.frame["ts"][begin], text)
                    # A panel of its time rightly names who had the symbol then.
                    alone = len(view.starts) == 1
                    found.append(one if alone else replace(one, severity=WARNING))
        return found

    def _by_hole(self, view: BarsView, context: CheckContext) -> list[Finding]:
        far = np.diff(view.days, prepend=view.days[:1]) > HOLE_DAYS
        holes = np.flatnonzero(far & ~view.first).astype(np.int64)
        level = np.abs(_change(view, view.log_close, holes))
        with np.errstate(divide="ignore", invalid="ignore"):
            traded = np.abs(_change(view, np.log(view.turnover), holes))
        other = holes[(level > LEVEL) & ((traded > TURNOVER) | np.isnan(traded))]
        found = []
        for row in other.tolist():
            symbol, ts = str(view.frame["symbol"][row]), view.frame["ts"][row]
            days = int(view.days[row] - view.days[row - 1])
            text = f"after {days} days without a bar, level and turnover are those of another company"
            size = int(view.ends[view.series[row]]) - row
            found.append(of_symbol(self, context, symbol, size, ts, text))
        return found


def _change(view: BarsView, values: Floats, rows: Ints) -> Floats:
    """Median of the bars from each row on, less that of the bars before it."""
    return middle(view.around(values, rows, 0, BARS), least=3) - middle(view.around(values, rows, -BARS, 0), least=3)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


CHECK = ReusedTicker()

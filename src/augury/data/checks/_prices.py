"""Which prices of a bar break a rule that holds for each of them alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import Check, CheckContext, Finding, by_symbol

PRICES: Final[tuple[str, ...]] = ("open", "high", "low", "close", "adj_close")


def prices_where(check: Check, view: BarsView, context: CheckContext, wrong: Callable[[Any], Any]) -> list[Finding]:
    """Make one finding for each symbol with a wrong price; the message shows the first of them.

    Parameters
    ----------
    check : Check
        The rule.
    view : BarsView
        Bars; of open, high, low, close and adj_close those present are looked at, nulls are passed over.
    context : CheckContext
        Gives the place its name.
    wrong : callable
        Says whether a price breaks the rule; asked with a column and with a number.
    """
    names = [name for name in PRICES if name in view.frame.columns]
    bad = view.frame.filter(pl.any_horizontal(wrong(pl.col(name)) for name in names))

    def describe(row: dict[str, Any]) -> str:
        first = next(name for name in names if row[name] is not None and wrong(row[name]))
        return f"{first} is {row[first]}"

    return by_symbol(check, bad, context, describe, apart=True)

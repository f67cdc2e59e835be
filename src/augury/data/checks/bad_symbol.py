"""BAD_SYMBOL: every symbol is spelt as a symbol may be."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.core.bars import check_symbol
from augury.core.errors import UnknownName
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, of_symbol


@dataclass(frozen=True)
class BadSymbol:
    """A name that can not be written into a path, a URL and a command is refused; the others are usable."""

    code: str = "BAD_SYMBOL"
    severity: str = ERROR
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at each name once."""
        found = []
        for name, rows, first in (
            view.frame.group_by("symbol", maintain_order=True).agg(pl.len(), pl.col("ts").min()).rows()
        ):
            reason = _reason(str(name))
            if reason:
                # No bar is wrong: the name is, so that no row is counted.
                found.append(of_symbol(self, context, str(name), 0, first, f"{reason} ({rows} bars)"))
        return found


def _reason(name: str) -> str:
    try:
        check_symbol(name)
    except UnknownName as error:
        return error.message
    return ""


CHECK = BadSymbol()

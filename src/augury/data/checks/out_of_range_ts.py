"""OUT_OF_RANGE_TS: times lie between 1900 and 2100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2099


@dataclass(frozen=True)
class OutOfRangeTs:
    """Seconds read as milliseconds land in 1970, milliseconds as seconds far ahead."""

    code: str = "OUT_OF_RANGE_TS"
    severity: str = ERROR
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at the year."""
        bad = view.frame.filter(~pl.col("ts").dt.year().is_between(FIRST_YEAR, LAST_YEAR) | pl.col("ts").is_null())
        return by_symbol(self, bad, context, lambda _: f"is outside the years {FIRST_YEAR} to {LAST_YEAR}", apart=True)


CHECK = OutOfRangeTs()

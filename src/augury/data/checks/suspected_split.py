"""SUSPECTED_SPLIT: no unadjusted n:1 or 1:n split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from augury.data.checks._breaks import breaks_of
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, WARNING, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class SuspectedSplit:
    """A price halved overnight is a split nobody adjusted for, unless the adjusted close knew of it."""

    code: str = "SUSPECTED_SPLIT"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare open and close with the close before; a crash within the day, or with turnover, is kept.

        Without an open, a split cannot be told from a crash: then it is a warning.
        """
        moves = breaks_of(view)
        rows, ratio = moves.rows[moves.suspected], np.exp(moves.move[moves.suspected])
        bad = view.rows(rows).with_columns(pl.Series("_ratio", ratio))
        found = by_symbol(self, bad, context, _describe)
        return [replace(one, severity=WARNING) for one in found] if context.close_only else found


def _describe(row: dict[str, Any]) -> str:
    ratio = row["_ratio"]
    return f"close is {ratio:.4g} times the close before: an unadjusted split of {max(ratio, 1 / ratio):.3g}?"


CHECK = SuspectedSplit()

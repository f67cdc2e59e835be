"""SUSPECTED_SPLIT: no unadjusted n:1 or 1:n split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from augury.data.findings import ERROR, WARNING, CheckContext, Finding, before, by_symbol

RATIOS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 100)
NEAR: Final = 0.03
"""Distance from n:1 that still counts as a split (share)."""
WIDE: Final = 0.06
"""Distance allowed to the other of open and close: what a day may move beside the split."""
LEAST_LOG: Final = 0.6
"""Moves below this (in logs) are nearer to 1 than to any split."""
EXPLAINED: Final = 0.5
"""An adjusted close that moved less than this share of the raw one (in logs) knew of the event."""


@dataclass(frozen=True)
class SuspectedSplit:
    """A price halved overnight is a split nobody adjusted for, unless the adjusted close knew of it."""

    code: str = "SUSPECTED_SPLIT"
    severity: str = ERROR
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Compare open and close with the close before; a crash to a half within the day is kept.

        Without an open, a split cannot be told from a crash: then it is a warning.
        """
        adjusted = "adj_close" in frame.columns
        extra = {"_adjusted": pl.col("adj_close") / before("adj_close")} if adjusted else {}
        moved = frame.with_columns(
            _ratio=pl.col("close") / before("close"), _open=pl.col("open") / before("close"), **extra
        )
        large = pl.max_horizontal(pl.col("_ratio").log().abs(), pl.col("_open").log().abs()) > LEAST_LOG
        ratio, opened = pl.col("_ratio"), pl.col("_open")
        together = _near(opened, WIDE, ratio)
        suspect = (_near(ratio, NEAR) & together.fill_null(value=True)) | (_near(opened, NEAR) & together)
        bad = moved.filter(large).filter(suspect)
        if adjusted:
            explained = pl.col("_adjusted").log().abs() < EXPLAINED * ratio.log().abs()
            bad = bad.filter(~explained.fill_null(value=False))
        found = by_symbol(self, bad, context, _describe)
        return [replace(one, severity=WARNING) for one in found] if context.close_only else found


def _near(ratio: pl.Expr, distance: float, other: pl.Expr | None = None) -> pl.Expr:
    """Say whether a ratio is near another, or near some n or 1/n."""
    if other is not None:
        return (ratio / other - 1).abs() <= distance
    up = pl.max_horizontal(ratio, 1 / ratio)
    return pl.any_horizontal((up / n - 1).abs() <= distance for n in RATIOS)


def _describe(row: dict[str, Any]) -> str:
    ratio = row["_ratio"]
    return f"close is {ratio:.4g} times the close before: an unadjusted split of {max(ratio, 1 / ratio):.3g}?"


CHECK = SuspectedSplit()

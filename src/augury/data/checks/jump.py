"""JUMP: a close that moves by more than 50 % is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, before, by_symbol

LARGE: Final = 0.5
HUGE: Final = 2.0
SURGE: Final = 2.0
"""Times the median volume of the 20 bars before."""


@dataclass(frozen=True)
class Jump:
    """Errors and real crashes look alike in the price; a surge of volume speaks for real. Nothing is removed."""

    code: str = "JUMP"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Compare each close with the one before, and its volume with the usual one."""
        move = pl.col("close") / before("close") - 1
        usual = pl.col("volume").rolling_median(20, min_samples=5).shift(1).over("symbol")
        surge = (pl.col("volume") > SURGE * usual).fill_null(value=False)
        if "adj_close" in frame.columns:
            known = (pl.col("adj_close") / before("adj_close") - 1).abs() <= LARGE
            move = pl.when(known.fill_null(value=False)).then(0.0).otherwise(move)
        marked = frame.with_columns(move.alias("_move"), surge.alias("_surge"))
        return by_symbol(self, marked.filter(pl.col("_move").abs() > LARGE), context, _describe)


def _describe(row: dict[str, Any]) -> str:
    if abs(row["_move"]) > HUGE:
        return f"close moves by {row['_move']:+.0%}, hardly real"
    volume = "with a surge of volume, likely real" if row["_surge"] else "without a surge of volume"
    return f"close moves by {row['_move']:+.0%} {volume}"


CHECK = Jump()

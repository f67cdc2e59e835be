"""OUTLIER: at most 5 % of the returns are extreme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, before, by_symbol

Z_LIMIT: Final = 5.0
TIMES_IQR: Final = 3.0
SHARE: Final = 0.05


@dataclass(frozen=True)
class Outlier:
    """Markets have fat tails; a series in which every twentieth return is extreme is broken."""

    code: str = "OUTLIER"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count returns beyond 5 standard deviations or 3 interquartile ranges, for each symbol."""
        returns = frame.with_columns((pl.col("close") / before("close") - 1).alias("_ret"))
        ret = pl.col("_ret")
        low, high = ret.quantile(0.25).over("symbol"), ret.quantile(0.75).over("symbol")
        scores = ((ret - ret.mean().over("symbol")) / ret.std().over("symbol")).abs()
        reach = TIMES_IQR * (high - low)
        extreme = (scores > Z_LIMIT) | (ret < low - reach) | (ret > high + reach)
        share = extreme.cast(pl.Float64).mean().over("symbol")
        bad = returns.with_columns(extreme.alias("_bad"), share.alias("_share")).filter(
            pl.col("_share") > SHARE, "_bad"
        )
        return by_symbol(
            self, bad, context, lambda row: f"return {row['_ret']:+.2%}, {row['_share']:.1%} of all are extreme"
        )


CHECK = Outlier()

"""OUTLIER: at most 5 % of the returns are extreme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

Z_LIMIT: Final = 5.0
TIMES_IQR: Final = 3.0
SHARE: Final = 0.05


@dataclass(frozen=True)
class Outlier:
    """Markets have fat tails; a series in which every twentieth return is extreme is broken."""

    code: str = "OUTLIER"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count returns beyond 5 standard deviations or 3 interquartile ranges, for each symbol."""
        with np.errstate(divide="ignore", invalid="ignore"):
            returns = view.column("close") / view.before - 1
        ret = pl.when(pl.col("ret").is_finite()).then("ret")
        limits = (
            pl.DataFrame({"series": view.series, "ret": returns})
            .lazy()
            .group_by("series", maintain_order=True)
            .agg(
                ret.quantile(0.25).alias("low"),
                ret.quantile(0.75).alias("high"),
                ret.mean().alias("mean"),
                ret.std().alias("std"),
            )
            .with_columns((TIMES_IQR * (pl.col("high") - pl.col("low"))).alias("reach"))
            .select(
                pl.max_horizontal(pl.col("low") - pl.col("reach"), pl.col("mean") - Z_LIMIT * pl.col("std")),
                pl.min_horizontal(pl.col("high") + pl.col("reach"), pl.col("mean") + Z_LIMIT * pl.col("std")).alias(
                    "high"
                ),
            )
            .collect()
        )
        counts = view.ends - view.starts
        low, high = (np.repeat(limits[name].cast(pl.Float64).to_numpy(), counts) for name in ("low", "high"))
        extreme = (returns < low) | (returns > high)
        share = np.add.reduceat(extreme, view.starts) / np.maximum(counts - 1, 1) if len(counts) else counts
        bad = extreme & np.repeat(share > SHARE, counts)
        marked = view.rows(bad).with_columns(
            pl.Series("_ret", returns[bad]), pl.Series("_share", np.repeat(share, counts)[bad])
        )
        return by_symbol(
            self, marked, context, lambda row: f"return {row['_ret']:+.2%}, {row['_share']:.1%} of all are extreme"
        )


CHECK = Outlier()

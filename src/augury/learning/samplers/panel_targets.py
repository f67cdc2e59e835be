"""What follows each row of a panel, at several horizons, and when each of them is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.tables import FORWARD_RETURN, LABEL_END
from augury.labels.residual import TargetSpec, residual_targets

HORIZONS: Final = (1, 5, 10, 20)
"""Trading rows ahead of a cross-section unless told otherwise."""
_KEYS: Final = ["symbol", "ts"]


@dataclass(frozen=True)
class PanelTargets:
    """Forward returns of a panel.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts``, then for each horizon ``fwd_ret_<h>`` and ``label_end_<h>``; null where the
        outcome is not known, never 0.
    horizons : tuple of int
        In trading rows, ascending.
    reach_rows : int
        Rows from a row to the last one that decides any of its outcomes: the least purge.
    """

    frame: pl.DataFrame
    horizons: tuple[int, ...]
    reach_rows: int

    @property
    def columns(self) -> list[str]:
        """Names of the returns, one a horizon."""
        return [f"{FORWARD_RETURN}_{h}" for h in self.horizons]

    @property
    def ends(self) -> list[str]:
        """Names of the moments at which they are known."""
        return [f"{LABEL_END}_{h}" for h in self.horizons]


def panel_targets(
    bars: Bars,
    horizons: Sequence[int] = HORIZONS,
    *,
    entry: str = "close",
    log: bool = False,
    neutral: str = "none",
    by_volatility: bool = False,
    price_field: str | None = None,
    sectors: pl.DataFrame | None = None,
    market: str | None = None,
) -> PanelTargets:
    """Compute the forward returns of every row of a panel.

    Looks ahead ``max(horizons)`` rows, one more with ``entry="next_close"``.

    Parameters
    ----------
    bars : Bars
    horizons : sequence of int
        Trading rows, ascending, each at least 1. Default 1, 5, 10, 20.
    entry : str
        ``close`` buys at the close of the row; ``next_close`` a day later, which no order can miss.
    log, neutral, by_volatility
        As in :class:`augury.labels.residual.TargetSpec`.
    price_field : str, optional
        Default ``adj_close`` where the bars have it, else ``close``.
    sectors, market
        As in :func:`augury.labels.residual.residual_targets`.

    Raises
    ------
    UsageError
        No horizon, or horizons that do not ascend.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> found = panel_targets(SyntheticMarket(n_symbols=2, n_bars=30).bars(), (1, 5), entry="next_close")
    >>> found.columns, found.reach_rows, found.frame["fwd_ret_5"].null_count()
    (['fwd_ret_1', 'fwd_ret_5'], 6, 12)
    """
    if not horizons or list(horizons) != sorted(set(horizons)):
        raise UsageError(f"horizons={list(horizons)} must ascend, at least one")
    field = price_field or ("adj_close" if "adj_close" in bars.frame.columns else "close")
    columns, reach = [], 0
    for h in horizons:
        spec = TargetSpec(h, entry, log, neutral, by_volatility, field)
        found = residual_targets(bars, spec, sectors, market)
        known = pl.when(pl.col(spec.name).is_not_null()).then(pl.col(LABEL_END)).alias(f"{LABEL_END}_{h}")
        columns += found.select(pl.col(spec.name).alias(f"{FORWARD_RETURN}_{h}"), known).get_columns()
        reach = max(reach, spec.rows_ahead)
    return PanelTargets(bars.frame.select(_KEYS).with_columns(columns), tuple(horizons), reach)

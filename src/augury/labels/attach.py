"""Attach what followed to what was known: a feature table becomes a labelled table."""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, LeakError
from augury.core.labelspec import LabelSpec
from augury.core.tables import FORWARD_RETURN, LABEL, LABEL_END, PAST_RETURN, VOLATILITY, FeatureTable, LabelledTable
from augury.labels.direction import direction
from augury.labels.returns import forward_return, label_end, past_return, volatility

TARGETS: Final = (FORWARD_RETURN, LABEL, LABEL_END)
"""Columns that look ahead: they can never be features."""
_BESIDE: Final = (PAST_RETURN, VOLATILITY, *TARGETS)


def attach(table: FeatureTable, bars: Bars, spec: LabelSpec) -> LabelledTable:
    """Label every row of a feature table by the bars that followed.

    Parameters
    ----------
    table : FeatureTable
        Rows to label; may be a part of the bars.
    bars : Bars
        The bars the features were computed from: outcomes are looked up in all of them.
    spec : LabelSpec
        Horizon, threshold and price field.

    Returns
    -------
    LabelledTable
        Every row of ``table``, in order. The last ``horizon_bars`` rows of each symbol have nulls in
        ``fwd_ret``, ``label`` and ``label_end``; they are present, because a forecast reads them.

    Raises
    ------
    LeakError
        A column that looks ahead stands among the features.
    DataError
        Other bars than the features', another timeframe than the spec's, or no such price field.

    Examples
    --------
    >>> from augury.core.timeframe import Timeframe
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.features import build
    >>> bars = SyntheticMarket(n_symbols=1, n_bars=100).bars()
    >>> labelled = attach(build(bars), bars, LabelSpec(Timeframe.D1, "5d", 5, 0.009))
    >>> len(labelled), labelled.frame["label"].null_count()
    (100, 5)
    """
    if ahead := [name for name in table.manifest.names if name in _BESIDE]:
        raise LeakError(f"{ahead} stand beside the features, never among them: they hold or mirror the outcome")
    if bars.data_version != table.data_version:
        raise DataError(
            f"features were computed from data {table.data_version[:12]}, labels asked from {bars.data_version[:12]}: "
            "one set of bars decides both"
        )
    if spec.timeframe is not bars.timeframe:
        raise DataError(f"a {spec.timeframe} label cannot be read from {bars.timeframe} bars")
    outcome = _outcome(bars, spec)
    frame = table.frame.select("symbol", "ts", *table.manifest.names)
    if frame.height == outcome.height:
        labelled = frame.hstack(outcome.select(_BESIDE))
    else:
        labelled = frame.join(outcome, on=["symbol", "ts"], how="left", maintain_order="left")
    return LabelledTable(labelled, table.manifest, spec, table.data_version, bars)


def _outcome(bars: Bars, spec: LabelSpec) -> pl.DataFrame:
    price, ahead = spec.price_field, spec.horizon_bars
    if price not in bars.frame.columns:
        raise DataError(f"the label reads {price}, which these bars do not have (found {bars.frame.columns})")
    return (
        bars.frame.lazy()
        .select(
            "symbol", "ts", past_return(price, ahead), volatility(price), forward_return(price, ahead), label_end(ahead)
        )
        .with_columns(direction(spec.threshold))
        .select("symbol", "ts", *_BESIDE)
        .collect()
    )

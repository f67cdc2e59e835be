"""Direction labels: did the close rise, fall or stay within the threshold?"""

from __future__ import annotations

import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.labelspec import CODES, LABELS, LabelSpec, base_label
from augury.core.tables import FORWARD_RETURN, LABEL
from augury.core.timeframe import Timeframe
from augury.features.engine import build, symbol_starts
from augury.features.feature_sets import describe
from augury.labels.returns import forward_return


def direction(threshold: float, returns: str = FORWARD_RETURN) -> pl.Expr:
    """Code of a return: +1 above ``+threshold``, -1 below ``-threshold``, else 0; null stays null.

    Parameters
    ----------
    threshold : float
        Fraction, >= 0; a return of exactly this size is 0.
    returns : str
        Column of simple returns.

    Examples
    --------
    >>> frame = pl.DataFrame({"fwd_ret": [0.02, -0.02, 0.009, None]})
    >>> frame.select(direction(0.009)).to_series().to_list()
    [1, -1, 0, None]
    """
    value = pl.col(returns)
    code = pl.when(value > threshold).then(1).when(value < -threshold).then(-1).when(value.is_not_null()).then(0)
    return code.cast(pl.Int8).alias(LABEL)


def create_labels(
    df: pl.DataFrame,
    horizon_bars: int | None = None,
    threshold: float | None = None,
    timeframe: str = "d1",
) -> tuple[pl.DataFrame, pl.Series]:
    """Label bars by their forward return and return them beside their features.

    BULLISH when the simple return over the next ``horizon_bars`` bars is above ``+threshold``,
    BEARISH below ``-threshold``, else NEUTRAL. The last ``horizon_bars`` rows of each symbol have
    no outcome and are absent; a row with a null feature (warm-up) leaves together with its label.
    When the frame holds no feature, the ``starter`` set is computed first.

    Parameters
    ----------
    df : pl.DataFrame
        Canonical bars (``symbol, ts, open, high, low, close, volume``) sorted on (symbol, ts), with
        or without feature columns. Only columns of the feature catalogue become features, whatever
        else is there.
    horizon_bars : int, optional
        Bars ahead, >= 1; default the timeframe's base label (d1: 5).
    threshold : float, optional
        Fraction, >= 0; default the timeframe's base label (d1: 0.009). Larger makes more NEUTRAL.
    timeframe : str
        Length of a bar, e.g. ``d1``.

    Returns
    -------
    features : pl.DataFrame
        One column per feature, in the order of the frame or of the set.
    labels : pl.Series
        ``label``, String, same height.

    Raises
    ------
    UsageError, DataError
        Not a polars frame of canonical bars, or settings out of range.
    InsufficientHistory
        No row has both its features and its outcome.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> features, labels = create_labels(SyntheticMarket(n_symbols=1, n_bars=200).bars().frame)
    >>> features.height == labels.len() < 200, set(labels) <= {"BEARISH", "NEUTRAL", "BULLISH"}
    (True, True)
    """
    frame_of = Timeframe.parse(timeframe)
    base_bars, base_threshold = base_label(frame_of)
    spec = LabelSpec(
        frame_of,
        "base",
        base_bars if horizon_bars is None else horizon_bars,
        base_threshold if threshold is None else threshold,
    )
    features = _features_of(df, frame_of)
    outcome = df.lazy().with_columns(forward_return(bars=spec.horizon_bars)).select(direction(spec.threshold)).collect()
    known = pl.concat([features, outcome], how="horizontal").drop_nulls()
    if known.is_empty():
        raise InsufficientHistory(
            f"{df.height} bars leave no row with features and an outcome {spec.horizon_bars} bars ahead"
        )
    names = known[LABEL].replace_strict(list(CODES), list(LABELS), return_dtype=pl.String)
    return known.drop(LABEL), names.alias(LABEL)


def _features_of(df: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    if not isinstance(df, pl.DataFrame):
        raise UsageError(f"create_labels reads a polars frame of canonical bars, found {type(df).__name__}")
    bars = Bars(df.select(name for name in BAR_SCHEMA if name in df.columns), timeframe)
    symbol_starts(bars.frame)
    registered = {spec.name for spec in describe()}
    if present := [name for name in df.columns if name in registered]:
        return df.select(present)
    table = build(bars)
    return table.frame.select(table.manifest.names)

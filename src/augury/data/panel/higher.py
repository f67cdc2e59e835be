"""Higher timeframes beside a lower one: a higher bar joins at its close, never at its open.

    h1 row known at 20:00  <-  h4 bar that closed by 20:00  <-  d1 bar of yesterday  <-  w1 bar of last week

An hour of Tuesday morning sees Monday's day, not Tuesday's; the hour that ends with the session
sees the day that ended with it, on half days too. Cutting the feed in mid-bar changes no value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from augury.core.errors import UnknownName, UsageError
from augury.core.hashing import sha256_json
from augury.core.manifest import FeatureManifest
from augury.core.suggestion import did_you_mean
from augury.core.tables import FeatureTable
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.panel.freshness import closing_of, missed_bars

_LADDER: Final = tuple(Timeframe)
_LOWER, _HIGHER = "·known", "·known_higher"


def join_higher(
    lower: pl.DataFrame, higher: pl.DataFrame, timeframe: Timeframe, higher_timeframe: Timeframe, calendar: str
) -> pl.DataFrame:
    """Put beside each bar the columns of the last higher bar that had closed when it closed.

    Looks ahead 0 bars. Nothing is filled: when the market made another higher bar that the feed
    lacks, the columns are null until the next one.

    Parameters
    ----------
    lower : pl.DataFrame
        ``symbol, ts`` and any columns, sorted on (symbol, ts); rows and order are kept.
    higher : pl.DataFrame
        ``symbol, ts`` and the columns to join, sorted on (symbol, ts). A forming bar does no harm.
    timeframe, higher_timeframe : Timeframe
        Of the two; the second is the longer one.
    calendar : str
        Name of the venue's calendar, e.g. ``XNYS``.

    Returns
    -------
    pl.DataFrame
        ``lower`` and the joined columns, named ``<name>_<higher timeframe>``.

    Raises
    ------
    UsageError
        The second timeframe is not longer, or a joined name is already taken.
    DataError
        A daily or weekly bar lies on no session.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.data.calendar.resample import resample
    >>> hours = SyntheticMarket(n_symbols=1, n_bars=10, timeframe=Timeframe.H1).bars()
    >>> days = resample(hours, Timeframe.D1)
    >>> joined = join_higher(hours.frame.select("symbol", "ts"), days.frame.select("symbol", "ts", "close"),
    ...                      Timeframe.H1, Timeframe.D1, "XNYS")
    >>> joined["close_d1"].is_null().to_list()
    [True, True, True, True, True, True, False, False, False, False]
    """
    if _LADDER.index(higher_timeframe) <= _LADDER.index(timeframe):
        raise UsageError(f"{higher_timeframe} is not longer than {timeframe}: join the longer to the shorter")
    named = {name: f"{name}_{higher_timeframe}" for name in higher.columns if name not in ("symbol", "ts")}
    if taken := sorted(set(named.values()) & set(lower.columns)):
        raise UsageError(f"columns {taken} are there already: join each timeframe once")
    left = lower.with_columns(closing_of(lower, timeframe, calendar).alias(_LOWER))
    right = higher.rename(named).with_columns(closing_of(higher, higher_timeframe, calendar).alias(_HIGHER))
    joined = left.join_asof(
        right.drop("ts"), left_on=_LOWER, right_on=_HIGHER, by="symbol", coalesce=False, check_sortedness=False
    )
    values = [
        pl.when(_fresh(joined, higher_timeframe, calendar)).then(pl.col(name)).alias(name) for name in named.values()
    ]
    return joined.with_columns(values).select(*lower.columns, *named.values())


def join_tables(
    lower: FeatureTable, higher: FeatureTable, timeframe: Timeframe, higher_timeframe: Timeframe, calendar: str
) -> FeatureTable:
    """Join feature tables as :func:`join_higher` does; the manifest names, and hashes, both.

    Parameters
    ----------
    lower, higher : FeatureTable
        Of the same symbols, computed on their own bars.
    timeframe, higher_timeframe : Timeframe
        Of the two.
    calendar : str
        Name of the venue's calendar.

    Returns
    -------
    FeatureTable
        The lower features, then the higher ones as ``<name>_<timeframe>``; their lookback is told
        in lower bars.
    """
    market = market_calendar(calendar)
    bars = timeframe.bars_per_session(market) / higher_timeframe.bars_per_session(market)
    joined = tuple(
        replace(spec, name=f"{spec.name}_{higher_timeframe}", lookback_bars=math.ceil(spec.lookback_bars * bars))
        for spec in higher.manifest.features
    )
    return FeatureTable(
        join_higher(lower.frame, higher.frame, timeframe, higher_timeframe, calendar),
        FeatureManifest(lower.manifest.features + joined),
        sha256_json([lower.data_version, higher.data_version, str(timeframe), str(higher_timeframe), calendar]),
    )


def alignment(
    frame: pl.DataFrame, column: str, higher_timeframes: Sequence[Timeframe], centre: float = 0.0
) -> pl.DataFrame:
    """Add ``alignment_<column>``: how far the higher timeframes point where the bar's own does.

    The mean over the higher timeframes k of ``sign(x - centre) * sign(x_k - centre)``: 1 when all
    agree with the bar's own timeframe, -1 when all oppose it, 0 when they are divided or flat.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``column`` and, for each timeframe, ``<column>_<timeframe>``.
    column : str
        A number with a direction, e.g. a trend or a momentum.
    higher_timeframes : sequence of Timeframe
        At least one.
    centre : float
        The value that points nowhere: 0 for returns, 50 for an RSI.

    Returns
    -------
    pl.DataFrame
        ``frame`` and the score, float32 in [-1, 1]; null where any of the values is null.

    Raises
    ------
    UnknownName
        A column is missing.

    Examples
    --------
    >>> frame = pl.DataFrame({"trend": [1.0, -2.0, 1.0], "trend_d1": [3.0, 1.0, None], "trend_w1": [2.0, -1.0, 1.0]})
    >>> alignment(frame, "trend", [Timeframe.D1, Timeframe.W1])["alignment_trend"].to_list()
    [1.0, 0.0, None]
    """
    names = [f"{column}_{timeframe}" for timeframe in higher_timeframes]
    for name in (column, *names):
        if name not in frame.columns:
            hint = did_you_mean(name, frame.columns)
            raise UnknownName(f"no column '{name}' to align{hint}: join the higher timeframe first", name=name)
    own = (pl.col(column) - centre).sign()
    agreements = [own * (pl.col(name) - centre).sign() for name in names]
    score = pl.sum_horizontal(agreements, ignore_nulls=False) / len(names) + 0.0  # never -0.0
    return frame.with_columns(score.cast(pl.Float32).alias(f"alignment_{column}"))


def _fresh(joined: pl.DataFrame, timeframe: Timeframe, calendar: str) -> pl.Series:
    """Whether the market has made no further higher bar since the joined one."""
    some = joined[_HIGHER].is_not_null()
    pairs = joined.filter(some)
    fresh = missed_bars(pairs[_HIGHER], pairs[_LOWER], timeframe, calendar) == 0
    return some.scatter(some.arg_true(), fresh)

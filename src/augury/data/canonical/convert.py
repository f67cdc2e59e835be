"""Canonical bars in the frames other tools expect; :func:`augury.data.canonical.normalize.normalize` is the way back.

Every function takes bars or a canonical frame and returns a new pandas frame. Days carry no zone; the
times of intraday bars are UTC and say so, so nothing has to be guessed on the way back.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean

_TITLES: Final = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "adj_close": "Adj Close",
    "volume": "Volume",
}
_FIELDS: Final = tuple(BAR_SCHEMA)[2:]


def to_yfinance(bars: Bars | pl.DataFrame) -> Any:
    """Return the frame yfinance downloads: one row a time, ``Open High Low Close [Adj Close] Volume``.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
        One symbol gives plain columns; several give two levels, ``Price`` and ``Ticker``, with NaN where
        a symbol has no bar.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``Date``, or by ``Datetime`` in UTC within the day.

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> list(to_yfinance(load_demo()).columns.names)
    ['Price', 'Ticker']
    """
    frame = _frame(bars)
    table = _in_pandas(frame).rename(columns=_TITLES)
    table = table.rename(columns={"ts": "Date" if _is_daily(frame) else "Datetime"})
    titles = [title for title in _TITLES.values() if title in table.columns]
    time = table.columns[1]
    if frame["symbol"].n_unique() <= 1:
        return table.set_index(time)[titles]
    wide = table.pivot(index=time, columns="symbol", values=titles)
    wide.columns.names = ["Price", "Ticker"]
    return wide


def to_freqtrade(bars: Bars | pl.DataFrame) -> Any:
    """Return freqtrade's candle frame: ``date open high low close volume``, ``date`` in UTC.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
        Of one symbol: the layout names none. An adjusted close has no place in it and is left out.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UsageError
        Several symbols.

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> demo = load_demo()
    >>> list(to_freqtrade(demo.filter(pl.col("symbol") == demo["symbol"][0])).columns)
    ['date', 'open', 'high', 'low', 'close', 'volume']
    """
    frame = _frame(bars)
    symbols = frame["symbol"].unique().sort().to_list()
    if len(symbols) > 1:
        raise UsageError(
            f"a candle frame of freqtrade holds one symbol, these bars hold {len(symbols)} "
            f"({', '.join(symbols[:6])}): convert bars.of('{symbols[0]}')"
        )
    return _in_pandas(frame.select("ts", *_FIELDS), aware=True).rename(columns={"ts": "date"})


def to_nixtla(bars: Bars | pl.DataFrame, target: str = "close", *, exogenous: bool = True) -> Any:
    """Return the long frame of Nixtla's libraries: ``unique_id ds y`` and further fields.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
    target : str
        The field that becomes ``y``; default ``close``.
    exogenous : bool
        True keeps the other fields as columns, and with them all of a bar; False gives the three
        columns a forecaster takes without asking for the future of the others.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UnknownName
        There is no such field.

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> list(to_nixtla(load_demo(), exogenous=False).columns)
    ['unique_id', 'ds', 'y']
    """
    frame = _frame(bars)
    _check_field(target, frame)
    others = [name for name in frame.columns[2:] if name != target] if exogenous else []
    table = _in_pandas(frame.select("symbol", "ts", target, *others))
    return table.rename(columns={"symbol": "unique_id", "ts": "ds", target: "y"})


def to_multiindex(bars: Bars | pl.DataFrame, column: str | None = None) -> Any:
    """Return bars under the index (date, asset) of factor tools such as alphalens.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
    column : str, optional
        One field, as a series; all of them as a frame when not given.

    Returns
    -------
    pandas.DataFrame or pandas.Series
        Sorted by date, then asset.

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> list(to_multiindex(load_demo(), "close").index.names)
    ['date', 'asset']
    """
    frame = _frame(bars)
    if column is not None:
        _check_field(column, frame)
    table = _in_pandas(frame.sort("ts", "symbol")).rename(columns={"ts": "date", "symbol": "asset"})
    indexed = table.set_index(["date", "asset"])
    return indexed if column is None else indexed[column]


def to_wide(bars: Bars | pl.DataFrame, column: str = "close") -> Any:
    """Return one field as a matrix, dates x symbols; NaN where a symbol has no bar.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
    column : str
        Default ``close``. Only closes come back through :func:`augury.data.canonical.normalize.normalize`, flagged
        close-only: a matrix does not say what it holds.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> from augury.data.demo import load_demo
    >>> to_wide(load_demo()).index.name
    'date'
    """
    frame = _frame(bars)
    _check_field(column, frame)
    table = _in_pandas(frame.select("symbol", "ts", column)).rename(columns={"ts": "date"})
    wide = table.pivot(index="date", columns="symbol", values=column)
    wide.columns.name = "asset"
    return wide


def _frame(bars: Bars | pl.DataFrame) -> pl.DataFrame:
    frame = bars.frame if isinstance(bars, Bars) else bars
    absent = [name for name in BAR_SCHEMA if name not in frame.columns]
    if absent:
        raise UsageError(
            f"not a canonical bar frame: no {', '.join(absent)} (found: {', '.join(frame.columns)}); "
            "bring it there with augury.normalize first"
        )
    return frame.select(name for name in (*BAR_SCHEMA, "adj_close") if name in frame.columns)


def _check_field(name: str, frame: pl.DataFrame) -> None:
    fields = frame.columns[2:]
    if name not in fields:
        raise UnknownName(f"no field '{name}'{did_you_mean(name, fields)} (there are: {', '.join(fields)})", name=name)


def _is_daily(frame: pl.DataFrame) -> bool:
    return bool((frame["ts"] == frame["ts"].dt.truncate("1d")).all())


def _in_pandas(frame: pl.DataFrame, *, aware: bool = False) -> Any:
    """Column by column through numpy: no Arrow package is needed. Days lose their zone, moments keep it."""
    import pandas as pd

    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "ts"}
    if "symbol" in columns:
        columns["symbol"] = frame["symbol"].cast(pl.String).to_numpy().astype(object)
    times = pd.Series(frame["ts"].dt.replace_time_zone(None).to_numpy())
    table = pd.DataFrame(columns | {"ts": times if _is_daily(frame) and not aware else times.dt.tz_localize("UTC")})
    return table[frame.columns]

"""Bars to begin with, offline."""

from __future__ import annotations

import polars as pl

from augury.data.sources import SOURCES


def load_demo(source: str = "arch") -> pl.DataFrame:
    """Return the canonical bar frame of a bundled source.

    Nothing stands in for a source that is not installed: the pip line is the answer.

    Parameters
    ----------
    source : str
        ``arch`` (two indices, OHLCV), ``skfolio`` (20 stocks, closes only) or ``synthetic``.

    Raises
    ------
    MissingExtra
        The package that ships the data is not installed.
    UnknownName
        There is no such source.

    Examples
    --------
    >>> load_demo().columns
    ['symbol', 'ts', 'open', 'high', 'low', 'close', 'volume', 'adj_close']
    """
    return SOURCES.load(source).load().frame

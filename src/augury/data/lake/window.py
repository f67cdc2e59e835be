"""A stretch of bars for a screen: cut out by moments, merged into few where it is long."""

from __future__ import annotations

from datetime import datetime

import polars as pl


def between(frame: pl.DataFrame, since: datetime | None = None, until: datetime | None = None) -> pl.DataFrame:
    """Return the bars with ``since <= ts <= until``; None leaves an end open."""
    if since is not None:
        frame = frame.filter(pl.col("ts") >= since)
    return frame if until is None else frame.filter(pl.col("ts") <= until)


def merged(frame: pl.DataFrame, each: int) -> pl.DataFrame:
    """Merge ``each`` neighbouring bars of one symbol into one: first open, highest high, lowest low, last close.

    For a picture only: such bars follow no calendar and nothing learns from them. Volumes are summed; a value that
    is missing in all of the neighbours stays null.

    Parameters
    ----------
    frame : pl.DataFrame
        Canonical bars in order of time.
    each : int
        At least 1; 1 changes nothing.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> frame = SyntheticMarket(n_symbols=1, n_bars=5).bars().frame
    >>> few = merged(frame, 2)
    >>> few.height, few["high"][0] == max(frame["high"][:2]), few["close"][-1] == frame["close"][-1]
    (3, True, True)
    """
    if each == 1:
        return frame
    known = pl.col("volume").is_not_null().any()
    place = pl.int_range(pl.len()) // each
    return (
        frame.group_by(place.alias("place"), maintain_order=True)
        .agg(
            pl.col("symbol", "ts", "open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.when(known).then(pl.col("volume").sum()).alias("volume"),
        )
        .drop("place")
    )

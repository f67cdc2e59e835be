"""The five adjustment conventions bars come in.

| convention  | prices                       | volume   | adj_close               |
|-------------|------------------------------|----------|-------------------------|
| `raw`       | as traded                    | as traded| none                    |
| `raw+adj`   | as traded                    | as traded| for splits and dividends|
| `split`     | for splits                   | for splits| none                   |
| `split+adj` | for splits                   | for splits| for splits and dividends|
| `full`      | for splits and dividends     | for splits| none                   |

A split of ratio n divides the prices of all bars before its ex-date by n and multiplies their volume
by n. A dividend d multiplies the prices before its ex-date by 1 - d / (close before the ex-date).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, UnknownName
from augury.data.knowledge.actions import DAY, DIVIDEND, checked_actions, product_after, split_factors

CONVENTIONS: Final = ("raw", "raw+adj", "split", "split+adj", "full")

_PRICES: Final = ("open", "high", "low", "close")
_SPLIT, _TOTAL = "__split", "__total"


def adjust(bars: Bars, actions: pl.DataFrame, to: str, *, as_of: date | None = None) -> Bars:
    """Return the bars in another adjustment convention.

    Parameters
    ----------
    bars : Bars
        With a declared adjustment. An ``adj_close`` they carry is believed; without one the
        dividends of ``actions`` count.
    actions : pl.DataFrame
        Of ``ACTION_SCHEMA``.
    to : str
        One of ``CONVENTIONS``; going back to ``raw`` needs the same actions.
    as_of : date, optional
        The day of the download: actions with a later ex-date had not happened. Default: the day of
        the last bar. Give it when the bars were cut after they had been adjusted.

    Raises
    ------
    DataError
        The convention of the bars is unknown, or an action is impossible (ratio or amount not above
        0, a dividend as large as the price, the same action twice).
    UnknownName
        ``to`` is no convention.

    Examples
    --------
    >>> from augury.data.knowledge.actions import ACTION_SCHEMA
    >>> from augury.data.synthetic import SyntheticMarket
    >>> market = replace(SyntheticMarket(n_symbols=1, n_bars=30).bars(), adjustment="raw")
    >>> split = pl.DataFrame([(market.symbols[0], date(2010, 1, 20), "split", 4.0)], ACTION_SCHEMA, orient="row")
    >>> adjusted = adjust(market, split, "split")
    >>> (market.frame["close"] / adjusted.frame["close"]).round(9).to_list()[9:12]
    [4.0, 4.0, 1.0]
    """
    if to not in CONVENTIONS:
        raise UnknownName(f"unknown adjustment '{to}' (known: {', '.join(CONVENTIONS)})", name=to)
    if bars.adjustment == "unknown":
        raise DataError(
            f"bars of {', '.join(bars.symbols[:5])} have no declared adjustment: dividing them by splits that are "
            "already in them would invent jumps; say which of raw, raw+adj, split, split+adj, full they are",
            fix="augury data import FILE --adjustment raw",
        )
    if bars.adjustment == to or bars.frame.is_empty():
        return replace(bars, adjustment=to)
    day = as_of or bars.frame["ts"].max().date()  # type: ignore[union-attr]
    known = checked_actions(actions).filter(pl.col("ex_date") <= day)
    base = _with_split_factor(bars, known)
    return replace(bars, frame=_written(_with_total_factor(base, bars, known, to), bars, to), adjustment=to)


def _with_split_factor(bars: Bars, actions: pl.DataFrame) -> pl.DataFrame:
    """Bars with the product of the later splits, prices and volume for splits (or for all when they are `full`)."""
    dated = bars.frame.with_columns(pl.col("ts").dt.date().alias(DAY))
    frame = product_after(dated, split_factors(actions), _SPLIT)
    if not bars.adjustment.startswith("raw"):
        return frame
    prices = [pl.col(name) / pl.col(_SPLIT) for name in _PRICES]
    return frame.with_columns(*prices, pl.col("volume") * pl.col(_SPLIT))


def _with_total_factor(frame: pl.DataFrame, bars: Bars, actions: pl.DataFrame, to: str) -> pl.DataFrame:
    """Add what dividends multiply a split-adjusted price by; bring `full` prices back to split-adjusted ones."""
    if "adj_close" in frame.columns:
        return frame.with_columns((pl.col("adj_close") / pl.col("close")).alias(_TOTAL))
    if bars.adjustment != "full" and not (to == "full" or to.endswith("+adj")):
        return frame.with_columns(pl.lit(1.0).alias(_TOTAL))
    events = _dividend_factors(frame, actions, from_full=bars.adjustment == "full")
    found = product_after(frame, events, _TOTAL)
    if bars.adjustment != "full":
        return found
    return found.with_columns(pl.col(name) / pl.col(_TOTAL) for name in _PRICES)


def _written(frame: pl.DataFrame, bars: Bars, to: str) -> pl.DataFrame:
    """Write split-adjusted bars and their factors in a convention."""
    price, volume = pl.lit(1.0), pl.lit(1.0)
    if to.startswith("raw"):
        price, volume = pl.col(_SPLIT), 1.0 / pl.col(_SPLIT)
    if to == "full":
        price = pl.col(_TOTAL)
    written = frame.with_columns(
        (pl.col("close") * pl.col(_TOTAL)).alias("adj_close"),
        *(pl.col(name) * price for name in _PRICES),
        pl.col("volume") * volume,
    )
    names = [name for name in bars.frame.columns if name != "adj_close"]
    return written.select(*names, *(["adj_close"] if to.endswith("+adj") else []))


def _dividend_factors(frame: pl.DataFrame, actions: pl.DataFrame, *, from_full: bool) -> pl.DataFrame:
    """One row a dividend date: ``symbol, ex_date, factor`` = 1 - amount / close before, in split-adjusted units."""
    events = _beside_closes(frame, actions)
    if from_full:
        events = _unfolded(events)
    too_large = events.filter(pl.col("amount") >= pl.col("close"))
    if not too_large.is_empty():
        row = too_large.row(0, named=True)
        raise DataError(
            f"{row['symbol']}: dividend {row['amount']:g} of {row['ex_date']} is not below the close before it "
            f"({row['close']:g}): amount and prices are in different units",
            symbol=row["symbol"],
        )
    return events.select("symbol", "ex_date", (1.0 - pl.col("amount") / pl.col("close")).alias("factor"))


def _beside_closes(frame: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Dividends in split-adjusted units with the close they come off: ``symbol, ex_date, amount, close``."""
    paid = actions.filter(pl.col("kind") == DIVIDEND).with_columns(pl.col("ex_date").alias(DAY))
    shares = product_after(paid, split_factors(actions), _SPLIT)
    amounts = shares.with_columns((pl.col("value") / pl.col(_SPLIT)).alias("amount")).sort("ex_date")
    closes = frame.select("symbol", DAY, "ts", "close").drop_nulls("close").sort("ts")
    before = amounts.drop(DAY).join_asof(
        closes,
        left_on="ex_date",
        right_on=DAY,
        by="symbol",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,
    )
    # Dividends between the same two bars come off the same close, together.
    together = before.drop_nulls("close").sort("symbol", "ex_date").group_by("symbol", "ts", maintain_order=True)
    return together.agg(pl.col("ex_date").min(), pl.col("amount").sum(), pl.col("close").first())


def _unfolded(events: pl.DataFrame) -> pl.DataFrame:
    """Closes before the dividends without their adjustment: newest first, each knows the factors after it."""
    closes: list[float] = []
    symbol, after = "", 1.0
    for row in events.reverse().iter_rows(named=True):
        after = after if row["symbol"] == symbol else 1.0
        symbol = row["symbol"]
        closes.append(row["close"] / after + row["amount"])
        after *= row["close"] / after / closes[-1]
    return events.with_columns(pl.Series("close", closes[::-1], dtype=pl.Float64))

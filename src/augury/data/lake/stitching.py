"""Bars beside bars: newer ones behind those of the same symbol, several symbols in one frame.

Only bars of one kind are put together: two providers, calendars or adjustments in one history
would be a jump that never happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.sources import import_command


def extended(stored: Bars, fresh: Bars, *, revise: bool = False) -> tuple[Bars, int]:
    """Add the bars of a symbol that are not stored yet.

    Parameters
    ----------
    stored, fresh : Bars
        Of one symbol and one timeframe.
    revise : bool
        Accept other values for bars that are already stored. Default False: refuse.

    Returns
    -------
    (Bars, int)
        The whole history, and how many of its bars were added or revised.

    Raises
    ------
    ValidationError
        A stored bar differs (CONFLICT) and ``revise`` is False.
    DataError
        The bars are of another kind than those stored.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> whole = SyntheticMarket(n_symbols=1, n_bars=30).bars()
    >>> extended(whole.with_frame(whole.frame.head(28)), whole)[1]
    2
    """
    _same_kind(stored, fresh)
    if fresh.frame["ts"][0] > stored.frame["ts"][-1]:
        return stored.with_frame(pl.concat([stored.frame, fresh.frame])), fresh.frame.height
    added = fresh.frame.join(stored.frame.select("ts"), on="ts", how="anti")
    known = fresh.frame.join(stored.frame.select("ts"), on="ts", how="semi").sort("ts")
    before = stored.frame.join(known.select("ts"), on="ts", how="semi").sort("ts")
    changed = known.filter(_differs(known, before))
    if changed.height and not revise:
        raise _conflict(stored.symbols[0], fresh.timeframe, changed, before)
    if not added.height + changed.height:
        return stored, 0
    kept = stored.frame.join(changed.select("ts"), on="ts", how="anti")
    frame = pl.concat([kept, changed, added]).sort("ts")
    return stored.with_frame(frame), added.height + changed.height


def difference(before: Bars, after: Bars) -> str | None:
    """Say what became of stored bars: ``schema``, ``revised``, ``appended``, or None for nothing.

    ``schema`` is bars of another kind (columns, provider, calendar, adjustment …); ``revised`` that a
    bar changed or went; ``appended`` that all are there and more.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> whole = SyntheticMarket(n_symbols=1, n_bars=30).bars()
    >>> difference(whole.with_frame(whole.frame.head(28)), whole), difference(whole, whole)
    ('appended', None)
    """
    if _other_kind(before, after) is not None:
        return "schema"
    if before.frame.equals(after.frame):
        return None
    there = before.frame.join(after.frame, on=before.frame.columns, how="semi", nulls_equal=True)
    return "appended" if there.height == before.frame.height else "revised"


def together(parts: Sequence[Bars]) -> Bars:
    """Put the bars of several symbols of one timeframe into one frame, in the order given.

    The providers are named side by side; adjustments that differ become ``unknown``.

    Raises
    ------
    DataError
        The symbols differ in calendar, or in being synthetic or close only.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> market = SyntheticMarket(n_symbols=2, n_bars=30).bars()
    >>> together([market.of(symbol) for symbol in market.symbols]).data_version == market.data_version
    True
    """
    first = parts[0]
    for name in ("calendar", "synthetic", "close_only"):
        other = next((part for part in parts if getattr(part, name) != getattr(first, name)), None)
        if other is not None:
            raise DataError(
                f"{first.symbols[0]} has {name} {getattr(first, name)}, {other.symbols[0]} has "
                f"{getattr(other, name)}: read them one after the other",
                differs=name,
            )
    adjustments = {part.adjustment for part in parts}
    frame = pl.concat([part.frame for part in parts], how="diagonal")
    return replace(
        first.with_frame(frame),
        provider="+".join(sorted({part.provider for part in parts})),
        adjustment=adjustments.pop() if len(adjustments) == 1 else "unknown",
    )


def _other_kind(stored: Bars, fresh: Bars) -> tuple[str, object, object] | None:
    names = ("provider", "calendar", "adjustment", "synthetic", "close_only")
    pairs = {name: (getattr(stored, name), getattr(fresh, name)) for name in names}
    pairs["columns"] = (stored.frame.columns, fresh.frame.columns)
    return next(((name, was, now) for name, (was, now) in pairs.items() if was != now), None)


def _same_kind(stored: Bars, fresh: Bars) -> None:
    if (other := _other_kind(stored, fresh)) is not None:
        name, was, now = other
        raise DataError(
            f"{stored.symbols[0]} {stored.timeframe}: stored {name} is {was}, new is {now}; "
            "bars of two kinds are not stitched together, import the whole history instead",
            fix=import_command(stored.symbols[0], stored.timeframe),
            differs=name,
        )


def _differs(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    different = pl.Series([False]).new_from_index(0, left.height)
    for name in left.columns[2:]:
        different = different | left[name].ne_missing(right[name])
    return different


def _conflict(symbol: str, timeframe: Timeframe, changed: pl.DataFrame, before: pl.DataFrame) -> ValidationError:
    moment = changed["ts"][0]
    was, now = before.filter(pl.col("ts") == moment)["close"][0], changed["close"][0]
    return ValidationError(
        f"{symbol} {timeframe}: {changed.height} stored bars differ from the new ones, first {iso(moment)} "
        f"(close {was} stored, {now} new) (CONFLICT); nothing was changed, "
        "an import of the whole history replaces them",
        fix=import_command(symbol, timeframe),
        code="CONFLICT",
        symbol=symbol,
        first_ts=iso(moment),
        rows=changed.height,
    )

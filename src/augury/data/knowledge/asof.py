"""As-of joins: a bar sees only what was published when it closed.

``known_at`` says when each bar closes; ``asof_join`` puts beside it the latest fact published until
then. How a source computes ``available_at`` is in :mod:`augury.data.knowledge.publication`; records that hold
from one day to another are joined by :mod:`augury.data.knowledge.validity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.clock import iso
from augury.core.errors import DataError, UsageError
from augury.data.calendar import availability

KNOWN_AT: Final = "known_at"
AVAILABLE_AT: Final = "available_at"

_ROW, _LEFT, _RIGHT = "__row", "__spine_moment", "__fact_moment"


def known_at(bars: Bars) -> pl.Series:
    """Return when each bar closes: the moment from which it, and all published until then, may be used.

    :func:`augury.data.calendar.availability.known_at` for whole bars: each moment is looked up once.

    Parameters
    ----------
    bars : Bars
        Of any timeframe; half days close early, a week closes with its last session.

    Returns
    -------
    pl.Series
        ``known_at``, UTC in µs, one value a row, in the order of the rows.

    Raises
    ------
    DataError
        A daily or weekly bar lies where its market has no session.

    Examples
    --------
    >>> from augury.data.sources import SOURCES
    >>> bars = SOURCES.load("arch").load(["^GSPC"])
    >>> known_at(bars).max().isoformat()
    '2018-12-31T21:00:00+00:00'
    """
    opened = bars.frame.select("ts")
    if opened.is_empty():
        return pl.Series(KNOWN_AT, [], dtype=TIMESTAMP)
    unique = opened.unique().sort("ts")
    moments = unique.with_columns(availability.known_at(unique["ts"], bars.timeframe, bars.calendar).alias(KNOWN_AT))
    joined = opened.join(moments, on="ts", how="left", maintain_order="left")[KNOWN_AT]
    if joined.null_count():
        row = bars.frame.row(int(joined.is_null().arg_max() or 0), named=True)
        raise DataError(
            f"{row['symbol']}: the {bars.timeframe} bar of {iso(row['ts'])} lies on no session of {bars.calendar}, "
            "so nobody can say when it was known",
            fix="augury data check FILE",
            symbol=row["symbol"],
            first_ts=iso(row["ts"]),
        )
    return joined


def asof_join(
    spine: pl.DataFrame,
    facts: pl.DataFrame,
    *,
    on_spine: str = KNOWN_AT,
    available: str = AVAILABLE_AT,
    observed: str | None = None,
    by: Sequence[str] = ("symbol",),
    prefix: str = "",
    max_age: timedelta | None = None,
) -> pl.DataFrame:
    """Put beside each row the latest fact that was public at that moment.

    A fact is seen from ``available <= on_spine`` on: published at the very microsecond of the close
    it counts, one microsecond later it does not. Values that are null stay null, and a row before
    the first fact has nulls.

    Parameters
    ----------
    spine : pl.DataFrame
        Rows in any order; the order is kept. ``on_spine`` is usually :func:`known_at`; a row without
        a moment sees nothing.
    facts : pl.DataFrame
        ``by``, ``available`` and values, in any order.
    on_spine, available : str
        Columns of moments, with a time zone.
    observed : str, optional
        The column that says which period a fact is about. With it, the correction of an old period
        does not displace a newer one: seen is the newest period, as last corrected then.
    by : sequence of str
        Keys that must be equal; empty for facts about the whole market.
    prefix : str
        Put before the name of every value and of the age.
    max_age : timedelta, optional
        A fact older than this is not seen any more. Default None: it stays until the next.

    Returns
    -------
    pl.DataFrame
        The spine, the values, and ``<prefix>age``: how long the fact had been public (Duration).

    Raises
    ------
    UsageError
        A column is missing, or would be overwritten.
    DataError
        A moment without time zone, a fact without moment, or two facts of one key and moment.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2018, 12, 3, 12, tzinfo=UTC)
    >>> spine = pl.DataFrame({"symbol": ["A", "A"], "known_at": [noon, noon + timedelta(hours=1)]})
    >>> facts = pl.DataFrame({"symbol": ["A"], "available_at": [noon + timedelta(minutes=1)], "eps": [1.5]})
    >>> asof_join(spine, facts)["eps"].to_list()
    [None, 1.5]
    """
    keys = list(by)
    need_columns(spine, [on_spine, *keys], "the spine")
    need_columns(facts, [available, *keys, *([observed] if observed else [])], "the facts")
    values = [name for name in facts.columns if name not in {*keys, available}]
    age = f"{prefix}age"
    no_clash(spine, [*(f"{prefix}{name}" for name in values), age])
    right = (
        _as_then_known(facts, keys, available, observed)
        .cast({key: spine.schema[key] for key in keys})
        .rename({available: _RIGHT, **{name: f"{prefix}{name}" for name in values}})
    )
    left = spine.with_row_index(_ROW).with_columns(utc_moments(spine, on_spine).alias(_LEFT)).sort(_LEFT)
    joined = left.join_asof(
        right,
        left_on=_LEFT,
        right_on=_RIGHT,
        by=keys or None,
        tolerance=max_age,
        coalesce=False,
        check_sortedness=False,  # both were sorted just above
    )
    return joined.sort(_ROW).with_columns((pl.col(_LEFT) - pl.col(_RIGHT)).alias(age)).drop(_ROW, _LEFT, _RIGHT)


def utc_moments(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of moments as UTC in µs; what is finer is rounded up, so that nothing is known early.

    Raises
    ------
    DataError
        The column holds no moments, or they have no time zone.
    """
    found = frame.schema[column]
    if not isinstance(found, pl.Datetime) or found.time_zone is None:
        raise DataError(
            f"'{column}' is {found}: when something was known needs a date, a time and a time zone",
            fix="augury data check FILE",
            column=column,
        )
    moments = frame[column]
    if found.time_unit == "ns":
        moments = moments.dt.offset_by("999ns")
    return moments.dt.cast_time_unit("us").dt.convert_time_zone("UTC")


def need_columns(frame: pl.DataFrame, names: Sequence[str], what: str) -> None:
    """Refuse a frame without these columns, naming what was found.

    Raises
    ------
    UsageError
        A column is missing.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UsageError(f"{what} have no column {', '.join(missing)} (found: {', '.join(frame.columns)})")


def no_clash(spine: pl.DataFrame, names: Sequence[str]) -> None:
    """Refuse to overwrite columns.

    Raises
    ------
    UsageError
        A name is already taken.
    """
    taken = [name for name in names if name in spine.columns]
    if taken:
        raise UsageError(f"the rows already have a column {', '.join(taken)}: give the join another prefix")


def _as_then_known(facts: pl.DataFrame, keys: list[str], available: str, observed: str | None) -> pl.DataFrame:
    """Sort facts by publication, without those that at their publication were already superseded."""
    moments = facts.with_columns(utc_moments(facts, available).alias(available)).unique(maintain_order=True)
    order = [available, observed] if observed else [available]
    for name in order:
        if missing := moments[name].null_count():
            raise DataError(
                f"{missing} of {facts.height} facts have no {name}: a fact without it was never known, "
                "declare the lag of its source instead of guessing",
                column=name,
            )
    same = moments.select(*keys, *order).is_duplicated()
    if same.any():
        row = moments.filter(same).row(0, named=True)
        where = " ".join(str(row[key]) for key in keys)
        raise DataError(
            f"{where or 'the market'}: two different facts became public at {iso(row[available])}; "
            "which one holds must be decided by the source",
            first_at=iso(row[available]),
        )
    ordered = moments.sort(order)
    if observed is None:
        return ordered
    newest = pl.col(observed).cum_max()
    current = ordered.filter(pl.col(observed) >= (newest.over(keys) if keys else newest))
    return current.unique([*keys, available], keep="last", maintain_order=True)

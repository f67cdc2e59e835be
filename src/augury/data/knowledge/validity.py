"""Records that hold from one day to another: who was listed, a member, in a sector, and when.

Everywhere ``valid_from`` and ``valid_to`` are the first and the last day, both included; a null
``valid_to`` means the record still holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from augury.core.errors import DataError
from augury.data.knowledge.asof import need_columns, no_clash

_ROW, _DAY, _FIRST, _LAST = "__row", "__day", "__first", "__last"
INTERVAL: Final = ("valid_from", "valid_to")


def valid_join(
    spine: pl.DataFrame, records: pl.DataFrame, *, on: str = "ts", by: Sequence[str] = ("symbol",), prefix: str = ""
) -> pl.DataFrame:
    """Put beside each row the record that was in force on its day, never the newest one.

    Parameters
    ----------
    spine : pl.DataFrame
        Rows in any order; the order is kept. The UTC date of ``on`` counts.
    records : pl.DataFrame
        ``by``, ``valid_from``, ``valid_to`` (dates, both included; null ``valid_to``: still in
        force) and values; the intervals of one key do not overlap.
    on : str
        A date or a moment.
    by : sequence of str
        Keys that must be equal.
    prefix : str
        Put before the name of every value.

    Raises
    ------
    DataError
        Two records of one key overlap.

    Examples
    --------
    >>> from datetime import date
    >>> records = pl.DataFrame({"symbol": ["A"], "valid_from": [date(2018, 1, 1)], "valid_to": [date(2018, 1, 2)],
    ...                         "sector": ["Energy"]})
    >>> days = pl.DataFrame({"symbol": ["A"] * 3, "day": [date(2018, 1, d) for d in (1, 2, 3)]})
    >>> valid_join(days, records, on="day")["sector"].to_list()
    ['Energy', 'Energy', None]
    """
    keys = list(by)
    need_columns(spine, [on, *keys], "the spine")
    need_columns(records, ["valid_from", "valid_to", *keys], "the records")
    values = [name for name in records.columns if name not in {*keys, "valid_from", "valid_to"}]
    names = {name: f"{prefix}{name}" for name in values}
    no_clash(spine, list(names.values()))
    ordered = records.cast({key: spine.schema[key] for key in keys}).sort([*keys, "valid_from"])
    refuse_overlap(ordered, keys)
    right = ordered.rename(names | {"valid_from": _FIRST, "valid_to": _LAST}).sort(_FIRST)
    left = spine.with_row_index(_ROW).with_columns(pl.col(on).cast(pl.Date).alias(_DAY)).sort(_DAY)
    joined = left.join_asof(right, left_on=_DAY, right_on=_FIRST, by=keys, check_sortedness=False, coalesce=False)
    in_force = pl.col(_LAST).is_null() | (pl.col(_DAY) <= pl.col(_LAST))
    kept = joined.sort(_ROW).with_columns(pl.when(in_force).then(pl.col(name)).alias(name) for name in names.values())
    return kept.drop(_ROW, _DAY, _FIRST, _LAST)


def refuse_overlap(records: pl.DataFrame, keys: Sequence[str]) -> None:
    """Refuse records that end before they begin, and two that hold for one key on one day.

    Parameters
    ----------
    records : pl.DataFrame
        Keys, ``valid_from``, ``valid_to``.
    keys : sequence of str
        What a record is about.

    Raises
    ------
    DataError
        Naming the first such record.
    """
    need_columns(records, [*INTERVAL, *keys], "the records")
    first, last = (pl.col(name) for name in INTERVAL)
    wrong = records.filter(first.is_null() | (last < first))
    if not wrong.is_empty():
        raise DataError(f"{_name(wrong, keys)}: a record holds from a known day to the same or a later one")
    before = records.sort([*keys, "valid_from"]).with_columns(
        last.shift(1).over(keys).alias(_LAST), first.shift(1).over(keys).alias(_FIRST)
    )
    begun = pl.col(_FIRST).is_not_null()
    clash = before.filter(begun & (pl.col(_LAST).is_null() | (first <= pl.col(_LAST))))
    if not clash.is_empty():
        earlier = clash.row(0, named=True)
        raise DataError(
            f"{_name(clash, keys)} overlaps the record from {earlier[_FIRST]} to {earlier[_LAST] or 'today'}: "
            "on one day one record holds",
            **{key: str(earlier[key]) for key in keys},
        )


def _name(records: pl.DataFrame, keys: Sequence[str]) -> str:
    row = records.row(0, named=True)
    return f"{' '.join(str(row[key]) for key in keys)} {row['valid_from']} to {row['valid_to'] or 'today'}"

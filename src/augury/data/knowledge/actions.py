"""Corporate actions: what is known of them, what cannot be, and the factor they put between two days."""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.errors import DataError, UsageError
from augury.data.validation.findings import WARNING, Finding

SPLIT: Final = "split"
DIVIDEND: Final = "dividend"
ACTION_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ex_date": pl.Date(),
    "kind": pl.String(),
    "value": pl.Float64(),
}
"""One row an action. ``kind`` is ``split`` (``value`` = new shares for one old, 4.0 for 4:1) or
``dividend`` (``value`` = cash for one share as it was then, not adjusted for later splits)."""
NEAR_DAYS: Final = 7

DAY: Final = "__day"
"""The column of a row's date while factors are being joined."""
_LATER: Final = "__later_splits"


def checked_actions(actions: pl.DataFrame) -> pl.DataFrame:
    """Return the actions sorted, or refuse those that cannot be.

    Raises
    ------
    DataError
        Naming the first impossible action.
    """
    found = dict(zip(actions.columns, actions.dtypes, strict=True))
    if found != ACTION_SCHEMA:
        raise DataError(f"not a frame of corporate actions: found {found}, needed {ACTION_SCHEMA}")
    whole = pl.all_horizontal(pl.all().is_not_null()) & pl.col("value").is_finite() & (pl.col("value") > 0)
    rules = {
        "needs symbol, ex_date, kind and a value above 0": ~whole,
        f"has a kind other than {SPLIT} and {DIVIDEND}": ~pl.col("kind").is_in([SPLIT, DIVIDEND]),
        "is listed twice": pl.struct(pl.all()).is_duplicated(),
    }
    for rule, broken in rules.items():
        bad = actions.filter(broken)
        if not bad.is_empty():
            row = bad.row(0, named=True)
            raise DataError(
                f"action {row['symbol']} {row['ex_date']} {row['kind']} {row['value']} {rule} ({bad.height} such rows)",
                symbol=row["symbol"],
            )
    return actions.sort("symbol", "ex_date", "kind", "value")


def near_dividends(actions: pl.DataFrame, days: int = NEAR_DAYS) -> list[Finding]:
    """Name the dividends that follow another of the same symbol within a few days.

    One payment recorded twice, under its declared and its corrected date, lowers every price before
    it twice; a special dividend beside a regular one is real. Both are named, none is dropped.

    Parameters
    ----------
    actions : pl.DataFrame
        Of ``ACTION_SCHEMA``.
    days : int
        Largest distance in calendar days; default 7. Larger names more.

    Examples
    --------
    >>> from datetime import date
    >>> rows = [("AAA", date(2018, 3, 1), "dividend", 0.5), ("AAA", date(2018, 3, 6), "dividend", 0.5)]
    >>> near_dividends(pl.DataFrame(rows, ACTION_SCHEMA, orient="row"))[0].message
    'AAA: dividend 0.5 of 2018-03-06 follows 0.5 of 2018-03-01 within 7 days (SUSPECTED_DIVIDEND)'
    """
    paid = actions.filter(pl.col("kind") == DIVIDEND).sort("symbol", "ex_date", "value")
    before = paid.with_columns(
        pl.col("ex_date").shift(1).over("symbol").alias("then"), pl.col("value").shift(1).over("symbol").alias("was")
    )
    near = before.filter((pl.col("ex_date") - pl.col("then")).dt.total_days() <= days)
    found = []
    for part in near.partition_by("symbol", maintain_order=True):
        row = part.row(0, named=True)
        more = f" and {part.height - 1} more" if part.height > 1 else ""
        message = (
            f"{row['symbol']}: dividend {row['value']:g} of {row['ex_date']} follows {row['was']:g} of {row['then']} "
            f"within {days} days{more} (SUSPECTED_DIVIDEND)"
        )
        first = part.select(pl.col("ex_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).item(0, 0)
        found.append(
            Finding("SUSPECTED_DIVIDEND", WARNING, row["symbol"], part.height, first, message, "remove the double one")
        )
    return found


def long_actions(wide: pl.DataFrame, *, split_adjusted: bool) -> pl.DataFrame:
    """Read the layout of price vendors: one row a day, a column for the dividend and one for the split.

    Parameters
    ----------
    wide : pl.DataFrame
        ``symbol, ts, dividend, split``; 0 or null means no such action on that day.
    split_adjusted : bool
        True when the amounts were divided by the splits that came later (Yahoo does); they are
        multiplied back. The frame must then hold all later splits.

    Returns
    -------
    pl.DataFrame
        Of ``ACTION_SCHEMA``, sorted.

    Examples
    --------
    >>> from datetime import date
    >>> wide = pl.DataFrame({"symbol": ["A", "A"], "ts": [date(2014, 5, 8), date(2014, 6, 9)],
    ...                      "dividend": [0.47, 0.0], "split": [0.0, 7.0]})
    >>> long_actions(wide, split_adjusted=True)["value"].round(9).to_list()
    [3.29, 7.0]
    """
    missing = [name for name in ("symbol", "ts", DIVIDEND, SPLIT) if name not in wide.columns]
    if missing:
        raise UsageError(f"no column {', '.join(missing)} among {', '.join(wide.columns)}")
    key = (pl.col("symbol").cast(pl.String), pl.col("ts").cast(pl.Date).alias("ex_date"))
    parts = [
        wide.filter(pl.col(kind) != 0).select(*key, pl.lit(kind).alias("kind"), pl.col(kind).alias("value"))
        for kind in (DIVIDEND, SPLIT)
    ]
    actions = checked_actions(pl.concat(parts).cast(ACTION_SCHEMA))  # type: ignore[arg-type]
    if not split_adjusted:
        return actions
    dated = actions.with_columns(pl.col("ex_date").alias(DAY))
    then = product_after(dated, split_factors(actions), _LATER)
    as_paid = pl.when(pl.col("kind") == DIVIDEND).then(pl.col("value") * pl.col(_LATER)).otherwise("value")
    return then.with_columns(as_paid.alias("value")).select(*ACTION_SCHEMA)


def split_factors(actions: pl.DataFrame) -> pl.DataFrame:
    """Return ``symbol, ex_date, factor`` of the splits, one row a day."""
    splits = actions.filter(pl.col("kind") == SPLIT)
    return splits.group_by("symbol", "ex_date", maintain_order=True).agg(pl.col("value").product().alias("factor"))


def product_after(frame: pl.DataFrame, events: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add the product of the factors of the events after each row's day; 1 where none follows.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``symbol`` and the date in the column ``DAY``; the order of the rows is kept.
    events : pl.DataFrame
        ``symbol, ex_date, factor``, one row a symbol and day.
    name : str
        Of the new column.
    """
    later = (
        events.sort("symbol", "ex_date")
        .with_columns(pl.col("factor").cum_prod(reverse=True).over("symbol").alias(name))
        .select("symbol", "ex_date", name)
        .sort("ex_date")
    )
    joined = (
        frame.with_row_index("__row")
        .sort(DAY)
        .join_asof(
            later,
            left_on=DAY,
            right_on="ex_date",
            by="symbol",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
            suffix="_next",
        )
        .sort("__row")
    )
    neutral = pl.coalesce(pl.col(name), pl.lit(1.0)).alias(name)
    return joined.with_columns(neutral).select(*frame.columns, name)

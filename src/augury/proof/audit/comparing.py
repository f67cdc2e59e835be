"""Two answers of a stage, row by row, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from augury.core.typing import Bools, Ints
from augury.proof.audit.stage import KEYS, KNOWN_AT, checked

ROWS = "(rows)"
"""Stands for a column when a row is there with one future and not with another."""


@dataclass(frozen=True)
class Answer:
    """What a stage said, sorted by what each row is about.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts``, the columns; sorted on (symbol, ts).
    known : pl.Series
        When each row is known; null means not yet.
    """

    frame: pl.DataFrame
    known: pl.Series

    @classmethod
    def of(cls, stage: str, answer: object) -> Answer:
        """Read what a stage answered."""
        frame = checked(stage, answer)
        if not frame.select(KEYS).equals(frame.select(KEYS).sort(KEYS)):
            frame = frame.sort(KEYS, maintain_order=True)
        known = frame[KNOWN_AT] if KNOWN_AT in frame.columns else frame["ts"]
        return cls(frame.drop(KNOWN_AT, strict=False), known)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns to compare."""
        return tuple(name for name in self.frame.columns if name not in KEYS)

    def until(self, cut: datetime) -> tuple[Ints, pl.DataFrame]:
        """Return the rows known at a moment: their numbers, and what they say."""
        rows = (self.known <= cut).fill_null(value=False).to_numpy().nonzero()[0].astype(np.int64)
        return rows, self.frame if len(rows) == self.frame.height else self.frame[rows]


@dataclass(frozen=True)
class Difference:
    """Rows of one column that another future changed.

    Parameters
    ----------
    rows : (k,) int64
        Numbers of the changed rows in the full answer; of ``(rows)``, of those that vanished.
    known : (n,) int64
        Numbers of all rows that were compared.
    mine, other : pl.Series
        The column over ``known``, with the whole history and with the other one.
    symbol, ts
        The earliest changed row.
    """

    rows: Ints
    known: Ints
    mine: pl.Series
    other: pl.Series
    symbol: str
    ts: datetime

    def first(self, full: Answer) -> tuple[object, object]:
        """Return what the earliest changed row says with each of the two histories."""
        here = full.frame[self.known].select(at=(pl.col("symbol") == self.symbol) & (pl.col("ts") == self.ts))["at"]
        at = here.arg_max() if here.any() else None
        return ("absent", "present") if at is None else (self.mine[at], self.other[at])


def differences(full: Answer, other: Answer, cut: datetime) -> tuple[dict[str, Difference], int]:
    """Compare what two answers say about everything known at a moment.

    Returns
    -------
    differences : dict
        Column to its difference; empty when all values are equal bit for bit (unknown equals unknown).
    values : int
        How many values were compared.
    """
    rows, mine = full.until(cut)
    _, theirs = other.until(cut)
    found: dict[str, Difference] = {}
    if not mine.select(KEYS).equals(theirs.select(KEYS)):
        at = _places(mine, theirs)
        there = at >= 0
        found |= _moved(rows, mine, theirs, there)
        rows, mine, theirs = rows[there], mine.filter(pl.Series(there)), theirs[at[there]]
    for name in full.columns:
        column = theirs[name] if name in theirs.columns else pl.Series(name, [None] * len(rows), mine[name].dtype)
        changed = _changed(mine[name], column)
        if changed.any():
            places = changed.nonzero()[0]
            first = places[int(mine["ts"].to_physical().to_numpy()[places].argmin())]
            symbol, ts = mine["symbol"][int(first)], mine["ts"][int(first)]
            found[name] = Difference(rows[changed], rows, mine[name], column, symbol, ts)
    return found, len(rows) * len(full.columns)


def _places(mine: pl.DataFrame, theirs: pl.DataFrame) -> Ints:
    """Where each of my rows stands in the other answer, -1 where it does not."""
    there = theirs.select(KEYS).with_row_index("at").unique(KEYS, keep="first", maintain_order=True)
    joined = mine.select(KEYS).join(there, on=KEYS, how="left", maintain_order="left")["at"].cast(pl.Int64)
    return joined.replace_strict(None, -1, default=joined, return_dtype=pl.Int64).to_numpy().astype(np.int64)


def _moved(rows: Ints, mine: pl.DataFrame, theirs: pl.DataFrame, there: Bools) -> dict[str, Difference]:
    """Rows that are there with one future only."""
    gone = mine.filter(pl.Series(~there))
    strange = gone if gone.height else theirs.join(mine.select(KEYS), on=KEYS, how="anti")
    if strange.is_empty():
        return {}
    first = strange.sort("ts", "symbol", maintain_order=True)
    mine_says = pl.Series(ROWS, ["present"] * len(rows), pl.String)
    theirs_say = pl.Series(ROWS, np.where(there, "present", "absent").tolist(), pl.String)
    return {ROWS: Difference(rows[~there], rows, mine_says, theirs_say, first["symbol"][0], first["ts"][0])}


def _changed(mine: pl.Series, theirs: pl.Series) -> Bools:
    if mine.dtype != theirs.dtype:
        # Another future changed the very type of the column: whole numbers became fractions, or nothing is left.
        kind = pl.Float64 if mine.dtype.is_numeric() and theirs.dtype.is_numeric() else pl.String
        return _changed(mine.cast(kind), theirs.cast(kind))
    if not mine.dtype.is_float():
        return np.asarray(mine.ne_missing(theirs).to_numpy(), dtype=np.bool_)
    a, b = mine.to_numpy(), theirs.to_numpy()
    kind_of_bits = np.uint32 if a.dtype == np.float32 else np.uint64
    # Any two unknowns are equal, whichever bits a machine wrote for them.
    return np.asarray((a.view(kind_of_bits) != b.view(kind_of_bits)) & ~(np.isnan(a) & np.isnan(b)), dtype=np.bool_)

"""Instruments: what a symbol meant on a day.

A symbol is a name that a venue lends. A company that renames itself is one instrument under two
symbols; a symbol given to another company is two instruments; a delisted one has a last day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import Final

import polars as pl

from augury.core.bars import Bars, check_symbol
from augury.core.errors import DataError, UnknownName
from augury.core.suggestion import did_you_mean
from augury.data.knowledge.asset_class import asset_class
from augury.data.knowledge.validity import refuse_overlap, valid_join

RECORD_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "symbol": pl.String(),
    "valid_from": pl.Date(),
    "valid_to": pl.Date(),
    "name": pl.String(),
    "venue": pl.String(),
    "asset_class": pl.String(),
    "currency": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One symbol of an instrument, and the days on which it was its symbol.

    Parameters
    ----------
    id : str
        Never changes and is never given again; written like a symbol, e.g. ``META-2012``.
    symbol : str
        What the venue called it then.
    valid_from : date
        The first day.
    valid_to : date or None
        The last day, included; None while it still trades.
    name : str
        Of the company, pair or contract.
    venue : str
        Name of the venue's calendar, e.g. ``XNYS``.
    asset_class : str
        One of :data:`augury.data.knowledge.asset_class.ASSET_CLASSES`.
    currency : str
        Of the price, e.g. ``USD``.
    """

    id: str
    symbol: str
    valid_from: date
    valid_to: date | None = None
    name: str = ""
    venue: str = "XNYS"
    asset_class: str = "equity"
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        check_symbol(self.id)
        asset_class(self.asset_class)


@dataclass(frozen=True)
class InstrumentTable:
    """Which instrument a symbol meant on which day.

    Parameters
    ----------
    records : tuple of Instrument
        On one day a symbol means at most one instrument, and an instrument has at most one symbol.

    Raises
    ------
    DataError
        Two records overlap, naming both.

    Examples
    --------
    >>> table = InstrumentTable((
    ...     Instrument("facebook", "FB", date(2012, 5, 18), date(2022, 6, 8)),
    ...     Instrument("facebook", "META", date(2022, 6, 9)),
    ...     Instrument("fund", "META", date(2021, 6, 30), date(2022, 1, 31)),
    ... ))
    >>> table.resolve("META", date(2022, 1, 3)), table.resolve("META", date(2023, 1, 3))
    ('fund', 'facebook')
    """

    records: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        refuse_overlap(self.frame, ["symbol"])
        refuse_overlap(self.frame, ["id"])

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> InstrumentTable:
        """Read records from a frame; of ``RECORD_SCHEMA`` the first three columns are needed."""
        names = [field.name for field in fields(Instrument) if field.name in frame.columns]
        rows = frame.select(names).cast({name: RECORD_SCHEMA[name] for name in names}).iter_rows(named=True)
        return cls(tuple(Instrument(**row) for row in rows))

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The records as a frame of ``RECORD_SCHEMA``."""
        rows = [tuple(getattr(one, name) for name in RECORD_SCHEMA) for one in self.records]
        return pl.DataFrame(rows, schema=RECORD_SCHEMA, orient="row")

    @property
    def symbols(self) -> list[str]:
        """Every symbol ever used, sorted."""
        return sorted({one.symbol for one in self.records})

    def history(self, identity: str) -> tuple[Instrument, ...]:
        """Return the records of one instrument, oldest first.

        Raises
        ------
        UnknownName
            No instrument has this id.
        """
        found = sorted((one for one in self.records if one.id == identity), key=lambda one: one.valid_from)
        if not found:
            raise UnknownName(f"unknown instrument '{identity}'{did_you_mean(identity, self._ids)}", name=identity)
        return tuple(found)

    def resolve(self, symbol: str, day: date) -> str:
        """Return the id of the instrument a symbol meant on a day.

        Raises
        ------
        UnknownName
            The symbol is unknown, or meant nothing on that day; its intervals are listed.
        """
        named = [one for one in self.records if one.symbol == symbol]
        for one in named:
            if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to):
                return one.id
        if not named:
            raise UnknownName(f"unknown symbol '{symbol}'{did_you_mean(symbol, self.symbols)}", name=symbol)
        lives = ", ".join(f"{one.id} {one.valid_from} to {one.valid_to or 'today'}" for one in named)
        raise UnknownName(f"'{symbol}' was listed for nothing on {day} ({lives})", name=symbol)

    def ids(self, bars: Bars) -> pl.Series:
        """Return the instrument of each bar; null where the symbol was not listed on its day.

        Parameters
        ----------
        bars : Bars
            Of any timeframe; the UTC date of ``ts`` counts.
        """
        return valid_join(bars.frame.select("symbol", "ts"), self._lives)["id"].alias("id")

    def outside_life(self, bars: Bars) -> pl.DataFrame:
        """Return ``symbol, ts`` of the bars on days on which their symbol was listed for nothing.

        Symbols the table does not know are not looked at.
        """
        strays = bars.frame.select("symbol", "ts").filter(self.ids(bars).is_null())
        return strays.filter(pl.col("symbol").is_in(self.symbols))

    def follow(self, bars: Bars) -> Bars:
        """Return the bars named by instrument instead of by symbol.

        A rename becomes one history, a symbol that was given again becomes two; a dead instrument
        keeps its bars to its last day.

        Raises
        ------
        DataError
            A bar belongs to no instrument.
        """
        ids = self.ids(bars)
        if ids.null_count():
            row = bars.frame.filter(ids.is_null()).row(0, named=True)
            raise DataError(
                f"{ids.null_count()} bars belong to no instrument, first {row['symbol']} {row['ts'].date()}: "
                "add its record, or take the bars out",
                symbol=row["symbol"],
                first_ts=str(row["ts"]),
            )
        return bars.with_frame(bars.frame.with_columns(ids.alias("symbol")).sort("symbol", "ts"))

    @cached_property
    def _ids(self) -> list[str]:
        return sorted({one.id for one in self.records})

    @cached_property
    def _lives(self) -> pl.DataFrame:
        return self.frame.select("symbol", "valid_from", "valid_to", "id")

"""Membership: who belonged to a universe on a day, as it was then and not as a later list remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.data.knowledge.asof import need_columns
from augury.data.knowledge.validity import refuse_overlap, valid_join

MEMBER_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "valid_from": pl.Date(),
    "valid_to": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class MemberCoverage:
    """How much of a universe a set of bars holds on a day.

    Parameters
    ----------
    day : date
        The day asked about.
    members : int
        Members of the universe on that day.
    missing : tuple of str
        Those without a bar on it, sorted.
    """

    day: date
    members: int
    missing: tuple[str, ...]

    @property
    def present(self) -> int:
        """Members with a bar."""
        return self.members - len(self.missing)

    def __str__(self) -> str:
        return f"{self.present} of {self.members} members of {self.day} have bars"


@dataclass(frozen=True)
class Membership:
    """Who belonged to a universe, from when to when.

    Parameters
    ----------
    frame : pl.DataFrame
        Of ``MEMBER_SCHEMA``: first and last day, both included; a null ``valid_to`` still belongs.

    Raises
    ------
    DataError
        Two intervals of a symbol overlap, or one ends before it begins.

    Examples
    --------
    >>> rows = {"symbol": ["AAL"], "from": [date(1996, 1, 2)], "to": [date(1997, 1, 15)]}
    >>> universe = Membership.from_intervals(pl.DataFrame(rows), start="from", end="to", end_included=False)
    >>> universe.members_on(date(1997, 1, 14)), universe.members_on(date(1997, 1, 15))
    (['AAL'], [])
    """

    frame: pl.DataFrame

    def __post_init__(self) -> None:
        if dict(zip(self.frame.columns, self.frame.dtypes, strict=True)) != MEMBER_SCHEMA:
            raise UsageError(f"not a membership frame: found {self.frame.schema}, needed {MEMBER_SCHEMA}")
        refuse_overlap(self.frame, ["symbol"])

    @classmethod
    def from_intervals(
        cls, frame: pl.DataFrame, *, symbol: str = "symbol", start: str, end: str, end_included: bool
    ) -> Membership:
        """Read intervals under other names.

        Parameters
        ----------
        frame : pl.DataFrame
            One row an interval.
        symbol, start, end : str
            Its columns; ``start`` and ``end`` are dates or moments, a null ``end`` still belongs.
        end_included : bool
            True when ``end`` is the last day of membership, False when it is the first day without:
            lists of index changes give the latter.
        """
        need_columns(frame, [symbol, start, end], "the intervals")
        last = pl.col(end).cast(pl.Date)
        return cls(
            frame.select(
                pl.col(symbol).cast(pl.String).alias("symbol"),
                pl.col(start).cast(pl.Date).alias("valid_from"),
                (last if end_included else last.dt.offset_by("-1d")).alias("valid_to"),
            ).sort("symbol", "valid_from")
        )

    def members_on(self, day: date) -> list[str]:
        """Return the members of a day, sorted."""
        begun = pl.col("valid_from") <= day
        lasting = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
        return self.frame.filter(begun & lasting)["symbol"].sort().to_list()

    def mask(self, bars: Bars) -> pl.Series:
        """Return, for each bar, whether its symbol was a member on its day.

        Parameters
        ----------
        bars : Bars
            Of any timeframe; the UTC date of ``ts`` counts.
        """
        records = self.frame.with_columns(pl.lit(value=True).alias("member"))
        return valid_join(bars.frame.select("symbol", "ts"), records)["member"].is_not_null()

    def coverage(self, bars: Bars, day: date) -> MemberCoverage:
        """Say how many members of a day have a bar on it.

        Parameters
        ----------
        bars : Bars
            Of any timeframe.
        day : date
            A session; on any other day nobody has bars.
        """
        held = set(bars.frame.filter(pl.col("ts").dt.date() == day)["symbol"].unique().to_list())
        members = self.members_on(day)
        return MemberCoverage(day, len(members), tuple(one for one in members if one not in held))

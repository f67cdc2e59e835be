"""Symbols that once belonged to another company than today.

A series that lies wholly within a former owner's time is that company, whatever a feed calls it now.
Only well-known cases; a register of instruments says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class FormerOwner:
    """Who used a symbol, from when to when, and who has it today."""

    symbol: str
    first: date
    last: date
    name: str
    today: str


FORMER_OWNERS: Final = (
    FormerOwner("AXON", date(2015, 6, 11), date(2018, 12, 31), "Axovant Sciences", "Axon Enterprise"),
    FormerOwner("CEG", date(1999, 5, 1), date(2012, 3, 12), "Constellation Energy Group", "Constellation Energy"),
    FormerOwner("COR", date(2010, 9, 23), date(2021, 12, 28), "CoreSite Realty", "Cencora"),
    FormerOwner("GEN", date(2015, 2, 3), date(2021, 3, 31), "Genesis Healthcare", "Gen Digital"),
    FormerOwner("GM", date(1980, 1, 1), date(2009, 6, 1), "General Motors Corporation", "General Motors Company"),
    FormerOwner("META", date(2021, 6, 30), date(2022, 1, 31), "a fund on the metaverse", "Meta Platforms"),
    FormerOwner("S", date(1980, 1, 1), date(2005, 3, 24), "Sears, Roebuck", "SentinelOne"),
    FormerOwner("S", date(2005, 8, 15), date(2020, 4, 1), "Sprint", "SentinelOne"),
    FormerOwner("V", date(2000, 12, 11), date(2006, 8, 3), "Vivendi", "Visa"),
)

"""What a check reports, what it may know, and how it groups rows into findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import polars as pl

from augury.core.clock import iso
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import MarketCalendar
from augury.data.layouts import LINE

ERROR: Final = "error"
WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken by one symbol.

    Parameters
    ----------
    code : str
        Name of the rule, stable for programs.
    severity : str
        ``error`` makes the bars invalid, ``warning`` does not.
    symbol : str
        Empty when the whole frame is meant.
    rows : int
        How many bars break the rule, or are missing.
    first_ts : datetime or None
        The first of them.
    message : str
        Place, value and rule.
    fix : str
        What to do next.
    """

    code: str
    severity: str
    symbol: str
    rows: int
    first_ts: datetime | None
    message: str
    fix: str = ""

    def to_json(self) -> Json:
        """Write as a JSON object."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return fields | {"first_ts": iso(self.first_ts) if self.first_ts is not None else None}


@dataclass(frozen=True)
class CheckContext:
    """What is known beside the bars.

    Parameters
    ----------
    calendar : MarketCalendar or None
        None skips the rules about sessions.
    timeframe : Timeframe or None
        None, when it is unknown, skips the rules about spacing.
    now : datetime or None
        None skips the rules about the present.
    close_only : bool
        Open, high, low and volume are absent on purpose.
    origin, place : str
        Name of the file or frame, and what a row is called in it (``line`` or ``row``).
    grace_minutes : int
        How long after its close a bar may still change.
    """

    calendar: MarketCalendar | None = None
    timeframe: Timeframe | None = None
    now: datetime | None = None
    close_only: bool = False
    origin: str = "frame"
    place: str = "row"
    grace_minutes: int = 0

    @property
    def fix(self) -> str:
        """The command that shows every finding."""
        return f"augury data check {self.origin if self.place == 'line' else 'FILE'}"


class Check(Protocol):
    """One rule about bars."""

    @property
    def code(self) -> str:
        """Name of the rule, stable for programs."""
        ...

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        ...

    @property
    def ordered(self) -> bool:
        """True when it wants the rows sorted and without duplicates, False when as they were given."""
        ...

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Return what breaks the rule, one finding a symbol."""
        ...


def by_symbol(
    check: Check, bad: pl.DataFrame, context: CheckContext, describe: Callable[[dict[str, Any]], str]
) -> list[Finding]:
    """Make one finding for each symbol with bad rows; the message shows the first of them.

    Parameters
    ----------
    check : Check
        The rule.
    bad : pl.DataFrame
        The rows that break it, with ``symbol`` and ``ts``.
    context : CheckContext
        Gives the place its name.
    describe : callable
        Row to text, e.g. ``high 101.2 < close 101.9``.
    """
    found = []
    for part in bad.partition_by("symbol", maintain_order=True):
        row = part.row(0, named=True)
        more = f" and {part.height - 1} more" if part.height > 1 else ""
        message = f"{where(row, context)}: {describe(row)}{more} ({check.code})"
        found.append(Finding(check.code, check.severity, row["symbol"], part.height, row["ts"], message, context.fix))
    return found


def where(row: dict[str, Any], context: CheckContext) -> str:
    """Say where a row is: its line in a file, else its symbol and time.

    Parameters
    ----------
    row : dict
        With ``symbol``, ``ts`` and, for what came from a file, its line.
    context : CheckContext
        Gives the file and its lines their names.

    Examples
    --------
    >>> where({"symbol": "AAA", "ts": None, LINE: 7}, CheckContext(origin="a.csv", place="line"))
    'a.csv line 7: AAA without time'
    """
    key = f"{row['symbol']} {iso(row['ts']) if row['ts'] is not None else 'without time'}"
    return f"{context.origin} {context.place} {row[LINE]}: {key}" if row.get(LINE) is not None else key


def before(column: str) -> pl.Expr:
    """The value of the symbol's bar before this one.

    Parameters
    ----------
    column : str
        A column of bars sorted on (symbol, ts); the first bar of each symbol has null before it.

    Examples
    --------
    >>> frame = pl.DataFrame({"symbol": ["A", "A", "B"], "close": [1.0, 2.0, 9.0]})
    >>> frame.select(before("close")).to_series().to_list()
    [None, 1.0, None]
    """
    return pl.col(column).shift(1).over("symbol")

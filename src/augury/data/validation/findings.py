"""What a check reports, what it may know, and how it groups rows into findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import polars as pl

from augury.core.clock import iso
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import MarketCalendar
from augury.data.layouts import LINE

if TYPE_CHECKING:
    from augury.data.checks._view import BarsView
    from augury.data.knowledge.instruments import InstrumentTable

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
    bars : pl.Series or None
        ``ts`` of the bars that can be set aside without touching the others; None when the rule is
        about the whole series (a split, a shifted clock) and setting bars aside repairs nothing.
    """

    code: str
    severity: str
    symbol: str
    rows: int
    first_ts: datetime | None
    message: str
    fix: str = ""
    bars: pl.Series | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> Json:
        """Write as a JSON object; the places in ``bars`` are left out."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "bars"}
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
    instruments : InstrumentTable or None
        When each symbol was listed, and as what; None skips what only a register can know.
    """

    calendar: MarketCalendar | None = None
    timeframe: Timeframe | None = None
    now: datetime | None = None
    close_only: bool = False
    origin: str = "frame"
    place: str = "row"
    grace_minutes: int = 0
    instruments: InstrumentTable | None = None

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

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Return what breaks the rule, one finding a symbol."""
        ...


def by_symbol(
    check: Check,
    bad: pl.DataFrame,
    context: CheckContext,
    describe: Callable[[dict[str, Any]], str],
    *,
    apart: bool = False,
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
    apart : bool
        The bars can be set aside one by one; default False.
    """
    found = []
    for part in bad.partition_by("symbol", maintain_order=True) if bad.height else ():
        row = part.row(0, named=True)
        more = f" and {part.height - 1} more" if part.height > 1 else ""
        message = f"{where(row, context)}: {describe(row)}{more} ({check.code})"
        one = Finding(check.code, check.severity, row["symbol"], part.height, row["ts"], message, context.fix)
        found.append(replace(one, bars=part["ts"].unique().sort()) if apart else one)
    return found


def of_symbol(
    check: Check, context: CheckContext, symbol: str, rows: int, first_ts: datetime | None, text: str
) -> Finding:
    """Make the finding of a rule about a whole series.

    Parameters
    ----------
    check : Check
        The rule.
    context : CheckContext
        Gives the next command.
    symbol : str
        Empty when the whole frame is meant.
    rows : int
        Bars that are concerned.
    first_ts : datetime or None
        The first of them.
    text : str
        What was found, with its value.
    """
    place = symbol or context.origin
    return Finding(check.code, check.severity, symbol, rows, first_ts, f"{place}: {text} ({check.code})", context.fix)


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

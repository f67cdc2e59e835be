"""Bars: the canonical long frame and what is known about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import polars as pl

from augury.core.errors import DataError, UnknownName
from augury.core.hashing import sha256_frame, sha256_json
from augury.core.timeframe import Timeframe

TIMESTAMP: Final = pl.Datetime("us", "UTC")
BAR_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ts": TIMESTAMP,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
}
"""Columns every bar frame has, in this order; ``adj_close`` (Float64) may follow."""
ADJUSTMENTS: Final = ("raw", "raw+adj", "split", "split+adj", "full", "unknown")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9.^=_/-]{1,24}")


def check_symbol(symbol: str) -> str:
    """Return ``symbol`` unchanged when it is well formed.

    Raises
    ------
    UnknownName
        Longer than 24 characters, empty, or with a character outside ``A-Za-z0-9.^=_/-``,
        or with ``..``, which would name a folder above.

    Examples
    --------
    >>> [check_symbol(s) for s in ("BRK.B", "A_B", "^GSPC")]
    ['BRK.B', 'A_B', '^GSPC']
    """
    if not _SYMBOL.fullmatch(symbol) or ".." in symbol:
        raise UnknownName(f"'{symbol[:40]}' is not a symbol: 1 to 24 of A-Z a-z 0-9 . ^ = _ / - without '..'")
    return symbol


@dataclass(frozen=True)
class Bars:
    """A canonical bar frame with what travels beside it.

    Parameters
    ----------
    frame : pl.DataFrame
        Columns of ``BAR_SCHEMA`` in order, then optionally ``adj_close``; sorted and unique on
        (symbol, ts). ``ts`` is the bar's *open* in UTC, the session date at 00:00 for d1, the
        first session of the week for w1. For a close-only source ``open``, ``high``, ``low`` and
        ``volume`` are null.
    timeframe : Timeframe
        Length of a bar.
    calendar : str
        Name of the venue's calendar, e.g. ``XNYS`` or ``24/7``.
    provider : str
        Where the bars came from, e.g. ``arch``, ``file``, ``synthetic``.
    adjustment : str
        One of ``ADJUSTMENTS``.
    synthetic : bool
        True for invented bars; shown wherever they are.
    close_only : bool
        True when only closes are real.
    """

    frame: pl.DataFrame
    timeframe: Timeframe
    calendar: str = "XNYS"
    provider: str = "file"
    adjustment: str = "unknown"
    synthetic: bool = False
    close_only: bool = False

    def __post_init__(self) -> None:
        found = dict(zip(self.frame.columns, self.frame.dtypes, strict=True))
        wanted = dict(BAR_SCHEMA) | ({"adj_close": pl.Float64()} if "adj_close" in found else {})
        if list(found.items()) != list(wanted.items()):
            raise DataError(f"not a canonical bar frame: found {found}, needed {wanted}", fix="augury data check FILE")
        if self.adjustment not in ADJUSTMENTS:
            raise UnknownName(f"unknown adjustment '{self.adjustment}' (known: {', '.join(ADJUSTMENTS)})")

    @property
    def symbols(self) -> list[str]:
        """The symbols present, sorted."""
        return sorted(self.frame["symbol"].unique().to_list())

    @cached_property
    def data_version(self) -> str:
        """Content hash (64 hex): the data version of every run, forecast and report made from it."""
        facts = [self.timeframe, self.calendar, self.adjustment, self.synthetic, self.close_only]
        return sha256_json([sha256_frame(self.frame), *facts])

    def of(self, symbol: str) -> Bars:
        """Return the bars of one symbol.

        Raises
        ------
        UnknownName
            The symbol is not in the frame.
        """
        part = self.frame.filter(pl.col("symbol") == symbol)
        if part.is_empty():
            raise UnknownName(f"no bars for '{symbol}' (present: {', '.join(self.symbols[:12])})", name=symbol)
        return self.with_frame(part)

    def with_frame(self, frame: pl.DataFrame) -> Bars:
        """Return the same description around another frame."""
        return replace(self, frame=frame)

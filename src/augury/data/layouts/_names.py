"""The names under which vendors write the same column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

FIELDS: Final = ("open", "high", "low", "close", "volume", "adj_close")
TIME_NAMES: Final = ("ts", "date", "datetime", "timestamp", "ds", "time", "open time", "open_time")
SYMBOL_NAMES: Final = ("symbol", "ticker", "unique_id", "asset")
_ALIASES: Final = {
    "adj close": "adj_close",
    "adjclose": "adj_close",
    "adjusted close": "adj_close",
    "adjusted_close": "adj_close",
    "vol": "volume",
}


def plain(name: str) -> str:
    """Write a column name as it is compared: lower case, without blanks around and ``< >``.

    Examples
    --------
    >>> plain(" <CLOSE> "), plain("Adj Close")
    ('close', 'adj_close')
    """
    low = name.strip().strip("<>").strip().lower()
    return _ALIASES.get(low, low)


def field_columns(names: Iterable[str]) -> dict[str, str]:
    """Return field to the column that holds it, for the fields present.

    Examples
    --------
    >>> field_columns(["Date", "Open", "Adj Close"])
    {'open': 'Open', 'adj_close': 'Adj Close'}
    """
    return {plain(name): name for name in names if plain(name) in FIELDS}


def first_named(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """Return the first column that has one of the wanted names, in the order of the wanted.

    Examples
    --------
    >>> first_named(["Ticker", "Date"], ["ts", "date"])
    'Date'
    """
    by_name = {plain(name): name for name in names}
    return next((by_name[name] for name in wanted if name in by_name), None)

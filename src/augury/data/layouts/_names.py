"""The names under which vendors write the same column, and the slips of the pen in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

FIELDS: Final = ("open", "high", "low", "close", "volume", "adj_close")
TIME_NAMES: Final = ("ts", "unix", "date", "datetime", "timestamp", "ds", "time", "open time", "open_time")
"""In this order: an epoch needs no zone, a date beside it does."""
SYMBOL_NAMES: Final = ("symbol", "ticker", "unique_id", "asset")
MAY_NAME_SYMBOLS: Final = ("name", "code", "instrument", "stock", "pair", "stock_symbol", "ticker_symbol")
"""Columns that hold symbols only when every value is written like one: a name may be that of a company."""
_ALIASES: Final = {
    "adj close": "adj_close",
    "adj. close": "adj_close",
    "adjclose": "adj_close",
    "adjusted close": "adj_close",
    "adjusted_close": "adj_close",
    "vol": "volume",
    "vol.": "volume",
    "opentime": "open_time",
    "timestamp (utc)": "timestamp",
    "tic": "ticker",
}
_STANDS_IN: Final = {
    "close": ("close/last", "close price", "price", "last"),
    "volume": ("tick_volume", "tickvol", "tick volume", "base_volume", "traded volume"),
    "open": ("open price",),
    "high": ("high price",),
    "low": ("low price",),
}
"""Names that mean a field only where nothing else does."""
_LETTERS: Final = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
_LONG_NAME: Final = 5


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

    Parameters
    ----------
    names : iterable of str
        Columns. Names such as ``tick_volume`` count only where no column is the field itself, and
        ``o h l c`` only in lower case and together: a ticker may be called C.

    Examples
    --------
    >>> field_columns(["Date", "Open", "Adj Close"])
    {'open': 'Open', 'adj_close': 'Adj Close'}
    >>> field_columns(["Date", "close", "tick_volume"])
    {'close': 'close', 'volume': 'tick_volume'}
    """
    names = list(names)
    found = {plain(name): name for name in names if plain(name) in FIELDS}
    by_plain = {plain(name): name for name in names}
    if not found and set("ohlc") <= set(names):
        return {field: letter for letter, field in _LETTERS.items() if letter in names}
    for field, stand_ins in _STANDS_IN.items():
        name = next((by_plain[one] for one in stand_ins if one in by_plain), None)
        if field not in found and name is not None:
            found[field] = name
    return {field: found[field] for field in FIELDS if field in found}


def first_named(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """Return the first column that has one of the wanted names, in the order of the wanted.

    Examples
    --------
    >>> first_named(["Ticker", "Date"], ["ts", "date"])
    'Date'
    """
    by_name = {plain(name): name for name in names}
    return next((by_name[name] for name in wanted if name in by_name), None)


def is_slip(written: str, meant: str) -> bool:
    """Say whether a name is another with one slip of the pen.

    The first letter stands; then two neighbours are swapped, a letter is missing, or one is there too
    much. In names of five letters or more one may also be wrong: ``lot`` is a word, not a ``low``.

    Parameters
    ----------
    written, meant : str
        In lower case.

    Examples
    --------
    >>> [is_slip(name, "close") for name in ("clsoe", "clos", "closee", "clase", "cost")]
    [True, True, True, True, False]
    >>> is_slip("lot", "low"), is_slip("flow", "low"), is_slip("opne", "open")
    (False, False, True)
    """
    if written == meant or not written or written[0] != meant[0]:
        return False
    if len(written) == len(meant):
        wrong = [at for at in range(len(meant)) if written[at] != meant[at]]
        swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
        if swapped and written[wrong[0]] == meant[wrong[1]] and written[wrong[1]] == meant[wrong[0]]:
            return True
        return len(wrong) == 1 and len(meant) >= _LONG_NAME
    longer, shorter = (written, meant) if len(written) > len(meant) else (meant, written)
    cuts = (longer[:at] + longer[at + 1 :] for at in range(len(longer)))
    return len(longer) - len(shorter) == 1 and shorter in cuts


def slips(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Find the fields, times and symbols that are there under a misspelt name.

    Parameters
    ----------
    names : sequence of str
        All columns.

    Returns
    -------
    (dict, list of str)
        Column to the name it stands for, where exactly one column can be meant; then what could be
        meant by several, in words.

    Examples
    --------
    >>> slips(["Date", "opne", "high", "low", "Clsoe"])
    ({'opne': 'open', 'Clsoe': 'close'}, [])
    >>> slips(["date", "clsoe", "colse"])
    ({}, ["close may be 'clsoe' or 'colse'"])
    """
    fields = field_columns(names)
    free = [name for name in names if name not in fields.values() and not _is_known(name)]
    found: dict[str, str] = {}
    unclear = []
    groups: list[tuple[str, ...]] = [(field,) for field in FIELDS if field not in fields]
    groups += [group for group in (TIME_NAMES, SYMBOL_NAMES) if first_named(names, group) is None]
    for group in groups:
        near = [(name, meant) for name in free for meant in group if is_slip(plain(name), meant)]
        columns = list(dict.fromkeys(name for name, _ in near))
        if len(columns) == 1:
            found[columns[0]] = near[0][1]
        elif columns:
            unclear.append(f"{group[0]} may be {' or '.join(map(repr, columns))}")
    return found, unclear


def _is_known(name: str) -> bool:
    return plain(name) in (*TIME_NAMES, *SYMBOL_NAMES)

"""The symbols a run is about: those asked for, else the watchlist, else a fallback list; says which it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from augury.core.bars import check_symbol
from augury.core.errors import UnknownName

FALLBACK: Final = ("SPY", "QQQ", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "JPM", "XOM")
"""Large, liquid, in every feed: something to begin with, not a recommendation."""


@dataclass(frozen=True, slots=True)
class Universe:
    """The symbols of a run.

    Parameters
    ----------
    symbols : tuple of str
        Each once, in the order given.
    origin : str
        ``symbols``, ``watchlist`` or ``fallback``: which list they are from.
    warnings : list of str
        Which list was passed over and why; which names were left out.
    """

    symbols: tuple[str, ...]
    origin: str
    warnings: list[str] = field(default_factory=list)


def resolve_universe(
    symbols: Sequence[str] | None = None,
    watchlist: Sequence[str] | None = None,
    fallback: Sequence[str] = FALLBACK,
) -> Universe:
    """Take the first list that names a symbol.

    Parameters
    ----------
    symbols : sequence of str, optional
        Asked for by name. When all of them are malformed that is an error: other symbols were not
        asked for.
    watchlist : sequence of str, optional
        What a user follows.
    fallback : sequence of str
        What is taken when neither names one.

    Raises
    ------
    UnknownName
        No list holds a well-formed symbol, or ``symbols`` holds malformed ones only.

    Examples
    --------
    >>> found = resolve_universe(None, [], ["AAA", "BBB", "AAA"])
    >>> found.symbols, found.origin, found.warnings
    (('AAA', 'BBB'), 'fallback', ['the watchlist is empty: the fallback list is used'])
    """
    warnings: list[str] = []
    for origin, names in (("symbols", symbols), ("watchlist", watchlist), ("fallback", fallback)):
        good, bad = _sorted_out(names or ())
        warnings += [f"left out of the {origin}: {reason}" for reason in bad]
        if good:
            if origin == "fallback":
                warnings.append(f"{_passed_over(symbols, watchlist)}: the fallback list is used")
            return Universe(good, origin, warnings)
        if bad and origin == "symbols":
            break
    raise UnknownName(f"no symbol to work with: {'; '.join(warnings) or 'every list is empty'}")


def _passed_over(symbols: Sequence[str] | None, watchlist: Sequence[str] | None) -> str:
    if watchlist is not None:
        return "the watchlist names no symbol" if watchlist else "the watchlist is empty"
    return "no symbol was asked for" if symbols is None else "the list of symbols is empty"


def _sorted_out(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The well-formed names, each once and in order, and why the others are none."""
    good: dict[str, None] = {}
    bad: list[str] = []
    for name in names:
        try:
            good[check_symbol(name)] = None
        except UnknownName as error:
            bad.append(error.message)
    return tuple(good), bad

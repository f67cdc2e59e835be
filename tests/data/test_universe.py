from __future__ import annotations

import pytest

from augury.core.errors import UnknownName
from augury.data.feeds.universe import FALLBACK, resolve_universe


def test_symbols_that_were_asked_for_come_first() -> None:
    found = resolve_universe(["MSFT", "AAPL", "MSFT"], ["SPY"], ["QQQ"])
    assert (found.symbols, found.origin, found.warnings) == (("MSFT", "AAPL"), "symbols", [])


def test_then_the_watchlist() -> None:
    found = resolve_universe(None, ["SPY", "QQQ", "SPY"])
    assert (found.symbols, found.origin, found.warnings) == (("SPY", "QQQ"), "watchlist", [])


@pytest.mark.parametrize(
    ("symbols", "watchlist", "words"),
    [
        (None, [], "the watchlist is empty: the fallback list is used"),
        (None, ["a b"], "the watchlist names no symbol: the fallback list is used"),
        (None, None, "no symbol was asked for: the fallback list is used"),
        ([], None, "the list of symbols is empty: the fallback list is used"),
    ],
)
def test_the_fallback_list_is_taken_and_said_so(
    symbols: list[str] | None, watchlist: list[str] | None, words: str
) -> None:
    found = resolve_universe(symbols, watchlist)
    assert (found.symbols, found.origin, found.warnings[-1]) == (FALLBACK, "fallback", words)


def test_malformed_names_are_left_out_by_name() -> None:
    found = resolve_universe(["AAPL", "../x", "BRK.B", ""])
    assert found.symbols == ("AAPL", "BRK.B")
    assert [warning.split(":")[0] for warning in found.warnings] == ["left out of the symbols"] * 2
    assert "'../x' is not a symbol" in found.warnings[0]


def test_only_malformed_names_are_an_error_and_never_other_symbols() -> None:
    with pytest.raises(UnknownName, match=r"no symbol to work with.*'=cmd\(\)' is not a symbol"):
        resolve_universe(["=cmd()"], ["SPY"])
    with pytest.raises(UnknownName, match="every list is empty"):
        resolve_universe(None, None, [])


def test_the_fallback_list_holds_each_symbol_once() -> None:
    assert len(set(FALLBACK)) == len(FALLBACK)

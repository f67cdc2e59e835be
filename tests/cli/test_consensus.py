from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket

SYMBOL = "SYN001"


@pytest.fixture
def forecast(call: Any, market: Path, recipe: str) -> str:
    """Train and forecast one cell through the command line; the day of its data."""
    assert call("train", "--symbol", SYMBOL, "--timeframe", "d1", "--recipe", recipe).code in (0, 5)
    ran = call("forecast", "--symbol", SYMBOL, "--report", "--json")
    assert ran.code == 0
    assert "1 consensus rows: 1 written" in ran.err
    assert "report: 1 cells asked for, 1 forecast, 0 dropped" in ran.err
    assert "1 rows, 1 consensus rows" in ran.err
    return str(json.loads(ran.out)[0]["data_until"])[:10]


def test_a_consensus_of_one_timeframe_shows_no_agreement(call: Any, forecast: str) -> None:
    ran = call("consensus", SYMBOL, "--json")
    (row,) = json.loads(ran.out)
    assert (row["timeframe"], row["agreement"]) == ("consensus", None)
    assert "single_source" in row["issues"]
    assert call("consensus", SYMBOL, "--cascade").code == 0


def test_verify_counts_the_consensus_too(call: Any, forecast: str) -> None:
    assert json.loads(call("forecasts", "verify", "--json").out)[0]["consensus_rows"] == 1


def test_a_missing_actual_is_pending_and_says_try_later(call: Any, forecast: str) -> None:
    ran = call("evaluate")
    assert ran.code == 75
    assert "no bar in the lake closes at" in ran.err
    assert json.loads(call("evaluate", "--list", "--json").out) == []


def test_what_matured_is_scored_once_and_listed_with_its_mark(call: Any, forecast: str, market: Path) -> None:
    Lake(market / "lake").write(SyntheticMarket(n_symbols=1, n_bars=510).bars())
    scored = json.loads(call("evaluate", "--json").out)
    assert [(row["symbol"], row["replay"]) for row in scored["outcomes"]] == [(SYMBOL, True)]
    assert scored["pending"] == []
    assert json.loads(call("evaluate", "--json").out)["outcomes"] == []
    assert json.loads(call("evaluate", "--list", "--symbol", SYMBOL, "--json").out) == scored["outcomes"]


def test_the_time_machine_names_version_and_hashes(call: Any, forecast: str) -> None:
    ran = call("asof", SYMBOL, forecast, "--timeframe", "d1", "--json")
    assert ran.code == 0
    (row,) = json.loads(ran.out)
    assert row["rebuilt_hash"] == row["content_hash"]
    assert row["version"]
    assert "1 rows, 1 rebuilt word for word" in ran.err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (("asof", SYMBOL, "March 2"), 2, "is not a date"),
        (("asof", SYMBOL, "2001-01-01"), 4, "augury forecasts list --symbol SYN001"),
        (("consensus", SYMBOL), 4, "augury forecast --symbol SYN001"),
        (("evaluate",), 0, "0 forecasts scored"),
    ],
)
def test_nothing_to_show_says_what_to_do(call: Any, market: Path, line: tuple[str, ...], code: int, words: str) -> None:
    ran = call(*line)
    assert ran.code == code
    assert words in ran.err

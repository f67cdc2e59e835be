"""``augury explain``: a table that adds up, sentences that quote it, and where forecasts go wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def trained(call, market: Path, recipe: str) -> Path:
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    assert call("forecast", "--symbol", "SYN001").code == 0
    return market


def test_a_stored_forecast_and_a_symbol_are_explained_alike(call, trained: Path) -> None:
    ran = call("explain", "SYN001", "--timeframe", "d1", "--horizon", "5d", "--json")
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    base, *features, score, band = facts["contributions"]
    assert score["value"] - base["value"] == pytest.approx(sum(line["share"] for line in features), abs=1e-6)
    assert 1 <= len(facts["sentences"]) <= 3
    assert facts["synthetic"] is True
    assert band["what"] == "80 % band"
    stored = json.loads(call("explain", "1", "--json").out)
    assert stored["contributions"] == facts["contributions"]
    people = call("explain", "1")
    assert all(sentence in people.out for sentence in facts["sentences"])


def test_a_boosters_table_holds_log_odds_by_class(call, trained: Path) -> None:
    rows = json.loads(call("explain", "SYN001", "--member", "gb", "--json").out)
    assert rows[0]["what"] == "base"
    assert {"bearish", "neutral", "bullish"} <= set(rows[1])
    assert call("explain", "SYN001", "--member", "rf").code == 2


def test_importance_and_failures_come_with_intervals_and_n(call, trained: Path) -> None:
    for flag in ("--importance", "--failures"):
        rows = json.loads(call("explain", "SYN001", flag, "--json").out)
        assert len(rows) > 3
        assert all(row["low"] <= row["high"] and row["n"] > 0 for row in rows)


def test_a_symbol_without_a_model_exits_4(call, market: Path) -> None:
    assert call("explain", "SYN001").code == 4
    assert call("explain", "77").code == 4

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket

SYMBOL = "SYN001"


@pytest.fixture
def scored(call: Any, market: Path, recipe: str) -> None:
    """One forecast of bars that end in the past, and the bars that decide it."""
    assert call("train", "--symbol", SYMBOL, "--timeframe", "d1", "--recipe", recipe).code in (0, 5)
    assert call("forecast", "--symbol", SYMBOL).code == 0
    Lake(market / "lake").write(SyntheticMarket(n_symbols=1, n_bars=510).bars())
    assert call("evaluate").code == 0


def test_bands_are_told_by_group_and_a_small_group_shows_no_figure(call: Any, scored: None) -> None:
    line = ("evaluate", "--bands", "--replays", "--by", "symbol", "--by", "regime", "--by", "horizon")
    (row,) = json.loads(call(*line, "--json").out)
    assert (row["group"]["symbol"], row["group"]["horizon"], row["n"], row["insufficient"]) == (SYMBOL, "5d", 1, True)
    assert row["group"]["regime"] in ("quiet", "usual", "strained")
    (flat,) = csv.DictReader(io.StringIO(call(*line, "--csv").out))
    assert (flat["symbol"], flat["n"], flat["insufficient"]) == (SYMBOL, "1", "True")
    assert {"coverage_0.80", "coverage_0.80_low", "winkler_0.95", "pinball_q10", "crps", "pit_10"} <= set(flat)
    shown = call(*line)
    assert "insufficient" in shown.out
    assert "%" not in shown.out.splitlines()[-1]
    assert "1 matured forecasts" in shown.err


def test_replays_are_not_counted_unless_asked_for(call: Any, scored: None) -> None:
    ran = call("evaluate", "--bands")
    assert (ran.code, ran.out) == (0, "")
    assert "augury evaluate" in ran.err


def test_groups_without_bands_and_unknown_groups_are_refused(call: Any, market: Path) -> None:
    assert call("evaluate", "--by", "symbol").code == 2
    ran = call("evaluate", "--bands", "--by", "colour")
    assert ran.code == 2
    assert "not by colour" in ran.err

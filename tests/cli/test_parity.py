"""``augury parity`` exits 5 when one line of the online path differs from the batch (BEY-02)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from augury.features.engine import build


def test_parity_is_0_for_equal_paths_and_5_once_one_online_line_changed(
    call, market: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    assert call("forecast", "--symbol", "SYN001").code == 0
    ran = call("parity", "--symbol", "SYN001", "--timeframe", "d1", "--n", "4", "--json")
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    assert (facts["ledger"], facts["replayed"], facts["cached"], facts["differences"]) == (1, 3, 3, [])

    def changed(bars, features):
        table = build(bars, features)
        return replace(table, frame=table.frame.with_columns(pl.col("rsi") * 1.0001))

    monkeypatch.setattr("augury.runs.forecasts.view.build", changed)
    ran = call("parity", "--n", "2")
    assert ran.code == 5
    assert "rsi of 20" in ran.err
    assert "was served as" in ran.err
    assert "recomputed" in ran.err


def test_parity_without_anything_served_names_the_training_command(call, market: Path) -> None:
    ran = call("parity", "--symbol", "SYN001")
    assert ran.code == 4
    assert "-> run: augury train --symbol SYN001 --timeframe d1" in ran.err

"""``augury weights``: what it says before there is anything, and after."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_without_a_champion_there_is_nothing_to_refresh_and_the_next_command_is_named(call: Call) -> None:
    ran = call("weights", "refresh", "--symbol", "SPY")
    assert (ran.code, ran.out) == (4, "")
    assert "no champion that fits has weights -> run: augury models list" in ran.err
    shown = call("weights", "show")
    assert (shown.code, shown.out) == (0, "")
    assert "augury train --all" in shown.err
    assert "augury weights refresh" in call("weights", "show", "--history").err
    assert call("weights", "show", "--timeframe", "d7").code == 2


def test_a_cell_without_matured_forecasts_keeps_its_weights_and_says_why(
    call: Call, market: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "pair.yaml"
    recipe.write_text("members: {gb: {n_estimators: 5, max_depth: 3}, logreg: {}}\nfolds: 2\nhorizons: [5d]\n")
    assert call("train", "--symbol", "SYN001", "--recipe", str(recipe), "-q").code == 0
    (shown,) = json.loads(call("weights", "show", "--json").out)
    assert set(shown["weights"]) == {"gb", "logreg"}
    assert shown["method"] == "ridge"
    ran = call("weights", "refresh", "--json")
    (row,) = json.loads(ran.out)
    assert ran.code == 0
    assert (row["kept"], row["version"], row["of"]) == (False, None, shown["version"])
    assert "weights need 60 (insufficient_history)" in row["reason"]
    said = call("weights", "refresh", "--dry-run")
    assert "weights stay" in said.err
    assert "dry run: nothing was written" in said.out
    (after,) = json.loads(call("weights", "show", "--json").out)
    assert after["version"] == shown["version"]
    assert "gb 0." in call("weights", "show").out

"""``augury models release``: the audit is the only way past the gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket


@pytest.fixture
def suspect(call, tmp_path: Path) -> str:
    """Name of a version trained on a market that holds more than markets do."""
    Lake(tmp_path / "store" / "lake").write(SyntheticMarket(n_symbols=1, n_bars=700, ic=0.5, seed=5).bars())
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text("members: {gb: {n_estimators: 5, max_depth: 3}}\nfolds: 2\nhorizons: [1d]\n")
    ran = call("train", "--symbol", "SYN001", "--recipe", str(recipe), "--json")
    assert ran.code == 5
    (told,) = json.loads(ran.out)
    return str(told["version"])


def test_a_stopped_version_forecasts_nothing_until_it_is_released(call, suspect: str) -> None:
    assert call("forecast", "--symbols", "SYN001", "--horizon", "1d").code == 4
    ran = call("models", "release", suspect[-6:], "--cuts", "3", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["evidence"]["of"], told["evidence"]["verdict"]) == (suspect, "clean")
    assert told["version"] != suspect
    ran = call("forecast", "--symbols", "SYN001", "--horizon", "1d", "--json")
    assert ran.code == 0, ran.err
    assert told["version"] in ran.out
    rows = json.loads(call("models", "list", "--json").out)
    assert {row["version"]: (row["champion"], row["status"]) for row in rows} == {
        suspect: (False, "rejected"),
        told["version"]: (True, "promoted"),
    }
    gates = {row["gate"]: row for row in json.loads(call("validate", told["version"], "--json").out)}
    assert gates["SUSPECT_LEAK"]["passed"]
    assert f"values of {suspect} were audited, none looked ahead" in gates["SUSPECT_LEAK"]["message"]


def test_the_table_says_what_was_audited_and_a_second_release_is_refused(call, suspect: str) -> None:
    ran = call("models", "release", suspect, "--cuts", "2")
    assert ran.code == 0, ran.err
    assert [word in ran.out for word in ("features", "labels", "splits", "weights", "forecasts")] == [True] * 5
    assert f"{suspect} is released as" in ran.err
    again = call("models", "release", suspect)
    assert again.code == 2
    assert "was released as" in again.err

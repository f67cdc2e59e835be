"""``augury features``: the catalogue, a file of features, the lint, the promises."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from augury.data.synthetic import SyntheticMarket


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    SyntheticMarket(n_symbols=3, n_bars=150).bars().frame.write_parquet(tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


def test_list_prints_the_whole_platform_with_lookback_unit_and_source(call) -> None:
    ran = call("features", "list", "--json")
    rows = json.loads(ran.out)
    assert (ran.code, len(rows)) == (0, 157)
    assert [row["number"] for row in rows] == list(range(1, 158))
    assert all(row["bars"] >= 1 and row["unit"] and row["source"] for row in rows)
    assert len(call("features", "list", "--set", "technical", "--csv").out.splitlines()) == 124


def test_compute_writes_the_file_and_shows_progress(call, bars: Path, tmp_path: Path) -> None:
    ran = call(
        "features", "compute", "--bars", str(bars), "--out", str(tmp_path / "f.arrow"), "--chunk-rows", "1", "--json"
    )
    facts = json.loads(ran.out)
    assert (ran.code, facts["rows"], facts["symbols"]) == (0, 450, 3)
    assert "compute 3/3 450 rows" in ran.err
    assert pl.read_ipc(tmp_path / "f.arrow").width == facts["features"] + 2


def test_lint_names_what_is_of_no_use(call, bars: Path) -> None:
    ran = call("features", "lint", "--bars", str(bars), "--json")
    found = {row["feature"]: row["kind"] for row in json.loads(ran.out)}
    assert ran.code == 0
    assert found["log_returns"] == "copy"


def test_check_exits_5_when_a_promise_is_broken_and_names_it(call, tmp_path: Path) -> None:
    good = "from augury.features.family import Family, Feature\nfrom augury.features.language import close, lag\n"
    family = "FAMILY = Family('mine', 'an example', (Feature('gain', 4, close {} lag(close, 3)),))\n"
    (tmp_path / "mine.py").write_text(good + family.format("/"))
    assert call("features", "check", str(tmp_path / "mine.py")).code == 0
    # Another file: Python takes one of the same length and second for the one it has compiled.
    (tmp_path / "worse").mkdir()
    (tmp_path / "worse" / "mine.py").write_text(good + family.format("-"))
    ran = call("features", "check", str(tmp_path / "worse" / "mine.py"), "--json")
    assert (ran.code, [row["promise"] for row in json.loads(ran.out)]) == (5, ["scale-free"])


def test_an_unknown_set_names_the_near_one(call) -> None:
    ran = call("features", "list", "--set", "tecnical")
    assert ran.code == 2
    assert "did you mean 'technical'" in ran.err

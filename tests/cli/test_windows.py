from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from augury.data.synthetic import SyntheticMarket
from augury.labels import read_windows


def bars_file(tmp_path: Path, n_bars: int = 500, n_symbols: int = 1) -> Path:
    SyntheticMarket(n_symbols=n_symbols, n_bars=n_bars).bars().frame.write_parquet(tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


def test_windows_are_cut_from_a_file(call, tmp_path: Path) -> None:
    bars_file(tmp_path, 1000)
    ran = call("windows", "extract", "--bars", "bars.parquet", "--stride", "52", "--out", "w.parquet", "--json")
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    assert (facts["windows"], facts["symbols"][0]["windows"]) == (18, 18)
    assert facts["notes"] == ["calendar XNYS assumed: name another with calendar="]
    windows = read_windows(tmp_path / "w.parquet")
    assert (len(windows), windows.frame["data_version"][0]) == (18, facts["data_version"])


def test_windows_are_cut_from_the_lake_by_its_calendar(call, market: Path, tmp_path: Path) -> None:
    ran = call("windows", "extract", "--symbol", "SYN001", "--timeframe", "d1", "--out", "w.arrow", "--max-offset", "9")
    assert ran.code == 0, ran.err
    assert "8 windows of 105 bars" in ran.err
    assert "assumed" not in ran.err
    windows = read_windows(tmp_path / "w.arrow")
    assert (len(windows), windows.max_offset) == (8, 9)


def test_some_symbols_of_a_file_and_a_blacklist(call, tmp_path: Path) -> None:
    bars_file(tmp_path, n_symbols=3)
    row = {"symbol": "SYN002", "raw_start_idx": 0, "raw_end_idx": 499, "reason": "bad", "date": "2024-05-01"}
    (tmp_path / "rejected.json").write_text(json.dumps([row]))
    words = ("windows", "extract", "--bars", "bars.parquet", "--calendar", "XNYS", "--out", "w.parquet", "--json")
    facts = json.loads(call(*words, "--symbol", "SYN001", "--symbol", "SYN002", "--blacklist", "rejected.json").out)
    assert [row["symbol"] for row in facts["symbols"]] == ["SYN001"]
    assert facts["notes"] == ["8 windows overlap a blacklisted range and are left out"]
    assert pl.read_parquet(tmp_path / "w.parquet")["symbol"].unique().to_list() == ["SYN001"]


def test_too_few_bars_exit_3_and_write_nothing(call, tmp_path: Path) -> None:
    bars_file(tmp_path, 104)
    ran = call("windows", "extract", "--bars", "bars.parquet", "--out", "w.parquet")
    assert ran.code == 3
    assert "insufficient_history need=105 have=104" in ran.err
    assert not (tmp_path / "w.parquet").exists()


def test_requests_that_name_nothing_are_refused(call, tmp_path: Path) -> None:
    bars_file(tmp_path)
    assert call("windows", "extract", "--out", "w.parquet").code == 2
    unknown = call("windows", "extract", "--bars", "bars.parquet", "--symbol", "NOPE", "--out", "w.parquet")
    assert unknown.code == 2
    assert "no bars of NOPE (there are: SYN001)" in unknown.err
    assert call("windows", "extract", "--symbol", "NOPE", "--out", "w.parquet").code == 4
    assert call("windows", "extract", "--bars", "nothing.csv", "--out", "w.parquet").code == 4

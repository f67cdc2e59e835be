"""``augury backtest``: one document on stdout, files where they were asked for, named errors."""

from __future__ import annotations

import json

import polars as pl
import pytest

from augury.cli import app
from augury.data.synthetic import SyntheticMarket

STORE: list[str] = []


@pytest.fixture(autouse=True)
def _store_of_one_test(tmp_path):
    STORE[:] = [str(tmp_path / "store")]


def run(arguments: list[str], environ: dict[str, str]) -> int:
    return app.run([*arguments, "--data-dir", *STORE], environ)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backtest")
    frame = SyntheticMarket(n_symbols=5, n_bars=150).bars().frame
    frame.write_parquet(folder / "bars.parquet")
    said = frame.filter(pl.col("ts") == frame["ts"][20]).select("symbol", "ts", weight=pl.lit(0.2))
    said.write_csv(folder / "mine.csv")
    return folder


def test_a_rule_gives_one_json_document_a_page_and_a_trade_log(files, capsys):
    line = ["backtest", "run", "--bars", str(files / "bars.parquet"), "--rule", "reversal_5d", "--json"]
    wanted = ["--report", str(files / "sheet.html"), "--trades", str(files / "trades.parquet")]
    assert run([*line, *wanted], {}) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert sheet["name"] == "reversal_5d"
    assert sheet["trades"] == pl.read_parquet(files / "trades.parquet").height > 0
    assert "reversal_5d" in (files / "sheet.html").read_text()


def test_every_cost_flag_changes_the_answer(files, capsys):
    line = ["backtest", "run", "--bars", str(files / "bars.parquet"), "--rule", "reversal_5d", "--json"]
    flags = {
        "--commission-bps": "20", "--commission-min": "50", "--slippage-bps": "10", "--borrow-rate": "0.1",
        "--impact": "0.5", "--fill": "close", "--every": "10", "--side": "long", "--capital": "20000",
    }  # fmt: skip
    ends = []
    for extra in ([], *([name, value] for name, value in flags.items()), ["--fractional"]):
        assert run([*line, *extra], {}) == 0
        ends.append(json.loads(capsys.readouterr().out)["equity_last"])
    assert len(set(ends)) == len(ends)


def test_weights_of_a_file_are_kept(files, capsys):
    line = ["backtest", "run", "--bars", str(files / "bars.parquet"), "--weights", str(files / "mine.csv"), "--json"]
    assert run(line, {}) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert (sheet["name"], sheet["trades"]) == ("mine", 5)


def test_wrong_requests_are_named(files, capsys):
    bars = ["backtest", "run", "--bars", str(files / "bars.parquet")]
    assert run(bars, {}) == 2
    assert run([*bars, "--rule", "reversal"], {}) == 2
    assert "did you mean 'reversal_5d'" in capsys.readouterr().err
    assert run([*bars, "--weights", str(files / "none.csv")], {}) == 4
    assert run([*bars, "--rule", "cash", "--margin", "0"], {}) == 2


def test_the_rules_are_listed(capsys):
    assert run(["backtest", "rules", "--json"], {}) == 0
    assert "reversal_5d" in {row["name"] for row in json.loads(capsys.readouterr().out)}


def test_every_backtest_is_counted_and_its_sharpe_is_deflated_by_all_of_them(files, capsys):
    line = ["backtest", "run", "--bars", str(files / "bars.parquet"), "--rule", "reversal_5d"]

    def trials(*more: str) -> int:
        assert run([*line, *more, "--json"], {}) == 0
        return json.loads(capsys.readouterr().out)["selection"]["trials"]

    assert [trials(), trials(), trials("--commission-bps", "1"), trials("--side", "long")] == [1, 1, 2, 3]
    for form in ([], ["--csv"]):
        assert run([*line, *form, "--report", str(files / "counted.html")], {}) == 0
        said = capsys.readouterr()
        assert "3 trials" in said.err
        assert "best of 3 trials by luck" in said.out
    assert "best of 3 trials by luck" in (files / "counted.html").read_text()

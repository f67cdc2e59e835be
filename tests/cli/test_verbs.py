from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from augury.data.synthetic import SyntheticMarket


def test_a_file_is_imported_checked_and_listed(call, tmp_path: Path) -> None:
    SyntheticMarket(n_symbols=1, n_bars=300).bars().frame.drop("symbol").write_csv(tmp_path / "prices.csv")
    ran = call("data", "import", "prices.csv", "--symbol", "SPY", "--timeframe", "d1", "--json")
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    assert (facts["symbols"], facts["rows"], facts["written"]) == (["SPY"], 300, True)
    (entry,) = json.loads(call("data", "list", "--json").out)
    assert (entry["symbol"], entry["rows"]) == ("SPY", 300)


def test_a_dry_import_writes_nothing(call, tmp_path: Path) -> None:
    SyntheticMarket(n_symbols=1, n_bars=300).bars().frame.write_csv(tmp_path / "prices.csv")
    assert call("data", "import", "prices.csv", "--timeframe", "d1", "--dry-run").code == 0
    assert json.loads(call("data", "list", "--json").out) == []


def test_bad_bars_exit_3_and_name_the_rule_and_the_row(call, tmp_path: Path) -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=300).bars().frame
    frame[250, "high"] = frame[250, "low"] * 0.5
    frame.write_csv(tmp_path / "bad.csv")
    checked = call("data", "check", "bad.csv", "--json")
    assert checked.code == 3
    codes = {finding["code"] for finding in json.loads(checked.out)["findings"] if finding["severity"] == "error"}
    assert "OHLC_ORDER" in codes
    imported = call("data", "import", "bad.csv", "--timeframe", "d1")
    assert imported.code == 3
    assert "OHLC_ORDER" in imported.err
    assert "augury data check" in imported.err
    assert json.loads(call("data", "list", "--json").out) == []


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (("data", "check", "nothing.csv"), 4, "nothing.csv"),
        (("data", "import", "nothing.csv"), 4, "nothing.csv"),
        (("data", "import"), 2, "--provider"),
        (("train",), 2, "augury train --symbol"),
        (("forecast",), 2, "augury forecast --symbol"),
        (("train", "--symbol", "NOPE"), 4, "augury data import FILE --symbol NOPE --timeframe d1"),
        (("forecast", "--symbol", "AAPL"), 4, "-> run: augury train --symbol AAPL --timeframe d1"),
        (("forecast", "--symbol", "AAPL", "--timeframe", "w1"), 4, "augury train --symbol AAPL --timeframe w1"),
        (("train", "--symbol", "../x"), 2, "is not a symbol"),
        (("train", "--symbol", "SPY", "--timeframe", "d7"), 2, "unknown timeframe 'd7'"),
        (("train", "--symbol", "SPY", "--horizon", "5y"), 2, "horizon '5y'"),
        (("train", "--symbol", "SPY", "--recipe", "defualt"), 2, "did you mean 'default'"),
        (("train", "--symbol", "SPY", "--recipe", "no.yaml"), 4, "no.yaml"),
        (("train", "--symbol", "SPY", "--workers", "0"), 2, "workers=0"),
        (("models", "info", "NOPE"), 4, "augury train --symbol NOPE --timeframe d1"),
        (("validate",), 2, "augury validate --all"),
        (("forecasts", "list", "--limit", "0"), 2, "limit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_goes_wrong_has_its_code_and_names_the_next_step(call, line, code, words) -> None:
    ran = call(*line)
    assert ran.code == code, ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_an_untrained_symbol_exits_4_with_the_command_that_trains_it(call, market: Path) -> None:
    ran = call("forecast", "--symbol", "SYN001", "--json")
    assert ran.code == 4
    assert "-> run: augury train --symbol SYN001 --timeframe d1" in ran.err


def test_horizons_nobody_was_trained_for_are_counted_in_one_line(call) -> None:
    ran = call("forecast", "--symbol", "AAPL", "--horizon", "5d", "--horizon", "15d", "--horizon", "30d")
    command = "augury train --symbol AAPL --timeframe d1"
    assert ran.err == f"augury: ensemble not trained for AAPL d1, 3 horizons skipped -> run: {command}\n"


def test_train_forecast_list_info_and_validate_tell_one_story(call, market: Path, recipe: str) -> None:
    trained = call("train", "--symbol", "SYN001", "--recipe", recipe, "--json")
    assert trained.code == 0, trained.err
    (row,) = json.loads(trained.out)
    assert "train 1/1 SYN001 d1 5d" in trained.err
    forecast = call("forecast", "--symbol", "SYN001", "--json")
    assert forecast.code == 0, forecast.err
    (said,) = json.loads(forecast.out)
    assert said["version"] == row["version"]
    assert said["artifact_hash"] == row["artifact_hash"]
    (listed,) = json.loads(call("forecasts", "list", "--json").out)
    assert {key: listed[key] for key in said} == said
    info = json.loads(call("models", "info", "SYN001", "--json").out)
    assert info["content_hash"] == row["artifact_hash"]
    (model,) = json.loads(call("models", "list", "--json").out)
    assert (model["version"], model["champion"]) == (row["version"], True)
    validated = call("validate", "--all", "--json")
    assert validated.code == 0, validated.err
    assert all(gate["reproduced"] for gate in json.loads(validated.out))
    table = list(csv.DictReader(io.StringIO(call("forecasts", "list", "--csv").out)))
    assert len(table) == 1
    assert json.loads(call("forecasts", "verify", "--json").out)[0]["ok"] is True


def test_validate_refuses_to_judge_a_version_on_other_bars(call, market: Path, recipe: str) -> None:
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    assert call("data", "import", "--provider", "synthetic").code == 0
    ran = call("validate", "--all")
    assert ran.code == 3
    assert "(rule: the same bars)" in ran.err


def test_a_dry_run_of_train_names_the_cells_and_trains_nothing(call, market: Path) -> None:
    rows = json.loads(call("train", "--symbol", "SYN001", "--horizon", "5d", "--dry-run", "--json").out)
    assert rows == [{"cell": "SYN001 d1 5d"}]
    assert json.loads(call("models", "list", "--json").out) == []


def test_the_doctor_names_what_is_broken(call, market: Path, recipe: str) -> None:
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    assert call("doctor").code == 0
    victim = next(path for path in (market / "artifacts").rglob("*") if path.name == "ensemble.json")
    victim.write_bytes(victim.read_bytes()[:-1])
    ran = call("doctor", "--json")
    assert ran.code == 1
    broken = {row["name"]: row["message"] for row in json.loads(ran.out) if row["status"] == "broken"}
    assert "ensemble.json" in broken["artifacts"]


def test_a_damaged_database_is_named_and_nothing_is_made_up(call, market: Path) -> None:
    assert call("models", "list").code == 0
    database = market / "augury.sqlite"
    for path in market.glob("augury.sqlite-*"):
        path.unlink()
    database.write_bytes(b"this is not a database" * 500)
    ran = call("forecasts", "list")
    assert ran.code == 1
    assert "augury.sqlite" in ran.err
    assert "Traceback" not in ran.err


def test_a_spreadsheet_formula_is_defused_in_csv() -> None:
    from augury.cli.screen import write_csv

    stream = io.StringIO()
    write_csv([{"symbol": "=cmd()", "n": 1}], stream)
    assert stream.getvalue() == "symbol,n\n'=cmd(),1\n"

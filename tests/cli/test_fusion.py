"""``forecast --fusion``: positions beside the forecasts, by the mode that was asked for."""

from __future__ import annotations

import json

import pytest

from augury.data.synthetic import SyntheticMarket


@pytest.fixture
def trained(call, market, recipe):
    call("train", "--symbol", "SYN001", "--recipe", recipe, "--horizon", "5d", "--executor", "inline")
    return market


def test_each_forecast_has_its_position_and_no_mode_no_position(call, trained) -> None:
    asked = ("forecast", "--symbol", "SYN001", "--dry-run", "--json")
    (plain,) = json.loads(call(*asked).out)
    assert "position" not in plain
    (fused,) = json.loads(call(*asked, "--fusion", "classifier", "--fusion-setting", "buy_at=0.01").out)
    assert {name: fused[name] for name in plain} == plain
    assert fused["position"] in (0.0, fused["fused_position"])
    assert fused["parts"] == ["classifier"]
    missing = call("forecast", "--symbol", "SYN001", "--dry-run", "--fusion", "lstm_heavy")
    assert "lstm_heavy: lstm missing: gbm alone" in missing.err
    assert "position" in missing.out


def test_signals_are_trained_kept_and_asked_by_another_command(call, trained, tmp_path) -> None:
    path = tmp_path / "bars.parquet"
    SyntheticMarket(n_symbols=2, n_bars=700, ic=0.3).bars().frame.write_parquet(path)
    small = '{"n_estimators":10}'
    done = call("train", "--data", str(path), "--model", "signals", "--setting", f"body_settings={small}", "--json")
    folder = json.loads(done.out)["folder"]
    asked = ("forecast", "--symbol", "SYN001", "--dry-run", "--json")
    (plain,) = json.loads(call(*asked, "--fusion", "hybrid").out)
    (said,) = json.loads(call(*asked, "--signals", folder).out)
    assert said["classifier_probabilities"] != plain["classifier_probabilities"]
    assert sum(said["classifier_probabilities"]) == pytest.approx(1)
    assert call(*asked, "--signals", folder).out == call(*asked, "--signals", folder).out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--fusion", "hybird"), "did you mean 'hybrid'"),
        (("--fusion-setting", "scale=2"), "--fusion-setting is of --fusion"),
        (("--fusion", "hybrid", "--fusion-setting", "scal=2"), "scal=2 is not one of buy_at"),
    ],
)
def test_what_is_misspelt_exits_2_with_its_name(call, market, flags, said) -> None:
    ran = call("forecast", "--all", *flags)
    assert ran.code == 2
    assert said in ran.err


def test_cells_and_files_are_not_asked_for_together(call, tmp_path) -> None:
    ran = call("train", "--data", str(tmp_path / "x.parquet"), "--symbol", "SYN001")
    assert ran.code == 2
    assert "--data is a file" in ran.err

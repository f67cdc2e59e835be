"""The same command gives the same bytes in a fresh process, and every door the same numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from augury.bootstrap import forecast, train_ensemble_for_symbol_timeframe
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.records.registry.loader import get_production_ensemble_with_trained_weights
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import label_cell

RECIPE = {"members": {"rf": {"n_estimators": 10}, "gb": {"n_estimators": 10}, "lgbm": {"n_estimators": 30}}, "folds": 2}


def line(store: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "augury", *words, "--json", "--data-dir", str(store)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same two commands in fresh processes and folders, on the bundled S&P 500; one trains in worker processes."""
    folders = tmp_path_factory.mktemp("a"), tmp_path_factory.mktemp("b")
    for folder, workers in zip(folders, ("1", "2"), strict=True):
        (folder / "small.yaml").write_text(json.dumps(RECIPE | {"horizons": ["5d", "30d"]}))
        recipe = str(folder / "small.yaml")
        line(folder, "train", "--symbol", "^GSPC", "--timeframe", "d1", "--recipe", recipe, "--workers", workers)
    return folders


@pytest.mark.slow
def test_artifacts_and_forecasts_are_identical_in_fresh_processes(stores: tuple[Path, Path]) -> None:
    said = [line(store, "forecast", "--symbol", "^GSPC") for store in stores]
    hashes = [[(row["artifact_hash"], row["forecast_hash"]) for row in rows] for rows in said]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0])) == 2
    files = [
        {path.relative_to(store).parts[-1]: path.read_bytes() for path in store.rglob("artifacts/**/members/**/*.*")}
        for store in stores
    ]
    assert files[0] == files[1] != {}


@pytest.mark.slow
def test_command_line_and_python_say_the_same(stores: tuple[Path, Path]) -> None:
    rows = line(stores[0], "forecast", "--symbol", "^GSPC")
    python = forecast(["^GSPC"], ["d1"], horizons=["5d", "30d"], data_dir=stores[0])
    for row, said in zip(rows, python, strict=True):
        assert (row["p_bearish"], row["p_neutral"], row["p_bullish"]) == said.probabilities
        assert row["forecast_hash"] == said.content_hash
        assert row["expected_return"] == pytest.approx(said.expected_return, abs=1e-12)


@pytest.mark.slow
def test_the_production_ensemble_gives_the_numbers_of_the_ledger(
    stores: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGURY_DATA_DIR", str(stores[0]))
    production = get_production_ensemble_with_trained_weights("^GSPC", "d1", "5d")
    assert production.is_trained
    bars = bars_of(Lake(stores[0] / "lake"), "^GSPC", Timeframe.D1)
    table = label_cell(bars, Cell("^GSPC", "d1", "5d"), Recipe())
    answer = production.predict(table.with_frame(table.frame.tail(1)))
    (row,) = line(stores[0], "forecast", "--symbol", "^GSPC", "--horizon", "5d")
    assert answer.proba[0].tolist() == [row["p_bearish"], row["p_neutral"], row["p_bullish"]]
    assert not get_production_ensemble_with_trained_weights("^IXIC", "d1").is_trained


@pytest.mark.slow
def test_the_python_door_trains_the_same_version(stores: tuple[Path, Path], tmp_path: Path) -> None:
    recipe = Recipe.from_json({"name": "small"} | RECIPE | {"horizons": ["5d", "30d"]})
    outcomes = train_ensemble_for_symbol_timeframe("^GSPC", "d1", recipe=recipe, data_dir=tmp_path)
    listed = {row["horizon"]: row["version"][-6:] for row in line(stores[0], "models", "list")}
    assert {o.cell.horizon: o.manifest.content_hash[:6] for o in outcomes if o.manifest} == listed

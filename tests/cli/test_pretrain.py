"""``augury pretrain-multitask`` and ``augury pretrain``: a file in, an encoder out."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from augury.cli.app import run
from augury.data.synthetic_windows import PatternMarket
from augury.labels.windows import extract_windows
from augury.labels.windows.files import write_windows


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    path = tmp_path / "windows.parquet"
    write_windows(extract_windows(PatternMarket(12).bars()), path)
    return path


def _encoder(folder: Path, kind: str) -> dict[str, object]:
    assert (folder / f"{kind}_encoder.safetensors").is_file()
    said: dict[str, object] = json.loads((folder / "encoder.json").read_text())
    return said


def test_multitask_prints_each_head_beside_its_constant(
    windows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--data", str(windows), "--output-dir", str(tmp_path / "e"), "--n-epochs", "1", "--small", "--factor", "1"]
    assert run(["pretrain-multitask", *asked], {}) == 0
    shown = capsys.readouterr()
    assert all(word in shown.out for word in ("expansion", "swing", "candle", "balanced accuracy", "constant"))
    assert "16 encoder tensors" in shown.err
    assert _encoder(tmp_path / "e", "multitask")["kind"] == "multitask"


def test_bars_are_cut_into_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = tmp_path / "bars.parquet"
    PatternMarket(12).bars().frame.write_parquet(bars)
    asked = ["--data", str(bars), "--output-dir", str(tmp_path / "e"), "--n-epochs", "1", "--small", "--json"]
    assert run(["pretrain", "--kind", "masked", *asked], {}) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "masked"
    assert _encoder(tmp_path / "e", "masked")["input_dim"] == 11


def test_labels_of_the_file_are_taken_under_both_names(windows: Path, tmp_path: Path) -> None:
    from augury.runs.pretraining import pretrain_file

    table = pl.read_parquet(windows)
    codes = [[at % 2 for at in range(105)]] * table.height
    table.with_columns(
        pl.Series("expansion_labels", codes), pl.Series("swing_label", codes), pl.Series("candle_label", codes)
    ).write_parquet(windows)
    made = pretrain_file(windows, tmp_path / "e", small=True, epochs=1)
    assert "expansion_factor" not in made.facts
    assert made.history.best.measures["expansion_constant_accuracy"] == pytest.approx(53 / 105)


def test_a_wrong_kind_is_a_usage_error(windows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--data", str(windows), "--output-dir", str(tmp_path / "e")]
    assert run(["pretrain", "--kind", "mask", *asked], {}) == 2
    assert "multitask, masked, contrastive, panel" in capsys.readouterr().err
    assert run(["pretrain", "--kind", "masked", "--part", "masked_stocks", *asked], {}) == 2

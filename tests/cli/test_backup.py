"""``backup``, ``restore``, ``verify`` and ``simulate`` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.cli.app import run
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.workspace import Workspace


@pytest.fixture
def data(tmp_path: Path) -> Path:
    settings = Settings.load({"data_dir": tmp_path / "data"}, environ={}, start=tmp_path)
    with Workspace.open(settings) as workspace:
        workspace.lake.write(SyntheticMarket(n_symbols=2, n_bars=60).bars())
    return tmp_path / "data"


def typed(*words: object) -> int:
    return run([str(word) for word in words], {})


def test_a_store_is_saved_restored_and_verified(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--data-dir", data, "backup", "--out", tmp_path / "saved") == 0
    assert typed("verify", tmp_path / "saved") == 0
    assert typed("restore", tmp_path / "saved", "--data-dir", tmp_path / "new", "--json") == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["series"] == 2
    assert typed("verify", "--data-dir", tmp_path / "new") == 0
    assert "2 series; no faults" in capsys.readouterr().err


def test_a_flipped_byte_ends_with_exit_code_1_and_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("--data-dir", data, "backup", "--out", tmp_path / "saved") == 0
    victim = next((tmp_path / "saved" / "lake").rglob("*.parquet"))
    content = bytearray(victim.read_bytes())
    content[40] ^= 1
    victim.write_bytes(content)
    assert typed("verify", tmp_path / "saved") == 1
    assert victim.name in capsys.readouterr().err
    assert typed("restore", tmp_path / "saved", "--data-dir", tmp_path / "new") == 1


def test_a_backup_into_a_full_folder_is_wrong_usage(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--data-dir", data, "backup", "--out", data) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--drift", "label_flop@4"), "is not understood"),
        (("--sessions", "10", "--drift", "label_flip@40"), "a flip after 40 of 10 sessions"),
        (("--drift", "none", "--bad-retrain"), "needs a drift"),
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("simulate", *words) == 2
    assert said in capsys.readouterr().err

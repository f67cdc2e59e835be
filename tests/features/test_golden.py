"""Values that were right once: a formula that drifts without a new version is caught here."""

import json
import runpy
from pathlib import Path

import polars as pl
import pytest

WRITE = Path(__file__).parent / "golden" / "write.py"
HOW = "was the formula changed on purpose? raise its version, then run: python tests/features/golden/write.py"


@pytest.fixture(scope="module")
def golden() -> dict:
    return runpy.run_path(str(WRITE))


@pytest.fixture(scope="module")
def kept(golden: dict) -> dict:
    return json.loads(golden["VALUES"].read_text())


def test_the_kept_series_is_300_valid_bars(golden: dict) -> None:
    bars, beside = golden["series"]()
    assert bars.frame.height == beside.height == 300
    assert bars.frame.null_count().select(pl.sum_horizontal(pl.all())).item() == 0


def test_every_technical_feature_has_golden_values_of_its_version(golden: dict, kept: dict) -> None:
    assert kept["versions"] == golden["versions"](), HOW
    assert list(kept["values"]) == list(kept["versions"])
    assert len(kept["values"]) == 123
    assert kept["rows"] == list(golden["ROWS"])


def test_features_give_their_golden_values(golden: dict, kept: dict) -> None:
    values = golden["computed"]()
    assert set(values) == set(kept["values"])
    for name, found in values.items():
        assert found == pytest.approx(kept["values"][name], rel=1e-6, abs=1e-9), f"{name}: {HOW}"


def test_golden_values_are_not_overwritten_under_an_old_version(
    golden: dict, kept: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept["values"]["rsi"][1] *= 1.001
    planted = tmp_path / "values.json"
    planted.write_text(json.dumps(kept))
    monkeypatch.setitem(golden["main"].__globals__, "VALUES", planted)
    with pytest.raises(SystemExit, match="'rsi'"):
        golden["main"]()
    assert json.loads(planted.read_text()) == kept
    kept["versions"]["rsi"] = 0
    planted.write_text(json.dumps(kept))
    golden["main"]()
    assert planted.read_text() == WRITE.with_name("values.json").read_text()

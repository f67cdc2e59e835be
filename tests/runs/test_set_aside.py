from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from augury.core.errors import ValidationError
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.runs.intake import import_file

GOOD = SyntheticMarket(n_symbols=2, n_bars=200).bars().frame


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Two symbols; one bar of the first has a price of 0, another is there twice with other values."""
    frame = GOOD.with_columns(open=pl.when(pl.int_range(pl.len()) == 7).then(0.0).otherwise("open"))
    clash = frame[20:21].with_columns(volume=pl.lit(1.0))
    path = tmp_path / "bad.csv"
    pl.concat([frame[:21], clash, frame[21:]]).write_csv(path)
    return path


def test_one_bad_bar_refuses_a_file_without_quarantine(bad: Path, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="CONFLICT"):
        import_file(Lake(tmp_path / "lake"), bad)
    assert Lake(tmp_path / "lake").entries() == []


def test_with_quarantine_the_good_bars_are_kept_and_the_bad_ones_lie_beside_with_reasons(
    bad: Path, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    kept = import_file(lake, bad, quarantine=tmp_path / "quarantine")
    expected = GOOD.filter(~pl.int_range(pl.len()).is_in([7, 20]))
    assert lake.read(None, Timeframe.D1).frame.equals(expected)
    assert kept.set_aside is not None
    rows = pl.read_csv(kept.set_aside)
    assert rows["reason"].to_list() == ["ZERO_PRICE", "CONFLICT", "CONFLICT"]
    assert rows["_line"].to_list() == [9, 22, 23]
    assert {"1 bars are set aside (ZERO_PRICE)", "2 bars are set aside (CONFLICT)"} <= set(kept.mapped)
    assert {one.code for one in kept.checked.findings} == {"GAP"}


def test_the_same_import_again_writes_the_same_bytes(bad: Path, tmp_path: Path) -> None:
    first = import_file(Lake(tmp_path / "a"), bad, quarantine=tmp_path / "qa")
    second = import_file(Lake(tmp_path / "b"), bad, quarantine=tmp_path / "qb")
    assert first.bars.data_version == second.bars.data_version
    assert first.set_aside is not None
    assert second.set_aside is not None
    assert (first.set_aside.name, first.set_aside.read_bytes()) == (
        second.set_aside.name,
        second.set_aside.read_bytes(),
    )


def test_a_symbol_that_is_refused_does_not_take_the_others_along(tmp_path: Path) -> None:
    halved = pl.when((pl.col("symbol") == "SYN002") & (pl.col("ts") >= GOOD["ts"][100])).then(0.5).otherwise(1.0)
    path = tmp_path / "split.csv"
    GOOD.with_columns(pl.col("open", "high", "low", "close") * halved).write_csv(path)
    kept = import_file(Lake(tmp_path / "lake"), path, quarantine=tmp_path / "quarantine")
    assert kept.bars.symbols == ["SYN001"]
    assert "SYN002 is refused: SUSPECTED_SPLIT" in kept.mapped
    only = tmp_path / "only.csv"
    pl.read_csv(path).filter(pl.col("symbol") == "SYN002").write_csv(only)
    with pytest.raises(ValidationError, match="SUSPECTED_SPLIT"):
        import_file(Lake(tmp_path / "lake"), only, quarantine=tmp_path / "quarantine")


def test_a_dry_run_and_a_clean_file_set_nothing_aside(bad: Path, tmp_path: Path) -> None:
    import_file(Lake(tmp_path / "lake"), bad, quarantine=tmp_path / "quarantine", dry_run=True)
    clean = tmp_path / "clean.csv"
    GOOD.write_csv(clean)
    assert import_file(Lake(tmp_path / "lake"), clean, quarantine=tmp_path / "quarantine").set_aside is None
    assert not (tmp_path / "quarantine").exists()

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augury.core.errors import CorruptStore, MissingExtra, UnknownName
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.demo import load_demo
from augury.data.sources import SOURCES, arch, skfolio, source_of
from augury.data.validation.validator import DataValidator

BUNDLED = [name for name, source in SOURCES if source.historical]


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_source_gives_clean_canonical_bars_on_its_calendar(name: str) -> None:
    source = SOURCES.load(name)
    bars = source.load()
    assert (source.name, bars.provider, bars.timeframe) == (name, name, Timeframe.D1)
    assert bars.symbols == source.symbols()
    assert (bars.synthetic, bars.calendar) == (source.synthetic, source.calendar)
    assert bars.frame.equals(bars.frame.unique(["symbol", "ts"]).sort("symbol", "ts"))
    result = DataValidator(calendar=source.calendar).validate_frame(bars.frame)
    assert result.errors == []
    assert result.score == 100.0


@pytest.mark.parametrize("name", BUNDLED)
def test_asking_for_one_symbol_gives_its_part(name: str) -> None:
    source = SOURCES.load(name)
    symbol = source.symbols()[-1]
    assert source.load([symbol]).frame.equals(source.load().of(symbol).frame)
    with pytest.raises(UnknownName, match="has no 'NOPE'"):
        source.load(["NOPE"])


def test_arch_gives_the_known_last_close_and_no_gap() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    assert bars.frame.height == 5031
    assert bars.frame["close"][-1] == 2506.850098
    expected = market_calendar("XNYS").sessions(bars.frame["ts"][0], bars.frame["ts"][-1])
    assert bars.frame["ts"].equals(expected.rename("ts"))


def test_skfolio_knows_closes_only_and_invents_nothing() -> None:
    bars = SOURCES.load("skfolio").load(["AAPL"])
    assert bars.close_only
    assert [bars.frame[name].null_count() for name in ("open", "high", "low", "volume")] == [bars.frame.height] * 4


def test_the_source_of_a_symbol_is_found() -> None:
    assert [getattr(source_of(symbol), "name", None) for symbol in ("^IXIC", "AAPL", "SYN001", "ZZZ")] == [
        "arch", "skfolio", "synthetic", None,
    ]  # fmt: skip


def test_reading_a_source_does_not_import_its_package() -> None:
    code = (
        "import sys; from augury.data.sources import SOURCES;"
        "[s.load() for n, s in SOURCES if s.historical and n != 'synthetic'];"
        "print(sorted({'arch', 'skfolio', 'pandas', 'sklearn', 'pyarrow', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_missing_package_is_the_pip_line_and_never_other_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[stats\]"'):
        arch.SOURCE.load()
    with pytest.raises(MissingExtra, match=r'pip install "augury\[portfolio\]"'):
        skfolio.SOURCE.load()


def test_a_damaged_package_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data" / "sp500").mkdir(parents=True)
    (tmp_path / "data" / "sp500" / "sp500.csv.gz").write_text("Date,Open\n1/4/1999,x\n")
    monkeypatch.setattr(arch, "package_folder", lambda package, extra: tmp_path)
    with pytest.raises(CorruptStore, match=r"sp500\.csv\.gz"):
        arch.SOURCE.load(["^GSPC"])


def test_load_demo_is_the_canonical_frame_of_a_source() -> None:
    assert load_demo().equals(SOURCES.load("arch").load().frame)
    with pytest.raises(UnknownName, match="did you mean 'arch'"):
        load_demo("arhc")

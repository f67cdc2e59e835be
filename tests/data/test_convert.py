from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import augury.data
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import StorageFull, UnknownName, UsageError
from augury.core.hashing import sha256_frame
from augury.core.timeframe import Timeframe
from augury.data.canonical.convert import to_freqtrade, to_multiindex, to_nixtla, to_wide, to_yfinance
from augury.data.canonical.normalize import normalize
from augury.data.canonical.writing import write
from augury.data.synthetic import SyntheticMarket

ROUNDS = {
    "yfinance": to_yfinance,
    "nixtla": to_nixtla,
    "multiindex": to_multiindex,
}
SUFFIXES = (".csv", ".csv.gz", ".parquet", ".arrow", ".ipc", ".feather")


@pytest.fixture(scope="module", params=["d1", "h1", "w1"])
def some(request: pytest.FixtureRequest) -> Bars:
    return SyntheticMarket(n_symbols=3, n_bars=60, timeframe=Timeframe(request.param)).bars()


@pytest.mark.parametrize("layout", ROUNDS)
def test_a_frame_comes_back_from_every_layout_with_equal_hash(layout: str, some: Bars) -> None:
    found = normalize(ROUNDS[layout](some)).bars
    assert sha256_frame(found.frame) == sha256_frame(some.frame)
    assert found.timeframe is some.timeframe


@pytest.mark.parametrize("layout", [to_yfinance, to_freqtrade])
def test_one_symbol_comes_back_from_the_layouts_that_name_none(layout: Any, some: Bars) -> None:
    one = some.of("SYN002")
    assert sha256_frame(normalize(layout(one), symbol="SYN002").bars.frame) == sha256_frame(one.frame)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_written_file_is_read_back_with_equal_hash_and_the_same_bytes_twice(
    suffix: str, some: Bars, tmp_path: Path
) -> None:
    path = write(some, tmp_path / f"bars{suffix}")
    assert sha256_frame(normalize(path).bars.frame) == sha256_frame(some.frame)
    assert write(some.frame, tmp_path / f"again{suffix}").read_bytes() == path.read_bytes()
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([f"again{suffix}", f"bars{suffix}"])


def test_a_matrix_of_closes_comes_back_close_only(some: Bars) -> None:
    found = normalize(to_wide(some)).bars
    assert found.close_only
    assert found.frame["close"].equals(some.frame["close"])
    assert found.frame["symbol"].equals(some.frame["symbol"])


def test_the_adjusted_close_travels_where_the_layout_has_a_place_for_it(some: Bars, tmp_path: Path) -> None:
    adjusted = some.frame.with_columns(adj_close=pl.col("close") / 2)
    for layout in ROUNDS.values():
        assert normalize(layout(adjusted)).bars.frame.equals(adjusted)
    assert normalize(write(adjusted, tmp_path / "x.csv")).bars.frame.equals(adjusted)
    one = adjusted.filter(pl.col("symbol") == "SYN001")
    assert list(to_freqtrade(one).columns) == ["date", "open", "high", "low", "close", "volume"]
    assert list(to_yfinance(one).columns) == ["Open", "High", "Low", "Close", "Adj Close", "Volume"]


def test_a_forecaster_can_have_the_target_alone(some: Bars) -> None:
    table = to_nixtla(some, target="volume", exogenous=False)
    assert list(table.columns) == ["unique_id", "ds", "y"]
    assert table["y"].to_list() == some.frame["volume"].to_list()


def test_a_series_of_one_field_is_indexed_by_date_and_asset(some: Bars) -> None:
    series = to_multiindex(some, "close")
    assert series.name == "close"
    assert series.index.names == ["date", "asset"]
    assert series.index.is_monotonic_increasing
    assert normalize(series).bars.close_only


def test_what_cannot_be_converted_is_named(some: Bars, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds one symbol, these bars hold 3"):
        to_freqtrade(some)
    with pytest.raises(UnknownName, match=r"no field 'clsoe', did you mean 'close'\?"):
        to_wide(some, "clsoe")
    with pytest.raises(UsageError, match="no open, high"):
        to_yfinance(some.frame.select("symbol", "ts", "close"))
    with pytest.raises(UsageError, match=r"'\.parqet' names no format, did you mean '\.parquet'"):
        write(some, tmp_path / "x.parqet")


def test_a_write_that_fails_leaves_the_old_file(some: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(some, tmp_path / "bars.csv")
    before = path.read_bytes()

    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(StorageFull):
        write(some.frame.head(5), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["bars.csv"]


def test_the_room_offers_its_converters_and_needs_no_arrow_package() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import augury.data\nassert 'pandas' not in sys.modules\n"
        "from augury.data.synthetic import SyntheticMarket\n"
        "frame = SyntheticMarket(n_symbols=2, n_bars=30).bars().frame\n"
        "print(len(augury.data.to_yfinance(frame)), len(augury.data.to_nixtla(frame)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["30", "60"]
    assert augury.data.write is write


PRICE = st.floats(min_value=1e-6, max_value=1e9, allow_nan=False)
VOLUME = st.one_of(st.none(), st.floats(min_value=0, max_value=1e15))
SYMBOL = st.from_regex(r"[A-Z][A-Z0-9.=-]{0,8}", fullmatch=True).filter(lambda name: ".." not in name)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Daily bars of one to three symbols, each on its own days, with any prices and missing volumes."""
    rows = []
    for symbol in sorted(draw(st.sets(SYMBOL, min_size=1, max_size=3))):
        for day in sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=6))):
            ts = datetime(2018, 1, 2, tzinfo=UTC) + timedelta(days=day)
            rows.append((symbol, ts, *(draw(PRICE) for _ in range(4)), draw(VOLUME)))
    return pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(frame=frames())
def test_any_bars_survive_every_round(frame: pl.DataFrame, tmp_path: Path) -> None:
    frame = frame.sort("symbol", "ts")
    first = frame["symbol"][0]
    one = frame.filter(pl.col("symbol") == first)
    backs = [normalize(layout(frame), symbol=first, timeframe="d1").bars.frame for layout in ROUNDS.values()]
    backs += [normalize(write(frame, tmp_path / f"x{suffix}"), timeframe="d1").bars.frame for suffix in SUFFIXES]
    assert {sha256_frame(back) for back in backs} == {sha256_frame(frame)}
    assert normalize(to_freqtrade(one), symbol=first, timeframe="d1").bars.frame.equals(one)
    wide = normalize(to_wide(frame), timeframe="d1").bars
    assert wide.frame.select("symbol", "ts", "close").equals(frame.select("symbol", "ts", "close"))

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import NotFound, UnknownName, UsageError, ValidationError
from augury.core.hashing import sha256_frame
from augury.core.timeframe import Timeframe
from augury.data.calendar.resample import to_weekly
from augury.data.canonical.moments import infer_timeframe
from augury.data.canonical.normalize import normalize, take_in
from augury.data.synthetic import SyntheticMarket

TITLES = {"ts": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}


def in_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    naive = frame.with_columns(pl.col("ts").dt.replace_time_zone(None))
    return pd.DataFrame({name: naive[name].to_numpy() for name in naive.columns})


def multi(frame: pl.DataFrame, *, field_first: bool) -> pd.DataFrame:
    wide = (
        in_pandas(frame).rename(columns=TITLES).pivot(index="Date", columns="symbol", values=list(TITLES.values())[1:])
    )
    wide.columns.names = ["Price", "Ticker"]
    return wide if field_first else wide.swaplevel(axis=1)


def single(frame: pl.DataFrame, zone: str | None = None) -> pd.DataFrame:
    table = in_pandas(frame).rename(columns=TITLES).drop(columns="symbol").set_index("Date")
    return table if zone is None else table.tz_localize(zone)


OF_MANY: dict[str, Callable[[pl.DataFrame], Any]] = {
    "canonical": lambda frame: frame.reverse(),
    "categorical": lambda frame: frame.with_columns(pl.col("symbol").cast(pl.Categorical)),
    "yfinance multi": lambda frame: multi(frame, field_first=True),
    "yfinance multi, symbol first": lambda frame: multi(frame, field_first=False),
    "nixtla": lambda frame: frame.rename({"symbol": "unique_id", "ts": "ds", "close": "y"}),
    "nixtla in pandas": lambda frame: in_pandas(frame.rename({"symbol": "unique_id"})).rename(columns={"ts": "ds"}),
    "multiindex": lambda frame: in_pandas(frame).set_index(["ts", "symbol"]),
    "multiindex, asset first": lambda frame: in_pandas(frame).set_index(["symbol", "ts"]),
}
OF_ONE: dict[str, Callable[[pl.DataFrame], Any]] = {
    "yfinance single": lambda frame: single(frame),
    "yfinance single in New York": lambda frame: single(frame, "America/New_York"),
    "yfinance single in Tokyo": lambda frame: single(frame, "Asia/Tokyo"),
    "freqtrade": lambda frame: frame.drop("symbol").rename({"ts": "date"}),
    "dates": lambda frame: frame.drop("symbol").with_columns(pl.col("ts").cast(pl.Date)),
    "upper case": lambda frame: frame.drop("symbol").rename(str.upper).rename({"TS": "DATE"}),
}


@pytest.mark.parametrize("layout", OF_MANY)
def test_every_layout_of_many_symbols_gives_the_same_frame(layout: str, bars: Bars) -> None:
    found = normalize(OF_MANY[layout](bars.frame)).bars
    assert sha256_frame(found.frame) == sha256_frame(bars.frame)
    assert found.timeframe is Timeframe.D1
    assert not found.close_only


@pytest.mark.parametrize("layout", OF_ONE)
def test_every_layout_of_one_symbol_gives_the_same_frame(layout: str, bars: Bars) -> None:
    one = bars.of("SYN002").frame
    assert sha256_frame(normalize(OF_ONE[layout](one), symbol="SYN002").bars.frame) == sha256_frame(one)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "feather", "ipc", "semicolon", "yfinance"])
def test_every_kind_of_file_gives_the_same_frame(suffix: str, bars: Bars, tmp_path: Path) -> None:
    path = tmp_path / f"bars.{suffix}"
    if suffix == "csv":
        bars.frame.write_csv(path)
    elif suffix == "semicolon":
        path = tmp_path / "bars.txt"
        bars.frame.write_csv(path, separator=";")
        path.write_text(path.read_text().replace(".000000", "").replace(".", ","))
    elif suffix == "yfinance":
        path = tmp_path / "prices.csv"
        multi(bars.frame, field_first=True).to_csv(path)
    elif suffix == "parquet":
        bars.frame.write_parquet(path)
    else:
        bars.frame.write_ipc(path)
    assert sha256_frame(normalize(path).bars.frame) == sha256_frame(bars.frame)


def test_what_was_mapped_is_reported(bars: Bars) -> None:
    found = normalize(single(bars.of("SYN001").frame).assign(Dividends=0.0), symbol="SYN001")
    assert found.mapped == (
        "layout yfinance", "Date->ts", "Open->open", "High->high", "Low->low", "Close->close", "Volume->volume",
        "left out: Dividends", "timeframe d1 from the spacing of the bars",
    )  # fmt: skip


def test_a_matrix_of_closes_is_close_only_and_invents_no_prices(bars: Bars) -> None:
    wide = in_pandas(bars.frame).pivot(index="ts", columns="symbol", values="close")
    for matrix in (
        wide,
        pl.DataFrame(
            {"date": bars.of("SYN001").frame["ts"].cast(pl.Date)} | {name: wide[name].to_numpy() for name in wide}
        ),
    ):
        found = normalize(matrix).bars
        assert found.close_only
        assert found.frame["close"].equals(bars.frame["close"])
        assert all(found.frame[name].null_count() == found.frame.height for name in ("open", "high", "low", "volume"))


def test_a_series_of_closes_is_close_only(bars: Bars) -> None:
    assert normalize(in_pandas(bars.frame).set_index(["ts", "symbol"])["close"]).bars.close_only


def test_an_empty_cell_of_a_matrix_is_not_a_bar() -> None:
    days = [date(2018, 1, day) for day in (2, 3, 4)]
    found = normalize(pl.DataFrame({"date": days, "A": [1.0, None, 1.2], "B": [2.0, 2.1, None]})).bars.frame
    assert found.group_by("symbol", maintain_order=True).len()["len"].to_list() == [2, 2]


def test_unsorted_and_identical_rows_are_put_right_and_reported(bars: Bars) -> None:
    found = normalize(pl.concat([bars.frame.reverse(), bars.frame.tail(2)]))
    assert found.bars.frame.equals(bars.frame)
    assert any("UNSORTED" in note for note in found.mapped)
    assert any("2 identical duplicate rows dropped" in note for note in found.mapped)


def test_two_different_bars_of_one_key_are_never_merged(bars: Bars, tmp_path: Path) -> None:
    twice = pl.concat([bars.frame, bars.frame.tail(1).with_columns(close=pl.lit(7.0))])
    twice.write_csv(tmp_path / "twice.csv")
    with pytest.raises(ValidationError, match=r"SYN003 2010-06-2.*line 361: .*, line 362: close 7\.0") as caught:
        normalize(tmp_path / "twice.csv")
    assert caught.value.facts["code"] == "CONFLICT"
    assert caught.value.facts["symbol"] == "SYN003"


def test_unknown_columns_are_kept_only_when_named(bars: Bars) -> None:
    wider = bars.frame.with_columns(sector=pl.lit("Energy"), vwap=pl.col("close"))
    found = normalize(wider.reverse(), keep=["vwap"])
    assert found.kept is not None
    assert found.kept["vwap"].equals(bars.frame["close"].rename("vwap"))
    assert "left out: sector" in found.mapped
    with pytest.raises(UsageError, match="no columns nope to keep"):
        normalize(wider, keep=["nope"])


def test_the_adjusted_close_comes_along(bars: Bars) -> None:
    one = single(bars.of("SYN001").frame).assign(**{"Adj Close": 1.5})
    found = normalize(one, symbol="SYN001", adjustment="split+adj").bars
    assert found.frame["adj_close"].to_list() == [1.5] * 120
    assert found.adjustment == "split+adj"


def test_a_missing_value_of_pandas_becomes_null_not_a_number(bars: Bars) -> None:
    table = single(bars.of("SYN001").frame)
    table.iloc[3, table.columns.get_loc("Volume")] = float("nan")
    assert normalize(table, symbol="SYN001").bars.frame["volume"].null_count() == 1


def test_weekly_bars_are_named_by_the_first_session_of_their_week() -> None:
    weekly = to_weekly(SyntheticMarket(n_symbols=1, n_bars=120).bars())
    mondays = weekly.frame.with_columns(pl.col("ts").dt.truncate("1w"))
    assert mondays["ts"].to_list() != weekly.frame["ts"].to_list()
    assert normalize(mondays).bars.frame.equals(weekly.frame)


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1])
def test_the_timeframe_is_read_from_the_usual_spacing(timeframe: Timeframe) -> None:
    bars = SyntheticMarket(n_symbols=2, n_bars=80, timeframe=timeframe).bars()
    assert normalize(bars.frame).bars.timeframe is timeframe


def test_an_unknown_spacing_has_to_be_named() -> None:
    minutes = pl.DataFrame(
        {"ts": [datetime(2018, 1, 2, 15, 2 * at, tzinfo=UTC) for at in range(5)], "close": [1.0] * 5}
    )
    with pytest.raises(UsageError, match="no known timeframe"):
        normalize(minutes, symbol="A")


def test_intraday_times_without_zone_are_an_error_until_one_is_given() -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=400, timeframe=Timeframe.H1).bars()
    local = bars.frame.with_columns(pl.col("ts").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None))
    with pytest.raises(ValidationError, match="NAIVE_TZ") as caught:
        normalize(local)
    assert "--tz" in caught.value.fix
    assert normalize(local, tz="America/New_York").bars.frame.equals(bars.frame)


def test_a_time_the_clock_never_showed_or_showed_twice_is_an_error() -> None:
    for moment in (datetime(2018, 3, 11, 2, 30), datetime(2018, 11, 4, 1, 30)):
        with pytest.raises(ValidationError, match="NAIVE_TZ"):
            normalize(pl.DataFrame({"ts": [moment], "close": [1.0]}), symbol="A", timeframe="h1", tz="America/New_York")


def text(tmp_path: Path, header: str, *lines: str) -> Path:
    path = tmp_path / "given.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_offsets_are_understood_and_mixed_zones_are_not(tmp_path: Path) -> None:
    path = text(
        tmp_path, "date,close", "2018-03-09T15:30:00-05:00,1", "2018-03-09T16:30:00-05,2", "2018-03-12 15:30:00-0400,3"
    )
    found = normalize(path, symbol="A", timeframe="h1").bars.frame
    assert [ts.hour for ts in found["ts"]] == [20, 21, 19]
    path = text(tmp_path, "date,close", "2018-03-09T15:30:00-05:00,1", "2018-03-09T21:30:00Z,2")
    with pytest.raises(ValidationError, match=r"line 3: .* another zone than .*MIXED_TZ"):
        normalize(path, symbol="A", timeframe="h1")
    found = normalize(path, symbol="A", timeframe="h1", tz="America/New_York").bars.frame
    assert [ts.hour for ts in found["ts"]] == [20, 21]
    path = text(tmp_path, "date,close", "2018-03-09T15:30:00Z,1", "2018-03-09T16:30:00,2")
    with pytest.raises(ValidationError, match=r"line 3: .*MIXED_TZ"):
        normalize(path, symbol="A", timeframe="h1")


def test_a_daily_time_with_offset_belongs_to_its_local_date(tmp_path: Path) -> None:
    path = text(tmp_path, ",Close", "2018-01-02 16:00:00-05:00,1", "2018-01-03 21:00:00-05:00,2")
    assert [ts.day for ts in normalize(path, symbol="A").bars.frame["ts"]] == [2, 3]


def test_daily_utc_times_late_in_the_day_need_a_zone() -> None:
    late = pl.DataFrame({"ts": [datetime(2018, 1, day, 15, tzinfo=UTC) for day in (1, 2, 3)], "close": [1.0] * 3})
    with pytest.raises(ValidationError, match="either of two dates"):
        normalize(late, symbol="A")
    assert [ts.day for ts in normalize(late, symbol="A", tz="Asia/Tokyo").bars.frame["ts"]] == [2, 3, 4]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (("13/02/2018", "14/02/2018"), [13, 14]),
        (("02/13/2018", "2/14/2018"), [13, 14]),
        (("20180213", "20180214"), [13, 14]),
    ],
)
def test_the_order_of_day_and_month_is_taken_from_the_dates_that_tell(
    tmp_path: Path, dates: Any, days: list[int]
) -> None:
    found = normalize(text(tmp_path, "date,close", *(f"{one},1.0" for one in dates)), symbol="A").bars.frame
    assert [ts.day for ts in found["ts"]] == days
    assert {ts.month for ts in found["ts"]} == {2}


@pytest.mark.parametrize("dates", [("01/02/2018", "03/04/2018"), ("13/02/2018", "02/14/2018")])
def test_dates_that_do_not_tell_are_an_error(tmp_path: Path, dates: Any) -> None:
    with pytest.raises(ValidationError, match="ambiguous"):
        normalize(text(tmp_path, "date,close", *(f"{one},1.0" for one in dates)), symbol="A")


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_epochs_are_read_in_their_unit(factor: int) -> None:
    start = int(datetime(2018, 1, 2, 15, tzinfo=UTC).timestamp())
    frame = pl.DataFrame({"timestamp": [(start + 3600 * at) * factor for at in range(4)], "close": [1.0] * 4})
    assert normalize(frame, symbol="A").bars.frame["ts"][0] == datetime(2018, 1, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "line", "code", "says"),
    [
        ("date,close", "2018-02-30,1", "SCHEMA", "line 2: '2018-02-30'"),
        ("date,close", "soon,1", "SCHEMA", "line 2: 'soon'"),
        ("date,open,high,low,close,volume", "2018-01-02,1,1,1,abc,5", "NON_NUMERIC", "line 2: close is 'abc'"),
        ("date,close,Close", "2018-01-02,1,2", "DUPLICATE_COLUMNS", "twice with different values: Close"),
        ("date,clsoe,opn", "2018-01-02,x,1", "NON_NUMERIC", "close is 'x'"),
        ("date,price_usd,opn", "2018-01-02,x,1", "SCHEMA", "columns found: 'date', 'price_usd', 'opn'"),
        ("timestamp,close", "123456,1", "OUT_OF_RANGE_TS", "no epoch|not a time"),
    ],
)
def test_what_is_not_understood_is_a_named_error(tmp_path: Path, header: str, line: str, code: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        normalize(text(tmp_path, header, line), symbol="A", timeframe="d1")
    assert caught.value.facts["code"] in (code, "SCHEMA")


@pytest.mark.parametrize(("content", "code"), [(b"", "EMPTY"), (b"date,close\n", "EMPTY"), (b"PAR1broken", "SCHEMA")])
def test_empty_and_broken_files_are_named(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(ValidationError, match=code):
        normalize(path, symbol="A")


def test_a_missing_file_a_strange_file_and_a_strange_object_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        normalize(tmp_path / "none.csv")
    (tmp_path / "x.bin").write_bytes(b"\x00\x01")
    with pytest.raises(UsageError, match="named neither like text"):
        normalize(tmp_path / "x.bin")
    with pytest.raises(UsageError, match="not as list"):
        normalize([1, 2])


def test_a_symbol_must_be_known_and_well_formed(bars: Bars) -> None:
    nameless = bars.of("SYN001").frame.drop("symbol")
    with pytest.raises(UsageError, match="no column names the symbol"):
        normalize(nameless)
    with pytest.raises(UnknownName, match="is not a symbol"):
        normalize(nameless, symbol="../etc")
    with pytest.raises(UnknownName, match="unknown adjustment"):
        normalize(bars.frame, adjustment="maybe")


def test_one_ill_formed_symbol_is_left_out_and_named_and_the_others_are_read(bars: Bars) -> None:
    odd = bars.of("SYN001").frame.with_columns(symbol=pl.lit("J&KBANK.NS"))
    intake = take_in(pl.concat([bars.frame, odd]))
    assert intake.frame["symbol"].unique().sort().to_list() == bars.symbols
    ((name, rows, reason),) = intake.refused
    assert (name, rows) == ("J&KBANK.NS", 120)
    assert "is not a symbol" in reason
    assert any(note.startswith("left out: 120 rows of J&KBANK.NS") for note in intake.mapped)
    with pytest.raises(ValidationError, match="no other symbol is there"):
        normalize(odd)


@pytest.mark.parametrize(("calendar", "hour"), [("XNYS", 15), ("XTKS", 1), ("24/7", 10)])
def test_naive_times_take_the_zone_of_a_named_calendar_and_say_so(calendar: str, hour: int) -> None:
    naive = pl.DataFrame({"ts": [datetime(2018, 1, 9, at) for at in (10, 11, 12)], "close": [1.0] * 3})
    intake = take_in(naive, symbol="A", calendar=calendar)
    assert intake.frame["ts"][0] == datetime(2018, 1, 9, hour, tzinfo=UTC)
    assert f"tz {intake.assumed_tz} from calendar {calendar}" in intake.mapped
    declared = take_in(naive, symbol="A", calendar=calendar, tz="UTC")
    assert (declared.frame["ts"][0].hour, declared.assumed_tz) == (10, None)


def test_foreign_exchange_has_no_zone_of_its_own_to_take() -> None:
    naive = pl.DataFrame({"ts": [datetime(2018, 1, 9, at) for at in (0, 4, 8)], "close": [1.0] * 3})
    with pytest.raises(ValidationError, match="NAIVE_TZ"):
        take_in(naive, symbol="EURUSD", calendar="24/5")


def test_daily_stamps_at_the_close_in_utc_belong_to_the_session_of_the_exchange() -> None:
    stamps = [datetime(2018, 1, day, 6, tzinfo=UTC) + timedelta(hours=15) for day in (2, 3, 4)]
    found = normalize(pl.DataFrame({"Date": stamps, "Close": [1.0] * 3}), symbol="A", calendar="XNYS")
    assert [ts.day for ts in found.bars.frame["ts"]] == [2, 3, 4]
    assert "session dates in tz America/New_York from calendar XNYS" in found.mapped
    late = [stamp + timedelta(hours=4) for stamp in stamps]
    found = normalize(pl.DataFrame({"Date": late, "Close": [1.0] * 3}), symbol="A", calendar="XNYS")
    assert [ts.day for ts in found.bars.frame["ts"]] == [2, 3, 4]


def session_times(*clocks: tuple[int, int], days: int = 6) -> pl.DataFrame:
    times = [datetime(2018, 1, 2 + day, hour, minute, tzinfo=UTC) for day in range(days) for hour, minute in clocks]
    return pl.DataFrame({"symbol": ["A"] * len(times), "ts": times})


@pytest.mark.parametrize(
    ("clocks", "timeframe"),
    [
        (((14, 30), (17, 0)), "h4"),
        (((14, 30), (16, 0), (20, 0)), "h4"),
        (((14, 30), (18, 30)), "h4"),
        (((14, 30), (15, 0), (16, 0), (17, 0), (18, 0), (19, 0), (20, 0)), "h1"),
        (((0, 0), (4, 0), (8, 0), (12, 0), (16, 0), (20, 0)), "h4"),
        (tuple((15, minute) for minute in range(60)), "m1"),
        (tuple((15, minute) for minute in range(0, 60, 5)), "m5"),
        (tuple((15, minute) for minute in range(0, 60, 30)), None),
        (tuple((hour, 0) for hour in range(0, 24, 2)), None),
        (((0, 0),), "d1"),
        (((14, 30),), "d1"),
    ],
)
def test_the_timeframe_of_a_grid_cut_by_sessions_is_known(clocks: Any, timeframe: str | None) -> None:
    assert infer_timeframe(session_times(*clocks)) == timeframe
    assert infer_timeframe(session_times(*clocks).reverse()) == timeframe


def test_both_forms_of_a_four_hour_grid_in_one_file_are_one_timeframe() -> None:
    first, second = session_times((14, 30), (17, 0)), session_times((14, 30), (16, 0), (20, 0))
    both = pl.concat([first, second.with_columns(pl.lit("B").alias("symbol"))])
    assert infer_timeframe(both) is Timeframe.H4


def test_no_arrow_package_is_needed_for_pandas_frames() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import pandas as pd; from augury.data.canonical.normalize import normalize\n"
        "days = pd.date_range('2018-01-02', periods=5, freq='D', tz='America/New_York', name='Date')\n"
        "print(normalize(pd.DataFrame({'Close': range(5)}, index=days), symbol='A').bars.frame.height)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "5"

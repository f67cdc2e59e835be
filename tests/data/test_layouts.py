from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from augury.core.errors import UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.canonical.normalize import normalize, take_in
from augury.data.layouts import Dialect, table_of
from augury.data.layouts._names import is_slip, slips

HEADER = "Date,Open,High,Low,Close,Volume"
ROWS = ("2018-01-02,10,12,9,11,100", "2018-01-03,11,13,10,12,200", "2018-01-04,12,14,11,13,300")
PLAIN = "\n".join([HEADER, *ROWS]) + "\n"


def given(folder: Path, *lines: str, name: str = "given.csv", **how: Any) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", **how)
    return path


def closes(x: Any, **how: Any) -> list[float]:
    return normalize(x, **({"symbol": "A"} | how)).bars.frame["close"].to_list()


def refusal(x: Any, **how: Any) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        normalize(x, **({"symbol": "A"} | how))
    return caught.value


# Headers: trap D05


THREE_LINES = ("Price,Close,High,Low,Open,Volume", "Ticker,R.NS,R.NS,R.NS,R.NS,R.NS", "Date,,,,,")


@pytest.mark.parametrize(
    "header",
    [
        THREE_LINES,
        ("Attributes,Close,High,Low,Open,Volume", "Symbols,R.NS,R.NS,R.NS,R.NS,R.NS", "Date,,,,,"),
        ("Ticker,R.NS,R.NS,R.NS,R.NS,R.NS", "Price,Close,High,Low,Open,Volume", "Date,,,,,"),
        (",Close,High,Low,Open,Volume", ",R.NS,R.NS,R.NS,R.NS,R.NS"),
        ("written on 2018-01-05", *THREE_LINES),
    ],
)
def test_a_header_of_several_lines_names_fields_and_symbols(tmp_path: Path, header: tuple[str, ...]) -> None:
    path = given(tmp_path, *header, "2018-01-02,11,12,9,10,100", "2018-01-03,12,13,10,11,200", "2018-01-04,,,,,300")
    intake = take_in(path)
    assert intake.frame["symbol"].unique().to_list() == ["R.NS"]
    assert intake.frame["open"].to_list() == [10.0, 11.0, None]
    assert intake.frame["_line"].to_list() == [len(header) + at for at in (1, 2, 3)]


def test_equal_columns_that_are_there_twice_are_one_and_reported(tmp_path: Path) -> None:
    path = given(tmp_path, "Date,Close,close,Volume", "2018-01-02,1.50,1.5,7", "2018-01-03,2.5,2.5,8")
    found = normalize(path, symbol="A")
    assert found.bars.frame["close"].to_list() == [1.5, 2.5]
    assert "column 'close' is there twice with equal values: one is kept" in found.mapped


@pytest.mark.parametrize("kind", ["text", "polars", "pandas"])
def test_columns_that_are_there_twice_and_differ_are_a_named_error(tmp_path: Path, kind: str) -> None:
    if kind == "text":
        error = refusal(given(tmp_path, "Date,Close,Close", "2018-01-02,1,1", "2018-01-03,2,3"))
        assert "line 3: '2' and '3'" in error.message
    elif kind == "polars":
        error = refusal(pl.DataFrame({"Date": ["2018-01-02"], "Close": [1.0], "close": [2.0]}))
    else:
        days = pd.Index(pd.to_datetime(["2018-01-02"]), name="Date")
        error = refusal(pd.DataFrame([[1.0, 2.0]], columns=["Close", "Close"], index=days))
    assert error.facts["code"] == "DUPLICATE_COLUMNS"


def test_a_doubled_download_without_bars_names_what_is_doubled(tmp_path: Path) -> None:
    path = given(tmp_path, "Price,Close,Close,Open,Open", "Ticker,50.NS,NIFTY,50.NS,NIFTY", "Date,,,,")
    error = refusal(path)
    assert error.facts["code"] == "DUPLICATE_COLUMNS"
    assert "close, open more than once (under 50.NS, NIFTY), and no bars" in error.message


def test_misspelt_headers_are_mapped_and_reported(tmp_path: Path) -> None:
    found = normalize(given(tmp_path, "Dtae,opne,Hgih,loww,Clsoe,Volme", *ROWS), symbol="A")
    assert found.bars.frame["close"].to_list() == [11.0, 12.0, 13.0]
    assert found.bars.frame["high"].to_list() == [12.0, 13.0, 14.0]
    assert "misspelt 'Clsoe'->close" in found.mapped
    assert "misspelt 'opne'->open" in found.mapped


def test_a_misspelt_header_that_could_be_two_columns_is_an_error_with_both(tmp_path: Path) -> None:
    error = refusal(given(tmp_path, "date,open,high,low,clsoe,colse", "2018-01-02,1,2,1,2,2"))
    assert "close may be 'clsoe' or 'colse'" in error.message
    assert "columns found: 'date', 'open'" in error.message
    assert "needed: a time" in error.message


def test_a_far_misspelling_is_an_error_that_asks(tmp_path: Path) -> None:
    error = refusal(given(tmp_path, "date,open,high,low,klosse,x", "2018-01-02,1,2,1,2,a"))
    assert "'klosse', did you mean 'close'?" in error.message


@pytest.mark.parametrize("word", ["flow", "lot", "slow", "law", "cost", "clone5"])
def test_words_that_resemble_a_field_are_no_misspelling(word: str) -> None:
    assert not any(is_slip(word, field) for field in ("low", "close", "open", "high", "volume"))
    assert slips(["date", "open", "high", "close", word])[0] == {}


def test_a_symbol_called_low_or_lowe_stays_a_column_of_a_matrix() -> None:
    days = ["2018-01-02", "2018-01-03"]
    matrix = pl.DataFrame({"Date": days, "AAPL": [1.0, 2.0], "LOW": [3.0, 4.0], "LOWE": [5.0, 6.0]})
    found = normalize(matrix).bars
    assert found.symbols == ["AAPL", "LOW", "LOWE"]
    assert found.close_only


def test_single_letters_are_fields_only_in_lower_case_and_together() -> None:
    row = {"t": ["2018-01-02T15:00:00Z"], "o": [1.0], "h": [2.0], "l": [0.5], "c": [1.5], "v": [9.0]}
    found = normalize(pl.DataFrame(row).rename({"t": "time"}), symbol="A", timeframe="h1").bars.frame
    assert found.row(0)[2:] == (1.0, 2.0, 0.5, 1.5, 9.0)
    tickers = pl.DataFrame({"Date": ["2018-01-02"], "C": [1.0], "L": [2.0], "O": [3.0]})
    assert normalize(tickers).bars.symbols == ["C", "L", "O"]


def test_tick_volume_stands_in_for_volume_only_where_there_is_none() -> None:
    row = {"date": ["2018-01-02"], "close": [1.0], "tick_volume": [5.0]}
    assert normalize(pl.DataFrame(row), symbol="A").bars.frame["volume"].to_list() == [5.0]
    both = normalize(pl.DataFrame(row | {"volume": [7.0]}), symbol="A")
    assert both.bars.frame["volume"].to_list() == [7.0]
    assert "left out: tick_volume" in both.mapped


def test_a_column_called_name_names_symbols_only_when_it_is_written_like_them(tmp_path: Path) -> None:
    rows = ("2018-01-02,1,AAPL", "2018-01-02,2,MSFT")
    assert normalize(given(tmp_path, "date,close,Name", *rows)).bars.symbols == ["AAPL", "MSFT"]
    company = given(tmp_path, "date,close,Name", "2018-01-02,1,Apple Inc")
    assert normalize(company, symbol="X").bars.symbols == ["X"]


# Files without what they promise


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b"\n\n", "EMPTY"),
        (b"Date,Close\n", "EMPTY"),
        (b"Date,Close\n\n", "EMPTY"),
        (b"PK\x03\x04broken", "SCHEMA"),
        (b"\x1f\x8bbroken", "SCHEMA"),
        (b"Date,Close\n2018-01-02,1,2\n", "SCHEMA"),
        (b"<html><body>Too many requests</body></html>\n", "SCHEMA"),
        (b"Date,Close\n\x02\x8a\xff\x10\x00\x9c\n", "SCHEMA"),
        (b'{"chart": {"result": null}}', "SCHEMA"),
    ],
)
def test_empty_and_broken_files_are_a_named_error(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert refusal(path).facts["code"] == code


def test_a_row_with_too_many_cells_is_named_by_its_line(tmp_path: Path) -> None:
    assert (
        "line 4 has 3 cells, the header has 2"
        in refusal(given(tmp_path, "Date,Close", "2018-01-02,1", "2018-01-03,2", "2018-01-04,3,4")).message
    )


def test_blank_lines_do_not_move_the_line_of_an_error(tmp_path: Path) -> None:
    path = given(tmp_path, "Date,Close", "2018-01-02,1", "", "2018-01-03,x")
    assert "line 4: close is 'x'" in refusal(path).message


def test_a_file_of_windows_is_named_and_the_reader_of_windows_pointed_to(tmp_path: Path) -> None:
    bar = [1.0, 2.0, 0.5, 1.5]
    path = tmp_path / "windows.parquet"
    pl.DataFrame({"window_id": ["w1"], "symbol": ["A"], "features": [[bar] * 105]}).write_parquet(path)
    with pytest.raises(UsageError, match=r"windows\.parquet holds windows of bars.*read_windows reads them"):
        normalize(path)


# Encodings, dialects, archives


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(PLAIN.encode(encoding))
    assert closes(path) == [11.0, 12.0, 13.0]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_every_end_of_line_is_read(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(PLAIN.replace("\n", newline).encode())
    assert closes(path) == [11.0, 12.0, 13.0]


@pytest.mark.parametrize(
    ("name", "pack"), [("x.csv.gz", gzip.compress), ("x.csv.bz2", bz2.compress), ("x.txt.xz", lzma.compress)]
)
def test_compressed_text_is_read(tmp_path: Path, name: str, pack: Any) -> None:
    (tmp_path / name).write_bytes(pack(PLAIN.encode()))
    assert closes(tmp_path / name) == [11.0, 12.0, 13.0]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_found_out_and_reported(tmp_path: Path, separator: str) -> None:
    found = normalize(given(tmp_path, *(line.replace(",", separator) for line in PLAIN.splitlines())), symbol="A")
    assert found.bars.frame["close"].to_list() == [11.0, 12.0, 13.0]
    assert f"separator {separator!r}" in found.mapped


def test_a_decimal_comma_is_found_out_and_reported(tmp_path: Path) -> None:
    path = given(tmp_path, "Date;Close;Volume", "2018-01-02;1.234,5;1.000.000", "2018-01-03;999,25;2")
    found = normalize(path, symbol="A")
    assert found.bars.frame["close"].to_list() == [1234.5, 999.25]
    assert found.bars.frame["volume"].to_list() == [1_000_000.0, 2.0]
    assert "decimal comma" in found.mapped


def test_thousands_currency_and_suffixes_are_understood_and_reported(tmp_path: Path) -> None:
    path = given(tmp_path, "Date,Price,Open,High,Low,Vol.", '"Jan 02, 2018","1,234.50",$1.0,$9999,$1,1.25M')
    found = normalize(path, symbol="A", timeframe="d1")
    assert found.bars.frame.row(0)[2:] == (1.0, 9999.0, 1.0, 1234.5, 1_250_000.0)
    assert "commas between thousands" in found.mapped
    assert any(note.startswith("K, M and B in volume") for note in found.mapped)


def test_a_comma_that_may_be_either_is_an_error_until_declared(tmp_path: Path) -> None:
    path = given(tmp_path, "Date,Close", '2018-01-02,"1,234"', '2018-01-03,"1,235"')
    assert "may be a thousand or a fraction" in refusal(path).message
    assert closes(path, dialect=Dialect(decimal=",")) == [1.234, 1.235]
    assert closes(path, dialect=Dialect(decimal=".")) == [1234.0, 1235.0]


def test_the_order_of_day_and_month_can_be_declared(tmp_path: Path) -> None:
    path = given(tmp_path, "Date,Close", "03/04/2018,1", "04/04/2018,2")
    assert "ambiguous" in refusal(path).message
    days = normalize(path, symbol="A", dialect=Dialect(dates="dmy"))
    assert [(ts.day, ts.month) for ts in days.bars.frame["ts"]] == [(3, 4), (4, 4)]
    assert "dates are day/month/year, as declared" in days.mapped
    months = normalize(path, symbol="A", dialect=Dialect(dates="mdy"), timeframe="d1").bars.frame["ts"]
    assert [(ts.day, ts.month) for ts in months] == [(4, 3), (4, 4)]
    with pytest.raises(UsageError, match="dates 'ymd' is not understood"):
        Dialect(dates="ymd")


@pytest.mark.parametrize(
    "when",
    ["02-Jan-2018", "Jan 02, 2018", "2 January 2018", "2018.01.02", "2018/1/2", "20180102", "2018-Jan-02"],
)
def test_dates_in_every_common_form_are_read(tmp_path: Path, when: str) -> None:
    path = given(tmp_path, "Date;Close", f"{when};1")
    assert normalize(path, symbol="A").bars.frame["ts"].to_list() == [datetime(2018, 1, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Date,Time", "2018-01-02,15:30"),
        ("Date,Time", "20180102,153000"),
        ("<DATE>,<TIME>", "2018.01.02,15:30:00"),
        ("Timestamp", "1/2/2018 3:30 PM"),
        ("Timestamp", "20180102 1530"),
        ("Timestamp", "20180102153000"),
        ("Timestamp", "1514907000"),
        ("Timestamp", "1514907000000"),
        ("Timestamp", "2018-01-02T15:30Z"),
        ("Timestamp", "2018-01-02 10:30:00.000-05:00"),
    ],
)
def test_times_in_every_common_form_are_read(tmp_path: Path, header: str, cells: str) -> None:
    path = given(tmp_path, f"{header},Close", f"{cells},1", name="x.txt")
    found = normalize(path, symbol="A", timeframe="m15", tz="UTC", dialect=Dialect(dates="mdy"))
    assert found.bars.frame["ts"].to_list() == [datetime(2018, 1, 2, 15, 30, tzinfo=UTC)]


def test_stooq_and_metatrader_exports_are_read(tmp_path: Path) -> None:
    stooq = given(
        tmp_path,
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "AAPL.US,D,20180102,000000,1,3,1,2,9,0",
        "AAPL.US,D,20180103,000000,2,4,2,3,9,0",
        name="aapl.us.txt",
    )
    found = normalize(stooq)
    assert (found.bars.symbols, found.bars.timeframe) == (["AAPL.US"], Timeframe.D1)
    assert "<DATE> + <TIME>->ts" in found.mapped
    terminal = given(
        tmp_path,
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>",
        *(f"2018.01.02\t{hour:02}:00:00\t1\t3\t1\t2\t5\t0" for hour in (8, 12, 16)),
    )
    found = normalize(terminal, symbol="EURUSD", tz="Europe/Athens", calendar="24/5")
    assert found.bars.timeframe is Timeframe.H4
    assert found.bars.frame["ts"][0] == datetime(2018, 1, 2, 6, tzinfo=UTC)


def test_lines_above_the_header_are_left_out_and_an_epoch_is_preferred_to_a_date_without_zone(tmp_path: Path) -> None:
    path = given(
        tmp_path,
        "https://vendor.example",
        "unix,date,symbol,open,high,low,close,Volume BTC",
        "1514764800,2017-12-31 19:00:00,BTC/USD,1,3,1,2,5",
        "1514768400,2017-12-31 20:00:00,BTC/USD,1,3,1,2,5",
    )
    found = normalize(path, calendar="XNYS")
    assert found.bars.frame["ts"][0] == datetime(2018, 1, 1, tzinfo=UTC)
    assert "1 lines above the header left out" in found.mapped
    assert "left out: date, Volume BTC" in found.mapped


def test_archived_bars_of_an_exchange_are_read_by_their_place(tmp_path: Path) -> None:
    rows = [
        f"{1502942400000 + 3600000 * at},4261.5,4313.6,4261.3,4308.8,47.2,{1502945999999 + at},2023,171"
        for at in (0, 1)
    ]
    found = normalize(given(tmp_path, *rows), symbol="BTCUSDT")
    assert found.bars.timeframe is Timeframe.H1
    assert found.bars.frame.row(0)[1:] == (datetime(2017, 8, 17, 4, tzinfo=UTC), 4261.5, 4313.6, 4261.3, 4308.8, 47.2)


def test_bars_without_a_header_are_read_by_their_place_and_said_so(tmp_path: Path) -> None:
    path = given(tmp_path, *(f"2018.01.02,{hour:02}:00,1.1,1.3,1.0,1.2,50" for hour in (9, 10, 11)))
    found = normalize(path, symbol="EURUSD", tz="UTC")
    assert found.bars.frame.row(0)[1:] == (datetime(2018, 1, 2, 9, tzinfo=UTC), 1.1, 1.3, 1.0, 1.2, 50.0)
    assert "no header: columns are date, time, open, high, low, close, volume by their place" in found.mapped
    other = given(tmp_path, *(f"2018-01-0{day},1.2,1.1,1.3,1.0,50" for day in (2, 3, 4)))
    assert "write a header line" in refusal(other).message


def test_archives_give_the_member_that_holds_bars(tmp_path: Path) -> None:
    path = tmp_path / "20180102.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {
            "notes.txt": "A\tApple\n",
            "prices.csv": PLAIN,
            "reports.csv": "symbol,eps\nA,1\n",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    found = normalize(path, symbol="A")
    assert found.bars.frame["close"].to_list() == [11.0, 12.0, 13.0]
    assert found.mapped[:2] == ("members prices.csv", "other members left out: notes.txt, reports.csv")


def zipped(path: Path, **members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_of_one_file_a_symbol_names_the_symbols_by_their_files(tmp_path: Path) -> None:
    found = normalize(zipped(tmp_path / "all.zip", **{"AAA.csv": PLAIN, "BBB.csv": PLAIN}))
    assert found.bars.symbols == ["AAA", "BBB"]
    assert "symbol from the name of each member" in found.mapped


def test_an_archive_without_bars_and_a_workbook_are_named(tmp_path: Path) -> None:
    assert (
        "no member of the archive holds bars (there are: a.txt)"
        in refusal(zipped(tmp_path / "x.zip", **{"a.txt": "nothing here"})).message
    )
    with pytest.raises(UsageError, match="Excel workbook"):
        normalize(zipped(tmp_path / "x.xlsx", **{"xl/workbook.xml": "<x/>"}))


def test_several_drops_are_read_as_one_table(tmp_path: Path) -> None:
    one = given(tmp_path, "symbol,date,close", "A,2018-01-02,1", "A,2018-01-03,2", name="1.csv")
    other = given(tmp_path, "symbol,date,close", "A,2018-01-03,2", "A,2018-01-04,3", name="2.csv")
    found = normalize([one, other])
    assert found.bars.frame["close"].to_list() == [1.0, 2.0, 3.0]
    assert any("1 identical duplicate rows dropped" in note for note in found.mapped)


# LEAN


def test_lean_minutes_take_date_and_symbol_from_the_name_and_prices_from_ten_thousandths(tmp_path: Path) -> None:
    lines = "34200000,135000,136300,134900,136000,500\n34260000,136000,136100,135900,136050,300\n"
    path = zipped(tmp_path / "equity/usa/minute/aapl/20180102_trade.zip", **{"20180102_aapl_minute_trade.csv": lines})
    found = normalize(path)
    assert found.bars.timeframe is Timeframe.M1
    assert found.bars.frame.row(0) == (
        "AAPL",
        datetime(2018, 1, 2, 14, 30, tzinfo=UTC),
        13.5,
        13.63,
        13.49,
        13.6,
        500.0,
    )
    assert "tz America/New_York of LEAN equities (usa)" in found.mapped


def test_lean_days_are_read_and_what_is_no_bar_is_named(tmp_path: Path) -> None:
    lines = "20180102 00:00,135000,136300,134900,136000,500\n20180103 00:00,136000,136100,135900,136050,300\n"
    found = normalize(zipped(tmp_path / "aapl.zip", **{"aapl.csv": lines}))
    assert (found.bars.symbols, found.bars.timeframe) == (["AAPL"], Timeframe.D1)
    assert found.bars.frame["close"].to_list() == [13.6, 13.605]
    crypto = "20180102 00:00,13500.5,13630,13490,13600,5.5\n20180102 01:00,13600,13610,13590,13605,3\n"
    found = normalize(zipped(tmp_path / "crypto/x/hour/btcusd_trade.zip", **{"btcusd.csv": crypto}))
    assert found.bars.frame["open"].to_list() == [13500.5, 13600.0]
    quote = zipped(
        tmp_path / "q.zip", **{"20180102_eurusd_minute_quote.csv": "0,1.1,1.2,1.0,1.1,0,1.2,1.3,1.1,1.2,0\n"}
    )
    assert "no bars of trades" in refusal(quote).message


def test_a_table_is_never_changed_by_being_looked_at() -> None:
    frame = pl.DataFrame({"date": ["2018-01-02"], "close": ["1.5"]})
    assert table_of(frame).frame.drop("_line").equals(frame)

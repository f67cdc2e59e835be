from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import DataError, UnknownName
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.knowledge.instruments import RECORD_SCHEMA, Instrument, InstrumentTable

RENAMED = (Instrument("meta", "FB", date(2012, 5, 18), date(2022, 6, 8)), Instrument("meta", "META", date(2022, 6, 9)))
REUSED = (
    Instrument("fund", "META", date(2021, 6, 30), date(2022, 1, 31), name="A fund", asset_class="etf"),
    Instrument("dead", "GONE", date(2015, 1, 2), date(2022, 5, 31)),
)


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable(RENAMED + REUSED)


def bars_of(**days: tuple[date, date]) -> Bars:
    frames = []
    for symbol, (first, last) in days.items():
        ts = market_calendar("XNYS").sessions(first, last)
        values = {name: [1.0] * len(ts) for name in ("open", "high", "low", "close", "volume")}
        frames.append(pl.DataFrame({"symbol": [symbol] * len(ts), "ts": ts, **values}, schema=BAR_SCHEMA))
    return Bars(pl.concat(frames).sort("symbol", "ts"), Timeframe.D1)


def test_a_reused_symbol_is_two_instruments(table: InstrumentTable) -> None:
    assert table.resolve("META", date(2022, 1, 3)) == "fund"
    assert table.resolve("META", date(2022, 6, 9)) == "meta"


def test_a_renamed_company_is_one_instrument_under_two_symbols(table: InstrumentTable) -> None:
    assert table.resolve("FB", date(2022, 6, 8)) == table.resolve("META", date(2022, 6, 9)) == "meta"
    assert [one.symbol for one in table.history("meta")] == ["FB", "META"]


def test_a_symbol_means_nothing_outside_its_lives(table: InstrumentTable) -> None:
    with pytest.raises(UnknownName, match=r"'META' was listed for nothing on 2022-03-01 \(meta .* fund 2021-06-30 to"):
        table.resolve("META", date(2022, 3, 1))
    with pytest.raises(UnknownName, match="unknown symbol 'GONER', did you mean 'GONE'"):
        table.resolve("GONER", date(2022, 3, 1))
    with pytest.raises(UnknownName, match="unknown instrument 'mete', did you mean 'meta'"):
        table.history("mete")


def test_a_dead_symbol_stays_in_the_panel_to_its_last_day(table: InstrumentTable) -> None:
    bars = bars_of(GONE=(date(2022, 5, 25), date(2022, 5, 31)), META=(date(2022, 6, 9), date(2022, 6, 10)))
    assert table.outside_life(bars).is_empty()
    followed = table.follow(bars)
    assert followed.of("dead").frame["ts"].max() == datetime(2022, 5, 31, tzinfo=UTC)


def test_bars_after_the_last_day_are_named(table: InstrumentTable) -> None:
    bars = bars_of(GONE=(date(2022, 5, 31), date(2022, 6, 2)), META=(date(2022, 1, 31), date(2022, 2, 1)))
    found = table.outside_life(bars)
    assert found.rows() == [
        ("GONE", datetime(2022, 6, 1, tzinfo=UTC)),
        ("GONE", datetime(2022, 6, 2, tzinfo=UTC)),
        ("META", datetime(2022, 2, 1, tzinfo=UTC)),
    ]
    with pytest.raises(DataError, match="3 bars belong to no instrument, first GONE 2022-06-01"):
        table.follow(bars)


def test_a_symbol_the_table_does_not_know_is_not_outside_its_life(table: InstrumentTable) -> None:
    bars = bars_of(OTHER=(date(2022, 6, 9), date(2022, 6, 10)))
    assert table.outside_life(bars).is_empty()
    assert table.ids(bars).to_list() == [None, None]


def test_bars_follow_the_instrument_over_a_rename_and_part_at_a_reuse(table: InstrumentTable) -> None:
    bars = bars_of(FB=(date(2022, 6, 6), date(2022, 6, 8)), META=(date(2022, 6, 9), date(2022, 6, 13)))
    old = bars_of(META=(date(2022, 1, 27), date(2022, 1, 31)))
    both = bars.with_frame(pl.concat([bars.frame, old.frame]).sort("symbol", "ts"))
    followed = table.follow(both)
    assert followed.symbols == ["fund", "meta"]
    assert followed.of("meta").frame["ts"].dt.day().to_list() == [6, 7, 8, 9, 10, 13]
    assert followed.of("fund").frame["ts"].dt.day().to_list() == [27, 28, 31]


def test_overlapping_lives_are_refused() -> None:
    with pytest.raises(DataError, match="META 2022-06-09 to today overlaps the record from 2021-06-30 to 2022-06-09"):
        InstrumentTable((RENAMED[1], Instrument("fund", "META", date(2021, 6, 30), date(2022, 6, 9))))
    with pytest.raises(DataError, match="meta 2022-06-09 to today overlaps the record from 2012-05-18 to today"):
        InstrumentTable((Instrument("meta", "FB", date(2012, 5, 18)), RENAMED[1]))


def test_an_instrument_has_a_known_class_and_a_proper_symbol() -> None:
    with pytest.raises(UnknownName, match="unknown asset class 'stock'"):
        Instrument("x", "X", date(2012, 5, 18), asset_class="stock")
    with pytest.raises(UnknownName, match="is not a symbol"):
        Instrument("x", "A B", date(2012, 5, 18))


def test_records_go_through_a_frame_and_back(table: InstrumentTable) -> None:
    assert InstrumentTable.from_frame(table.frame) == table
    assert dict(table.frame.schema) == RECORD_SCHEMA
    short = InstrumentTable.from_frame(table.frame.select("id", "symbol", "valid_from", "valid_to"))
    assert short.records[2].asset_class == "equity"

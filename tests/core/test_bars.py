"""The canonical frame: columns, order, symbols and the data version."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.bars import BAR_SCHEMA, Bars, check_symbol
from augury.core.errors import DataError, UnknownName
from augury.core.timeframe import Timeframe


def frame(**changes: object) -> pl.DataFrame:
    rows = {
        "symbol": ["A", "A", "B"],
        "ts": [datetime(2020, 1, day, tzinfo=UTC) for day in (2, 3, 2)],
        "open": [1.0, 2.0, 3.0],
        "high": [1.5, 2.5, 3.5],
        "low": [0.5, 1.5, 2.5],
        "close": [1.2, 2.2, 3.2],
        "volume": [10.0, 20.0, None],
    }
    return pl.DataFrame(rows | changes, schema=dict(BAR_SCHEMA))


@pytest.mark.parametrize("symbol", ["BRK.B", "A_B", "^GSPC", "EUR/USD", "BTC-USD", "ES=F", "a" * 24])
def test_symbols_of_real_markets_are_well_formed(symbol: str) -> None:
    assert check_symbol(symbol) == symbol


@pytest.mark.parametrize("symbol", ["", "a" * 25, "A B", "../etc", "a/../b", "<script>", "A\n", "Ä", "A'; DROP"])
def test_other_text_is_no_symbol(symbol: str) -> None:
    with pytest.raises(UnknownName, match="is not a symbol"):
        check_symbol(symbol)


@given(st.text(max_size=30))
def test_a_symbol_never_names_a_folder_above(text: str) -> None:
    with suppress(UnknownName):
        assert ".." not in check_symbol(text)


def test_missing_extra_reordered_or_retyped_columns_are_refused() -> None:
    good = frame()
    spoiled = [good.drop("volume"), good.with_columns(x=1), good.select(reversed(good.columns))]
    spoiled.append(good.with_columns(pl.col("close").cast(pl.Float32)))
    spoiled.append(good.with_columns(pl.col("ts").dt.replace_time_zone(None)))
    for bad in spoiled:
        with pytest.raises(DataError, match="not a canonical bar frame"):
            Bars(bad, Timeframe.D1)


def test_adj_close_may_follow() -> None:
    assert Bars(frame().with_columns(adj_close=pl.lit(1.0)), Timeframe.D1).symbols == ["A", "B"]


def test_an_unknown_adjustment_is_named() -> None:
    with pytest.raises(UnknownName, match="unknown adjustment 'splitted'"):
        Bars(frame(), Timeframe.D1, adjustment="splitted")


def test_one_symbol_is_taken_out_with_its_description() -> None:
    bars = Bars(frame(), Timeframe.D1, calendar="24/7", synthetic=True)
    one = bars.of("A")
    assert (one.symbols, one.frame.height, one.calendar, one.synthetic) == (["A"], 2, "24/7", True)
    with pytest.raises(UnknownName, match=r"no bars for 'C' \(present: A, B\)"):
        bars.of("C")


def test_the_data_version_changes_with_every_fact_and_with_nothing_else() -> None:
    bars = Bars(frame(), Timeframe.D1)
    same = Bars(pl.concat([frame()[:1], frame()[1:]]), Timeframe.D1, provider="elsewhere")
    assert same.data_version == bars.data_version
    others = [
        Bars(frame(close=[1.2, 2.2, 3.2000001]), Timeframe.D1),
        Bars(frame(volume=[10.0, 20.0, 0.0]), Timeframe.D1),
        Bars(frame(), Timeframe.W1),
        Bars(frame(), Timeframe.D1, calendar="24/7"),
        Bars(frame(), Timeframe.D1, adjustment="split"),
        Bars(frame(), Timeframe.D1, synthetic=True),
        Bars(frame(), Timeframe.D1, close_only=True),
    ]
    assert len({bars.data_version, *(other.data_version for other in others)}) == len(others) + 1

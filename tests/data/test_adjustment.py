from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import permutations

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UnknownName
from augury.core.timeframe import Timeframe
from augury.data.knowledge.actions import ACTION_SCHEMA
from augury.data.knowledge.adjustment import CONVENTIONS, adjust
from augury.data.synthetic import SyntheticMarket
from augury.data.validation.validator import DataValidator

COLUMNS = ("open", "high", "low", "close", "volume")


def actions_of(*rows: tuple[str, date, str, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ACTION_SCHEMA, orient="row")


@pytest.fixture(scope="module")
def smooth() -> Bars:
    """Two symbols without actions, as a split-adjusted feed would show them."""
    return replace(SyntheticMarket(n_symbols=2, n_bars=60).bars(), adjustment="split")


@pytest.fixture(scope="module")
def symbols(smooth: Bars) -> list[str]:
    return smooth.symbols


@pytest.fixture(scope="module")
def split(symbols: list[str]) -> pl.DataFrame:
    return actions_of((symbols[0], date(2010, 2, 10), "split", 4.0))


@pytest.fixture(scope="module")
def many(symbols: list[str]) -> pl.DataFrame:
    first, second = symbols
    return actions_of(
        (first, date(2010, 1, 12), "dividend", 4.0),
        (first, date(2010, 2, 10), "split", 4.0),
        (first, date(2010, 2, 10), "dividend", 0.7),
        (first, date(2010, 3, 2), "dividend", 0.9),
        (first, date(2010, 3, 3), "split", 0.5),
        (second, date(2010, 1, 19), "split", 1.5),
        (second, date(2010, 2, 15), "dividend", 0.4),  # a holiday: the close before is Friday's
        (second, date(2010, 2, 16), "dividend", 0.3),
    )


@pytest.fixture(scope="module")
def raw(smooth: Bars, split: pl.DataFrame) -> Bars:
    """The same market as traded: four times the price and a quarter of the volume before the split."""
    early = (pl.col("symbol") == split["symbol"][0]) & (pl.col("ts").dt.date() < split["ex_date"][0])
    prices = [pl.when(early).then(pl.col(name) * 4.0).otherwise(name).alias(name) for name in COLUMNS[:4]]
    volume = pl.when(early).then(pl.col("volume") / 4.0).otherwise("volume").alias("volume")
    return replace(smooth, frame=smooth.frame.with_columns(*prices, volume), adjustment="raw")


def close_to(found: Bars, wanted: Bars) -> None:
    assert found.frame.columns == wanted.frame.columns
    assert found.frame.select("symbol", "ts").equals(wanted.frame.select("symbol", "ts"))
    for name in wanted.frame.columns[2:]:
        np.testing.assert_allclose(found.frame[name].to_numpy(), wanted.frame[name].to_numpy(), rtol=1e-9, err_msg=name)


def test_a_split_adjusted_by_its_event_equals_a_feed_that_was_adjusted_before(
    raw: Bars, smooth: Bars, split: pl.DataFrame
) -> None:
    adjusted = adjust(raw, split, "split")
    assert adjusted.adjustment == "split"
    close_to(adjusted, smooth)


def test_adjusting_removes_the_suspicion_of_a_split(raw: Bars, split: pl.DataFrame) -> None:
    def suspicions(bars: Bars) -> Iterator[str]:
        return (
            one.symbol for one in DataValidator().validate_frame(bars.frame).findings if one.code == "SUSPECTED_SPLIT"
        )

    assert list(suspicions(raw)) == [split["symbol"][0]]
    assert list(suspicions(adjust(raw, split, "split"))) == []


def test_the_bar_of_the_ex_date_is_not_adjusted_and_the_one_before_is(raw: Bars, split: pl.DataFrame) -> None:
    ratio = pl.DataFrame(
        {"ts": raw.frame["ts"], "ratio": raw.frame["close"] / adjust(raw, split, "split").frame["close"]}
    )
    moved = ratio.filter(pl.col("ratio") > 3.9)
    assert moved.height == 26
    assert moved["ts"].max().date() == date(2010, 2, 9)  # type: ignore[union-attr]


@pytest.mark.parametrize(("start", "to"), list(permutations(CONVENTIONS, 2)))
def test_every_convention_leads_to_every_other_and_back(smooth: Bars, many: pl.DataFrame, start: str, to: str) -> None:
    there = adjust(smooth, many, start)
    close_to(adjust(adjust(there, many, to), many, start), there)
    assert ("adj_close" in adjust(there, many, to).frame.columns) == to.endswith("+adj")


def test_full_adjustment_keeps_the_return_of_those_who_took_the_dividend(smooth: Bars, symbols: list[str]) -> None:
    paid = actions_of((symbols[0], date(2010, 2, 10), "dividend", 2.0))
    full = adjust(smooth, paid, "full").of(symbols[0]).frame
    plain = smooth.of(symbols[0]).frame
    at = int(plain["ts"].dt.date().search_sorted(date(2010, 2, 10)))
    before, then = plain["close"][at - 1], plain["close"][at]
    assert full["close"][at] / full["close"][at - 1] == pytest.approx(then / (before - 2.0), rel=1e-12)
    assert full["volume"].equals(plain["volume"])
    assert full["close"][at:].equals(plain["close"][at:])


def test_a_dividend_paid_on_old_shares_is_divided_by_the_split_that_follows(
    smooth: Bars, split: pl.DataFrame, symbols: list[str]
) -> None:
    then = actions_of((symbols[0], date(2010, 1, 20), "dividend", 4.0))
    now = actions_of((symbols[0], date(2010, 1, 20), "dividend", 1.0))
    close_to(adjust(smooth, pl.concat([then, split]), "full"), adjust(smooth, now, "full"))


def test_intraday_bars_are_adjusted_by_the_last_close_of_the_day_before() -> None:
    hourly = replace(SyntheticMarket(n_symbols=1, n_bars=70, timeframe=Timeframe.H1).bars(), adjustment="split")
    paid = actions_of((hourly.symbols[0], date(2010, 1, 8), "dividend", 2.0))
    ratio = adjust(hourly, paid, "full").frame["close"] / hourly.frame["close"]
    before = hourly.frame.filter(pl.col("ts").dt.date() < date(2010, 1, 8))
    assert ratio[before.height :].to_list() == [1.0] * (70 - before.height)
    assert ratio[: before.height].to_list() == pytest.approx([1 - 2.0 / before["close"][-1]] * before.height, rel=1e-12)


def test_a_carried_adjusted_close_is_believed(smooth: Bars) -> None:
    halved = smooth.frame.with_columns((pl.col("close") * 0.5).alias("adj_close"))
    bars = replace(smooth, frame=halved, adjustment="split+adj")
    full = adjust(bars, pl.DataFrame(schema=ACTION_SCHEMA), "full")
    assert full.frame["open"].to_list() == pytest.approx((smooth.frame["open"] * 0.5).to_list(), rel=1e-12)


def test_bars_of_unknown_convention_are_refused(smooth: Bars, split: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="have no declared adjustment: dividing them by splits that are already"):
        adjust(replace(smooth, adjustment="unknown"), split, "split")


def test_an_unknown_convention_is_refused(smooth: Bars, split: pl.DataFrame) -> None:
    with pytest.raises(UnknownName, match="unknown adjustment 'total'"):
        adjust(smooth, split, "total")


def test_what_has_not_happened_at_the_last_bar_changes_nothing(smooth: Bars, symbols: list[str]) -> None:
    coming = actions_of((symbols[0], date(2010, 6, 1), "split", 2.0), (symbols[0], date(2010, 6, 1), "dividend", 1.0))
    unchanged = adjust(replace(smooth, adjustment="raw"), coming, "full")
    close_to(unchanged, replace(smooth, adjustment="full"))
    doubled = adjust(smooth, coming, "raw", as_of=date(2010, 6, 1)).of(symbols[0]).frame["close"]
    assert doubled.to_list() == pytest.approx((smooth.of(symbols[0]).frame["close"] * 2.0).to_list(), rel=1e-12)


def test_a_dividend_as_large_as_the_price_is_refused(smooth: Bars, symbols: list[str]) -> None:
    paid = actions_of((symbols[0], date(2010, 2, 10), "dividend", 1e6))
    with pytest.raises(DataError, match=r"dividend 1e\+06 of 2010-02-10 is not below the close before it"):
        adjust(smooth, paid, "full")


def test_a_price_that_is_missing_stays_missing(smooth: Bars, many: pl.DataFrame) -> None:
    gap = smooth.frame.with_columns(pl.when(pl.int_range(pl.len()) != 5).then("close").alias("close"))
    adjusted = adjust(replace(smooth, frame=gap), many, "full").frame
    assert adjusted["close"].null_count() == 1
    assert adjusted["close"][5] is None


def test_the_same_convention_and_an_empty_frame_give_the_bars_back(smooth: Bars, many: pl.DataFrame) -> None:
    assert adjust(smooth, many, "split").frame.equals(smooth.frame)
    empty = adjust(smooth.with_frame(smooth.frame.clear()), many, "raw")
    assert empty.frame.is_empty()
    assert empty.adjustment == "raw"

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens
from augury.data.panel import DecisionClock, align, flag_groups
from augury.data.panel.freshness import missed_bars
from augury.data.synthetic import SyntheticMarket

FIRST, LAST = datetime(2023, 11, 13, tzinfo=UTC), datetime(2024, 1, 12, tzinfo=UTC)
"""Half days of New York, the New Year of Tokyo, holidays of Mumbai, daylight saving over."""
MARKETS = {"STOCK": "XNYS", "TOKYO": "XTKS", "MUMBAI": "NSE", "EURUSD": "FX", "COIN": "24/7"}


def feed(symbol: str, timeframe: Timeframe = Timeframe.D1, seed: int = 0) -> Bars:
    calendar = MARKETS[symbol]
    ts = bar_opens(timeframe, calendar, FIRST, LAST)["ts"]
    rng = np.random.default_rng([seed, len(symbol)])
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(ts))))
    frame = pl.DataFrame({"symbol": [symbol] * len(ts), "ts": ts, "open": close, "high": close, "low": close})
    return Bars(frame.with_columns(pl.Series("close", close), pl.lit(1000.0).alias("volume")), timeframe, calendar)


def feeds(timeframe: Timeframe = Timeframe.D1) -> list[Bars]:
    return [feed(symbol, timeframe) for symbol in MARKETS]


NEW_YORK = DecisionClock("XNYS")
CLOCKS = [
    (NEW_YORK, Timeframe.D1),
    (DecisionClock("XTKS"), Timeframe.D1),
    (DecisionClock("24/7", at=time(12)), Timeframe.D1),
    (DecisionClock("XNYS", Timeframe.H1), Timeframe.H1),
]
each_clock = pytest.mark.parametrize(("clock", "timeframe"), CLOCKS, ids=["new york", "tokyo", "noon", "hourly"])


@each_clock
def test_every_row_is_the_last_bar_that_had_closed(clock: DecisionClock, timeframe: Timeframe) -> None:
    parts = feeds(timeframe)
    panel = align(parts, clock)
    assert set(panel.frame["symbol"]) == set(MARKETS)
    for part in parts:
        known = known_at(part.frame["ts"], timeframe, part.calendar).to_list()
        rows = panel.frame.filter(symbol=part.symbols[0])
        for row in rows.gather_every(7).iter_rows(named=True):
            at = sum(moment <= row["decided_at"] for moment in known) - 1
            assert row["bar_ts"] == part.frame["ts"][at]
            assert row["age_minutes"] == (row["decided_at"] - known[at]) / timedelta(minutes=1)
            assert row["close"] in (part.frame["close"][at], None)


@each_clock
def test_a_bar_that_has_not_closed_changes_nothing_not_even_the_rows(
    clock: DecisionClock, timeframe: Timeframe
) -> None:
    parts = feeds(timeframe)
    whole = align(parts, clock).frame
    for moment in whole["decided_at"].unique().sort().gather_every(11):
        before = whole.filter(pl.col("decided_at") <= moment)
        mutated, cut = [], []
        for part in parts:
            late = known_at(part.frame["ts"], timeframe, part.calendar) > moment
            changed = pl.when(late).then(pl.col("close") * 3.0).otherwise(pl.col("close")).alias("close")
            mutated.append(part.with_frame(part.frame.with_columns(changed)))
            cut.append(part.with_frame(part.frame.filter(~late)))
        assert align(mutated, clock).frame.filter(pl.col("decided_at") <= moment).equals(before)
        assert align(cut, clock, until=moment).frame.equals(before)


def test_at_the_close_of_new_york_the_coin_is_of_yesterday_and_tokyo_of_this_morning() -> None:
    frame = align(feeds(), NEW_YORK).frame.filter(ts=datetime(2023, 12, 14, tzinfo=UTC))
    rows = {row["symbol"]: row for row in frame.iter_rows(named=True)}
    assert {name: row["bar_ts"].day for name, row in rows.items()} == {
        "STOCK": 14, "TOKYO": 14, "MUMBAI": 14, "EURUSD": 13, "COIN": 13,
    }  # fmt: skip
    assert rows["STOCK"]["age_minutes"] == 0
    assert rows["TOKYO"]["age_minutes"] == 15 * 60
    assert all(row["valid_price"] for row in rows.values())


def test_a_half_day_decides_earlier() -> None:
    frame = align(feeds(), NEW_YORK).frame.filter(symbol="STOCK", ts=datetime(2023, 11, 24, tzinfo=UTC))
    assert frame["decided_at"].to_list() == [datetime(2023, 11, 24, 18, tzinfo=UTC)]


def test_on_its_holiday_a_market_keeps_its_last_price_with_its_age() -> None:
    frame = align(feeds(), NEW_YORK).frame.filter(symbol="TOKYO", ts=datetime(2024, 1, 3, tzinfo=UTC))
    row = frame.row(0, named=True)
    assert (row["bar_ts"].date().isoformat(), row["missed_bars"], row["valid_price"]) == ("2023-12-29", 0, True)
    assert row["age_minutes"] > 5 * 24 * 60


def without(part: Bars, first: datetime, last: datetime | None = None) -> Bars:
    inside = (pl.col("ts") >= first) & ((pl.col("ts") <= last) if last else pl.lit(value=True))
    return part.with_frame(part.frame.filter(~inside))


def test_a_suspended_symbol_keeps_its_rows_and_no_price_is_filled() -> None:
    first, last = datetime(2023, 12, 5, tzinfo=UTC), datetime(2023, 12, 7, tzinfo=UTC)
    frame = align([without(feed("STOCK"), first, last), feed("COIN")], NEW_YORK).frame.filter(symbol="STOCK")
    gap = frame.filter(pl.col("ts").is_between(first, last))
    assert gap["missed_bars"].to_list() == [1, 2, 3]
    assert gap["close"].null_count() == gap["volume"].null_count() == 3
    assert not gap["valid_price"].any()
    assert frame.filter(pl.col("ts") > last)["valid_price"].all()
    assert frame.filter(pl.col("ts") > last)["missed_bars"].max() == 0


def test_nothing_is_carried_across_a_delisting_nor_back_before_the_first_bar() -> None:
    end = datetime(2023, 12, 8, tzinfo=UTC)
    gone = without(feed("STOCK"), end + timedelta(days=1))
    gone = without(gone, FIRST, datetime(2023, 11, 17, tzinfo=UTC))
    known = align([gone, feed("COIN")], NEW_YORK, delisted={"STOCK": end}).frame.filter(symbol="STOCK")
    assert (known["ts"].min(), known["ts"].max()) == (datetime(2023, 11, 20, tzinfo=UTC), end)
    assert known["valid_price"].all()
    # Undeclared, nobody could know on the day: five rows without a price, then none.
    unknown = align([gone, feed("COIN")], NEW_YORK).frame.filter(symbol="STOCK")
    assert unknown.filter(pl.col("ts") > end)["close"].to_list() == [None] * 5
    assert align([gone, feed("COIN")], NEW_YORK, missed_bars_max=0).frame.filter(symbol="STOCK")["ts"].max() == end


def test_each_symbol_has_the_factor_of_its_own_market() -> None:
    factors = align(feeds(), NEW_YORK).periods_per_year
    assert (factors["STOCK"], factors["TOKYO"], factors["COIN"]) == (252.0, 244.0, 365.0)
    assert 240 < factors["MUMBAI"] < 255
    assert 257 < factors["EURUSD"] < 262
    assert align([feed("COIN", Timeframe.H1)], NEW_YORK).periods_per_year == {"COIN": 365.0 * 24}


def test_the_data_version_follows_bars_clock_and_limits() -> None:
    parts = feeds()
    version = align(parts, NEW_YORK).data_version
    assert align(parts, NEW_YORK).data_version == version
    others = [
        align([feed("STOCK", seed=1), *parts[1:]], NEW_YORK),
        align(parts, DecisionClock("XTKS")),
        align(parts, NEW_YORK, missed_bars_max=3),
        align(parts, NEW_YORK, delisted={"STOCK": LAST}),
    ]
    assert len({version, *(other.data_version for other in others)}) == 5


def test_the_roles_of_a_panel_are_prices_flags_and_meta() -> None:
    panel = align(feeds(), NEW_YORK)
    assert panel.roles.inputs == ("valid_price", "valid_volume")
    assert panel.roles.role("close") == "price"
    assert panel.roles.role("age_minutes") == panel.roles.role("calendar") == "meta"
    assert panel.frame.select("symbol", "ts").is_unique().all()
    assert panel.frame.equals(panel.frame.sort("symbol", "ts"))


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one market"):
        align([], NEW_YORK)
    with pytest.raises(UsageError, match="one market each"):
        align([feed("STOCK"), replace(feed("STOCK"), calendar="24/7")], NEW_YORK)
    with pytest.raises(DataError, match="no session of XNYS"):
        align([replace(feed("COIN"), calendar="XNYS")], NEW_YORK)
    with pytest.raises(UsageError, match="at least 0"):
        align([feed("STOCK")], NEW_YORK, missed_bars_max=-1)
    with pytest.raises(UsageError, match="daily"):
        DecisionClock("XNYS", Timeframe.H1, time(12))


def test_a_group_is_valid_where_all_its_columns_are_known() -> None:
    frame = pl.DataFrame({"a": [1.0, None, None], "b": [1.0, 2.0, None]})
    flagged = flag_groups(frame, {"both": ["a", "b"], "b": ["b"]})
    assert flagged["valid_both"].to_list() == [True, False, False]
    assert flagged["valid_b"].to_list() == [True, True, False]
    assert flagged["a"].null_count() == 2


@pytest.mark.parametrize("symbol", list(MARKETS))
@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1])
def test_a_full_feed_never_misses_a_bar_and_a_hole_is_counted(symbol: str, timeframe: Timeframe) -> None:
    ts = bar_opens(timeframe, MARKETS[symbol], FIRST, LAST)["ts"]
    known = known_at(ts, timeframe, MARKETS[symbol])
    assert missed_bars(known[:-1], known[1:], timeframe, MARKETS[symbol]).min() >= 0
    just_before = known[1:].dt.offset_by("-1us")
    assert missed_bars(known[:-1], just_before, timeframe, MARKETS[symbol]).max() == 0
    assert missed_bars(known[:-3], known[3:], timeframe, MARKETS[symbol]).min() >= (
        3 if timeframe.minutes is None else 0
    )


def test_a_daily_bar_on_a_closed_day_is_refused_or_left_out_when_asked() -> None:
    stocks = SyntheticMarket(n_symbols=1, n_bars=20).bars()
    rates = SyntheticMarket(n_symbols=1, n_bars=20, calendar="24/5").bars()
    stray = rates.frame.head(1).with_columns(pl.col("ts").dt.replace(year=2010, month=1, day=1))
    rates = rates.with_frame(pl.concat([stray, rates.frame]).with_columns(symbol=pl.lit("EURUSD")).sort("symbol", "ts"))
    with pytest.raises(DataError, match="2010-01-01T00:00:00Z lies on no session of 24/5"):
        align([stocks, rates], DecisionClock())
    panel = align([stocks, rates], DecisionClock(), leave_out_strays=True)
    assert set(panel.frame["symbol"].unique()) == {"EURUSD", *stocks.symbols}

"""Small twins of defects seen in the wild: each is named by its code, and real extremes are left alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe
from augury.data.checks import ERROR, WARNING, Finding, run
from augury.data.knowledge.instruments import Instrument, InstrumentTable
from augury.data.synthetic import SyntheticMarket
from augury.data.validation.quarantine import split
from augury.data.validation.validator import ValidationResult

PRICES = ("open", "high", "low", "close")
NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAILY = SyntheticMarket(n_symbols=1, n_bars=600).bars().frame


def found(frame: pl.DataFrame | Bars, calendar: str = "XNYS", **options: object) -> dict[str, Finding]:
    return {one.code: one for one in run(frame, calendar=calendar, now=NOW, **options)}  # type: ignore[arg-type]


def scaled(frame: pl.DataFrame, price: float, volume: float = 1.0) -> pl.DataFrame:
    return frame.with_columns(pl.col(PRICES) * price, pl.col("volume") * volume)


def from_bar(frame: pl.DataFrame, at: int, price: float, volume: float = 1.0) -> pl.DataFrame:
    return pl.concat([frame[:at], scaled(frame[at:], price, volume)])


def later(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    return frame.with_columns(pl.col("ts").dt.offset_by(by))


def on(frame: pl.DataFrame, day: date) -> int:
    """Row of the first bar on or after a day."""
    return int(frame.select((pl.col("ts").dt.date() >= day).arg_max()).item())


# Clean markets


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("regimes", [True, False])
def test_a_clean_market_fires_no_rule(seed: int, regimes: bool) -> None:
    market = SyntheticMarket(n_symbols=6, n_bars=900, seed=seed, regimes=regimes)
    assert found(market.bars()) == {}


@pytest.mark.parametrize("timeframe", ["m15", "h1", "h4", "d1", "w1"])
@pytest.mark.parametrize("calendar", ["XNYS", "24/7", "24/5", "XTKS", "XLON"])
def test_a_clean_market_of_any_calendar_and_timeframe_fires_no_rule(timeframe: str, calendar: str) -> None:
    market = SyntheticMarket(
        n_symbols=2,
        n_bars=700,
        timeframe=Timeframe(timeframe),
        calendar=calendar,
        start=datetime(2012, 6, 1, tzinfo=UTC),
    )
    assert found(market.bars(), calendar=calendar) == {}


@pytest.mark.parametrize("closed", ["2012-10-29", "2018-12-05", "2025-01-09", "2026-11-27"])
@pytest.mark.parametrize("timeframe", ["m15", "h1", "h4", "d1"])
def test_one_off_closures_and_half_days_fire_no_rule(closed: str, timeframe: str) -> None:
    start = datetime.fromisoformat(closed).replace(tzinfo=UTC) - timedelta(days=9)
    market = SyntheticMarket(n_symbols=2, n_bars=300, timeframe=Timeframe(timeframe), start=start)
    assert found(market.bars()) == {}


def test_summer_time_is_no_shift_of_the_clock() -> None:
    for calendar, start in (("XNYS", datetime(2018, 1, 2, tzinfo=UTC)), ("24/5", datetime(2018, 1, 2, tzinfo=UTC))):
        market = SyntheticMarket(n_symbols=1, n_bars=1800, timeframe=Timeframe.H1, calendar=calendar, start=start)
        assert found(market.bars(), calendar=calendar) == {}


# Real extremes


@pytest.mark.parametrize(("move", "surge"), [(0.48, 6.0), (0.45, 3.0), (1.75, 5.0), (0.18, 20.0)])
def test_a_true_crash_or_leap_with_volume_is_kept(move: float, surge: float) -> None:
    frame = from_bar(DAILY, 300, move, 1.0)
    frame = frame.with_columns(
        volume=pl.when(pl.int_range(pl.len()).is_between(300, 301))
        .then(pl.col("volume") * surge / min(move, 1))
        .otherwise("volume")
    )
    findings = run(frame, calendar="XNYS", now=NOW)
    assert [one.code for one in findings] == ["JUMP"]
    assert "likely real" in findings[0].message
    assert split(frame, ValidationResult(tuple(findings))).set_aside.is_empty()


def test_a_crash_within_the_day_is_kept_even_on_usual_volume() -> None:
    frame = from_bar(DAILY, 300, 0.45)
    opened, low = frame["open"].to_list(), frame["low"].to_list()
    high = frame["high"].to_list()
    opened[300] = frame["close"][299] * 0.9
    high[300] = opened[300] * 1.01
    frame = frame.with_columns(open=pl.Series(opened), high=pl.Series(high), low=pl.Series(low))
    findings = run(frame, calendar="XNYS", now=NOW)
    assert {(one.code, one.severity) for one in findings} == {("JUMP", WARNING)}
    assert split(frame, ValidationResult(tuple(findings))).set_aside.is_empty()


def test_a_crash_of_the_whole_market_is_no_defect_of_each_symbol() -> None:
    frame = SyntheticMarket(n_symbols=8, n_bars=300).bars().frame
    fell = pl.col("ts") >= frame["ts"][150]
    crashed = frame.with_columns(pl.when(fell).then(pl.col(name) * 0.5).otherwise(name).alias(name) for name in PRICES)
    findings = run(crashed, calendar="XNYS", now=NOW)
    assert {one.severity for one in findings} <= {WARNING}


def test_a_special_dividend_that_adj_close_knows_is_no_finding() -> None:
    raw = from_bar(DAILY, 300, 0.18)
    assert found(raw.with_columns(adj_close=DAILY["close"])) == {}


def test_a_fall_that_may_be_a_distribution_is_a_warning_only() -> None:
    assert found(from_bar(DAILY, 300, 0.178))["LEVEL_BREAK"].severity == WARNING


# Levels and units


@pytest.mark.parametrize("ratio", [1 / 2, 1 / 3, 1 / 4, 1 / 10, 5.0])
def test_an_unadjusted_split_is_an_error(ratio: float) -> None:
    one = found(from_bar(DAILY, 300, ratio, 1 / ratio))
    assert {code: finding.severity for code, finding in one.items()} == {"SUSPECTED_SPLIT": ERROR}
    assert one["SUSPECTED_SPLIT"].first_ts == DAILY["ts"][300]


@pytest.mark.parametrize("ratio", [1 / 3.97, 1 / 4.88])
def test_two_downloads_stitched_at_a_new_year_are_a_level_break_with_its_ratio(ratio: float) -> None:
    seam = on(DAILY, date(2011, 1, 1))
    one = found(from_bar(DAILY, seam, ratio, 1 / ratio))
    assert one["LEVEL_BREAK"].severity == ERROR
    assert one["LEVEL_BREAK"].first_ts == DAILY["ts"][seam]
    assert f"{1 / ratio:.1f}" in one["LEVEL_BREAK"].message


def test_a_rise_of_level_without_a_market_behind_it_is_an_error() -> None:
    assert found(from_bar(DAILY, 300, 1.73))["LEVEL_BREAK"].severity == ERROR


@pytest.mark.parametrize("power", [10.0, 100.0, 1000.0, 0.1, 0.01])
@pytest.mark.parametrize("bars", [1, 2, 25])
def test_a_block_of_bars_in_another_unit_is_found_bar_by_bar(power: float, bars: int) -> None:
    frame = pl.concat([DAILY[:200], scaled(DAILY[200 : 200 + bars], power), DAILY[200 + bars :]])
    one = found(frame)
    assert set(one) == {"UNIT_ERROR"}
    assert (one["UNIT_ERROR"].rows, one["UNIT_ERROR"].first_ts) == (bars, DAILY["ts"][200])


@pytest.mark.parametrize("power", [100.0, 1000.0, 0.01])
def test_another_unit_from_a_date_on_is_no_split(power: float) -> None:
    one = found(from_bar(DAILY, 300, power))
    assert set(one) == {"UNIT_ERROR"}
    assert one["UNIT_ERROR"].bars is None


@pytest.mark.parametrize("field", PRICES)
@pytest.mark.parametrize("power", [0.1, 10.0])
def test_a_slipped_decimal_in_one_field_is_named(field: str, power: float) -> None:
    frame = DAILY.with_columns(
        pl.when(pl.int_range(pl.len()).is_in([50, 90])).then(pl.col(field) * power).otherwise(field).alias(field)
    )
    one = found(frame)
    assert f"{field} is about 10 times too" in one["UNIT_ERROR"].message
    assert one["UNIT_ERROR"].rows == 2


def test_a_level_that_switches_to_and_fro_is_an_adjustment_flip() -> None:
    frame = pl.concat(
        [DAILY[:200], scaled(DAILY[200:310], 0.203), DAILY[310:315], scaled(DAILY[315:350], 0.203), DAILY[350:]]
    )
    one = found(frame)
    assert set(one) == {"ADJUSTMENT_FLIP"}
    assert one["ADJUSTMENT_FLIP"].rows == 145


def test_an_adjusted_close_on_another_scale_for_a_day_is_an_adjustment_flip() -> None:
    half = pl.when(pl.int_range(pl.len()) == 99).then(0.5).otherwise(1.0)
    one = found(DAILY.with_columns(adj_close=pl.col("close") * half))
    assert one["ADJUSTMENT_FLIP"].rows == 1


def test_a_special_session_at_twice_the_level_is_set_aside() -> None:
    friday = next(at for at in range(100, 110) if DAILY["ts"][at].isoweekday() == 5)
    special = later(scaled(DAILY[friday : friday + 1], 2.03, 0.1), "2d")
    one = found(pl.concat([DAILY[: friday + 1], special, DAILY[friday + 1 :]]))
    assert one["SPECIAL_SESSION"].severity == ERROR
    assert one["SPECIAL_SESSION"].bars is not None
    assert one["SPECIAL_SESSION"].bars.to_list() == special["ts"].to_list()
    assert "JUMP" not in one


# Times


@pytest.mark.parametrize("years", [1, 3])
def test_a_block_with_the_wrong_year_is_misdated(years: int) -> None:
    block = later(DAILY[560:586], f"{years}y")
    one = found(pl.concat([DAILY[:560], block]))
    assert (one["MISDATED"].rows, one["MISDATED"].first_ts) == (26, block["ts"][0])
    assert f"{years} years earlier" in one["MISDATED"].message


@pytest.mark.parametrize("by", ["1d", "-1d"])
def test_dates_that_are_a_day_off_are_misdated(by: str) -> None:
    assert found(later(DAILY, by))["MISDATED"].rows == 600


@pytest.mark.parametrize("hours", [1, -1, 5])
def test_a_clock_that_moves_within_a_file_is_found_where_it_moves(hours: int) -> None:
    frame = (
        SyntheticMarket(n_symbols=1, n_bars=700, timeframe=Timeframe.H1, start=datetime(2018, 4, 2, tzinfo=UTC))
        .bars()
        .frame
    )
    one = found(pl.concat([frame[:420], later(frame[420:], f"{hours}h")]))
    assert one["TZ_SHIFT"].severity == ERROR
    assert one["TZ_SHIFT"].first_ts == frame["ts"][420] + timedelta(hours=hours)
    assert f"{abs(hours)} h {'later' if hours > 0 else 'earlier'}" in one["TZ_SHIFT"].message


def test_a_week_that_opens_an_hour_later_for_good_is_a_shift_of_the_clock() -> None:
    frame = (
        SyntheticMarket(
            n_symbols=1, n_bars=3600, timeframe=Timeframe.H1, calendar="24/5", start=datetime(2018, 1, 1, tzinfo=UTC)
        )
        .bars()
        .frame
    )
    at = on(frame, date(2018, 5, 21))
    assert found(pl.concat([frame[:at], later(frame[at:], "1h")]), calendar="24/5")["TZ_SHIFT"].severity == ERROR
    assert found(frame, calendar="24/5") == {}


def around_the_clock(weeks: int, moved: int | None) -> pl.DataFrame:
    """Four-hour bars of a market that never rests, busiest in its afternoon, a clock moved by an hour at a week."""
    rng = np.random.Generator(np.random.PCG64(7))
    hours = np.arange(weeks * 168)
    local = hours - (0 if moved is None else (hours >= moved * 168).astype(np.int64))
    busy = np.exp(1.2 * np.cos((local % 24 - 14) / 24 * 2 * np.pi)) * np.exp(0.3 * rng.standard_normal(len(hours)))
    blocks = busy.reshape(-1, 4).sum(axis=1)
    close = 100 * np.exp(np.cumsum(0.001 * np.sqrt(blocks) * rng.standard_normal(len(blocks)) * 0.2))
    spread = 0.0004 * np.sqrt(blocks) * close
    start = datetime(2015, 1, 5, tzinfo=UTC)
    ts = pl.datetime_range(
        start, start + timedelta(hours=4 * (len(blocks) - 1)), "4h", time_unit="us", time_zone="UTC", eager=True
    )
    columns = {
        "open": close,
        "high": close + spread,
        "low": close - spread,
        "close": close,
        "volume": np.round(1000 * blocks),
    }
    return pl.DataFrame({"symbol": ["AAA"] * len(blocks), "ts": ts, **columns})


def test_a_moved_clock_is_seen_in_the_hours_of_activity_where_trading_never_rests() -> None:
    one = found(around_the_clock(150, 70), calendar="24/7")["TZ_SHIFT"]
    assert one.first_ts is not None
    assert abs(one.first_ts - (datetime(2015, 1, 5, tzinfo=UTC) + timedelta(weeks=70))) <= timedelta(weeks=1)
    assert "1 h later" in one.message
    assert "TZ_SHIFT" not in found(around_the_clock(150, None), calendar="24/7")


def test_local_times_read_as_utc_are_pointed_out() -> None:
    frame = (
        SyntheticMarket(n_symbols=1, n_bars=300, timeframe=Timeframe.M15, start=datetime(2018, 6, 4, tzinfo=UTC))
        .bars()
        .frame
    )
    one = found(later(frame, "-4h"))
    assert "4 h before the hours of XNYS" in one["WRONG_TZ"].message
    assert one["WRONG_TZ"].severity == WARNING


def test_bars_after_an_early_close_are_pointed_out() -> None:
    frame = (
        SyntheticMarket(n_symbols=1, n_bars=130, timeframe=Timeframe.M15, start=datetime(2026, 11, 23, tzinfo=UTC))
        .bars()
        .frame
    )
    friday = frame.filter(pl.col("ts").dt.date() == date(2026, 11, 27))
    assert friday.height == 14
    one = found(pl.concat([frame, later(scaled(friday.tail(6), 1.001), "90m")]).sort("ts"))
    assert (one["HALF_DAY"].rows, set(one)) == (6, {"HALF_DAY"})


def test_missing_minutes_are_counted_and_placed() -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=4000, timeframe=Timeframe.M1, calendar="24/7").bars().frame
    holed = frame.filter(~pl.int_range(pl.len()).is_in([500, 501, 900, 2000]))
    gap = found(holed, calendar="24/7")["GAP"]
    assert (gap.rows, gap.first_ts) == (4, frame["ts"][499])
    assert "in 3 stretches" in gap.message


# Feeds and names


def test_volume_in_another_unit_for_good_is_a_change_of_feed() -> None:
    one = found(from_bar(DAILY, 310, 1.0, 0.01))
    assert one["FEED_CHANGE"].first_ts == DAILY["ts"][310]


def test_prices_that_lose_their_decimals_are_a_change_of_feed() -> None:
    coarse = pl.when(pl.int_range(pl.len()) < 300).then(pl.col("close").round(2)).otherwise(pl.col("close").round(0))
    frame = DAILY.with_columns(close=coarse).with_columns(
        high=pl.max_horizontal("high", "close", "open"), low=pl.min_horizontal("low", "close", "open")
    )
    assert "closes have 0 decimals, 2 before" in found(frame)["FEED_CHANGE"].message


def test_bars_with_a_broken_order_everywhere_look_generated() -> None:
    broken = DAILY.with_columns(
        low=pl.when(pl.int_range(pl.len()) % 6 == 0).then(pl.col("close") * 1.002).otherwise("low")
    )
    one = found(broken)
    assert {"OHLC_ORDER", "SYNTHETIC_LOOK"} <= set(one)
    assert "17% of the bars break the order" in one["SYNTHETIC_LOOK"].message


def test_a_pair_quoted_in_points_is_named_as_such() -> None:
    points = DAILY.with_columns((pl.col(PRICES) * 1000).round(), symbol=pl.lit("EURGBPh4"))
    assert "rate of exchange" in found(points)["INTEGER_PRICES"].message
    assert "INTEGER_PRICES" not in found(points, calendar="XTKS")


def test_a_symbol_of_a_company_that_has_another_one_today_is_reused() -> None:
    frame = DAILY.with_columns(pl.col("ts").dt.offset_by("6y"), symbol=pl.lit("AXON"))
    assert (
        "Axovant"
        in found(frame.filter(pl.col("ts") >= datetime(2016, 1, 1, tzinfo=UTC)), calendar="24/7")[
            "REUSED_TICKER"
        ].message
    )


def test_the_register_of_instruments_knows_reuse_and_life() -> None:
    register = InstrumentTable((
        Instrument("old", "SYN001", date(2010, 1, 4), date(2010, 12, 31)),
        Instrument("new", "SYN001", date(2011, 2, 1), None),
    ))  # fmt: skip
    one = found(DAILY, instruments=register)
    assert "old, new" in one["REUSED_TICKER"].message
    assert (one["OUTSIDE_LIFE"].severity, one["OUTSIDE_LIFE"].rows) == (ERROR, 20)
    assert one["OUTSIDE_LIFE"].first_ts == datetime(2011, 1, 3, tzinfo=UTC)
    assert found(DAILY.with_columns(symbol=pl.lit("XYZ")), instruments=register) == {}


def test_another_company_after_a_long_silence_is_a_break_of_identity() -> None:
    one = found(pl.concat([DAILY[:300], later(scaled(DAILY[300:], 6.0, 30.0), "728d")]), calendar="24/7")
    assert one["REUSED_TICKER"].severity == ERROR
    assert not {"SUSPECTED_SPLIT", "LEVEL_BREAK"} & set(one)


def test_one_ill_formed_symbol_is_named_and_the_others_are_usable() -> None:
    frame = pl.concat([scaled(DAILY, 1.3).with_columns(symbol=pl.lit("J&K")), DAILY])
    findings = run(frame, calendar="XNYS", now=NOW)
    assert [(one.code, one.symbol, one.rows) for one in findings] == [("BAD_SYMBOL", "J&K", 0)]
    parted = split(frame, ValidationResult(tuple(findings)))
    assert parted.kept.equals(DAILY)
    assert parted.refused == {"J&K": "BAD_SYMBOL"}


def test_quarterly_falls_at_the_open_on_quiet_days_are_suspected_dividends() -> None:
    frame = DAILY
    for at in (60, 123, 186, 249):
        frame = from_bar(frame, at, 0.94)
    assert "SUSPECTED_DIVIDEND" in found(frame)


@pytest.mark.parametrize(("first", "bars"), [(200, 1), (40, 10)])
def test_bars_filled_with_the_one_before_or_pasted_twice_are_noticed(first: int, bars: int) -> None:
    copied = pl.concat([DAILY[first : first + bars]] * (5 if bars == 1 else 1))
    at = 201 if bars == 1 else 300
    frame = pl.concat(
        [DAILY[:at], copied.with_columns(ts=DAILY["ts"][at : at + copied.height]), DAILY[at + copied.height :]]
    )
    one = found(frame)["REPEATED_BARS"]
    assert (one.rows, one.first_ts) == (copied.height, DAILY["ts"][at])

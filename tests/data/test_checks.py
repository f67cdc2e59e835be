from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import UnknownName
from augury.core.timeframe import Timeframe
from augury.data.checks import CHECKS, ERROR, WARNING, Finding, run
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket

Build = Callable[..., pl.DataFrame]
NOW = datetime(2019, 6, 1, tzinfo=UTC)


def found(frame: pl.DataFrame | Bars, **options: object) -> dict[str, Finding]:
    options = {"calendar": "XNYS", "now": NOW} | options
    return {finding.code: finding for finding in run(frame, **options)}  # type: ignore[arg-type]


def test_clean_bars_have_no_finding(frame_of: Build) -> None:
    assert found(frame_of()) == {}


@pytest.mark.parametrize("name", CHECKS.names())
def test_every_rule_has_a_file_named_like_its_code(name: str) -> None:
    check = CHECKS.load(name)
    assert check.code == name.upper()
    assert check.severity in (ERROR, WARNING)


NAN, INF = float("nan"), float("inf")
BROKEN = {
    "high below the close": ("OHLC_ORDER", ERROR, {"high": {7: 99.9}}),
    "high below the open": ("OHLC_ORDER", ERROR, {"open": {7: 105.0}}),
    "low above the close": ("OHLC_ORDER", ERROR, {"low": {7: 102.2}}),
    "open of 0": ("ZERO_PRICE", ERROR, {"open": {7: 0.0}}),
    "close of 0": ("ZERO_PRICE", ERROR, {"close": {7: 0.0}, "low": {7: 0.0}}),
    "negative low": ("NEGATIVE_PRICE", ERROR, {"low": {7: -1.0}}),
    "negative volume": ("NEG_VOLUME", ERROR, {"volume": {7: -5.0}}),
    "close not a number": ("NON_FINITE", ERROR, {"close": {7: NAN}}),
    "infinite high": ("NON_FINITE", ERROR, {"high": {7: INF}}),
    "missing open": ("NON_FINITE", ERROR, {"open": {7: None}}),
    "missing close": ("NON_FINITE", ERROR, {"close": {7: None}}),
    "infinite volume": ("NON_FINITE", ERROR, {"volume": {7: INF}}),
    "seconds read as milliseconds": ("OUT_OF_RANGE_TS", ERROR, {"ts": {0: datetime(1889, 1, 1, tzinfo=UTC)}}),
    "a day after now": ("FUTURE_BAR", ERROR, {"ts": {59: datetime(2019, 6, 4, tzinfo=UTC)}}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_bar_is_found_by_code_symbol_and_time(case: str, frame_of: Build) -> None:
    code, severity, cells = BROKEN[case]
    frame = frame_of(**cells)
    at = next(iter(next(iter(cells.values()))))
    finding = found(frame)[code]
    assert (finding.severity, finding.symbol, finding.rows) == (severity, "AAA", 1)
    assert finding.first_ts == frame["ts"][at]
    assert finding.message.endswith(f"({code})")
    assert finding.fix == "augury data check FILE"


def test_findings_are_counted_for_each_symbol(frame_of: Build) -> None:
    other = frame_of("BBB", volume={5: -1.0, 9: -2.0}).with_columns(pl.col("open", "high", "low", "close") * 1.5)
    frame = pl.concat([frame_of("AAA", volume={3: -1.0}), other])
    findings = run(frame, calendar="XNYS", now=NOW)
    assert [(finding.symbol, finding.rows) for finding in findings] == [("AAA", 1), ("BBB", 2)]
    assert "volume is -1.0 and 1 more" in findings[1].message


def test_rounding_of_adjusted_prices_is_no_order_error(frame_of: Build) -> None:
    assert found(frame_of(high={7: 100.0 - 1e-9}, close={7: 100.0}, open={7: 99.5}, low={7: 99.0})) == {}


def test_identical_rows_are_a_warning_and_conflicting_ones_an_error(frame_of: Build) -> None:
    frame = frame_of()
    double = found(pl.concat([frame[:4], frame[3:]]))
    assert {code: finding.severity for code, finding in double.items()} == {"DUPLICATE": WARNING}
    clash = found(pl.concat([frame[:4], frame[3:4].with_columns(volume=pl.lit(1.0)), frame[4:]]))
    assert clash["CONFLICT"].severity == ERROR
    assert clash["CONFLICT"].first_ts == frame["ts"][3]
    assert "DUPLICATE" not in clash


def test_rows_out_of_order_are_reported_and_judged_in_order(frame_of: Build) -> None:
    frame = frame_of()
    mixed = found(pl.concat([frame[10:], frame[:10]]))
    assert list(mixed) == ["UNSORTED"]
    assert mixed["UNSORTED"].rows == 1


@pytest.mark.parametrize("closed", ["2012-10-29", "2018-12-05", "2025-01-09", "2026-11-27"])
def test_closures_and_half_days_are_no_gaps(closed: str) -> None:
    day = datetime.fromisoformat(closed).replace(tzinfo=UTC)
    for timeframe, n in ((Timeframe.D1, 20), (Timeframe.H1, 140), (Timeframe.M15, 520), (Timeframe.H4, 40)):
        market = SyntheticMarket(n_symbols=2, n_bars=n, timeframe=timeframe, start=day - timedelta(days=10))
        assert found(market.bars(), now=None).keys() <= {"OUTLIER"}


def test_a_lunch_break_and_summer_time_are_no_gaps() -> None:
    for calendar, start in (("XTKS", datetime(2018, 6, 1, tzinfo=UTC)), ("XLON", datetime(2018, 3, 20, tzinfo=UTC))):
        market = SyntheticMarket(n_symbols=1, n_bars=60, calendar=calendar, start=start)
        assert found(market.bars(), calendar=calendar) == {}


def test_a_missing_session_is_a_gap_with_its_place(frame_of: Build) -> None:
    frame = frame_of()
    holed = found(frame.filter(~pl.col("ts").is_in(frame["ts"][20:23].implode())))
    assert holed["GAP"].rows == 3
    assert holed["GAP"].first_ts == frame["ts"][19]
    assert holed["LOW_COVERAGE"].rows == 3


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_planted_gaps_are_counted_exactly_in_every_timeframe(timeframe: Timeframe) -> None:
    market = SyntheticMarket(
        n_symbols=2, n_bars=700, gaps=4, timeframe=timeframe, start=datetime(2003, 1, 6, tzinfo=UTC)
    )
    gaps = [finding for finding in run(market.bars()) if finding.code == "GAP"]
    # Bars missing on the first and last day of an intraday symbol cannot be told from a late start.
    assert sum(finding.rows for finding in gaps) == 4


def test_a_bar_on_a_closed_day_is_pointed_out(frame_of: Build) -> None:
    moved = found(frame_of(ts={59: datetime(2018, 12, 5, tzinfo=UTC)}))
    assert moved["OFF_SESSION"].severity == WARNING


@pytest.mark.parametrize("seed", range(5))
def test_every_planted_split_is_suspected_and_nothing_else(seed: int) -> None:
    market = SyntheticMarket(n_symbols=4, n_bars=600, splits=5, seed=seed, regimes=False)
    planted = market.planted()
    findings = [finding for finding in run(market.bars()) if finding.code == "SUSPECTED_SPLIT"]
    assert sum(finding.rows for finding in findings) == 5
    assert {finding.symbol for finding in findings} == set(planted["symbol"].to_list())
    assert {finding.severity for finding in findings} == {ERROR}


def test_a_true_crash_is_kept_with_a_note(frame_of: Build) -> None:
    crashed = {at: 48.0 + 0.5 * (at % 3) for at in range(30, 40)}
    low, high = ({at: price + step for at, price in crashed.items()} for step in (-1.0, 1.0))
    frame = frame_of(n=40, open=crashed | {30: 60.0}, close=crashed, low=low, high=high | {30: 61.0}, volume={30: 9e4})
    crash = found(frame)
    assert list(crash) == ["JUMP"]
    assert "with a surge of volume, likely real" in crash["JUMP"].message


def test_an_adjusted_close_that_knew_of_the_split_explains_it() -> None:
    market = SyntheticMarket(n_symbols=1, n_bars=300, splits=1)
    clean = SyntheticMarket(n_symbols=1, n_bars=300).bars().frame
    known = market.bars().frame.with_columns(clean["close"].alias("adj_close"))
    assert found(known) == {}


def test_without_an_open_a_split_is_only_a_warning() -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=300, splits=1, regimes=False).bars().frame
    absent = [pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low", "volume")]
    assert found(frame.with_columns(absent))["SUSPECTED_SPLIT"].severity == WARNING


def test_stopped_feeds_are_noticed(frame_of: Build) -> None:
    stale = frame_of().with_columns(close=pl.lit(100.0), open=pl.lit(100.0), high=pl.lit(101.0), low=pl.lit(99.0))
    assert found(stale)["STALE_SERIES"].rows == 60
    assert found(frame_of().with_columns(volume=pl.lit(0.0)))["FLAT_VOLUME"].rows == 60
    assert "FLAT_VOLUME" not in found(frame_of(volume=dict.fromkeys(range(29), 0.0)))


def test_a_series_full_of_extremes_is_noticed(frame_of: Build) -> None:
    wild = frame_of().with_columns(
        pl.when(pl.int_range(pl.len()) % 12 == 0)
        .then(130.0)
        .otherwise(100.0 + 0.01 * (pl.int_range(pl.len()) % 5))
        .alias("close")
    )
    wild = wild.with_columns(open=pl.col("close"), high=pl.col("close") + 1, low=pl.col("close") - 1)
    assert found(wild)["OUTLIER"].severity == WARNING


def test_a_mostly_missing_column_is_noticed(frame_of: Build) -> None:
    assert found(frame_of(volume=dict.fromkeys(range(10), None)))["LOW_COVERAGE"].rows == 10


def test_the_forming_bar_is_noticed_until_close_and_grace() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    close = datetime(2018, 12, 31, 21, tzinfo=UTC)
    assert list(found(bars, now=close - timedelta(minutes=1))) == ["FORMING_BAR"]
    assert list(found(bars, now=close, grace_minutes=10)) == ["FORMING_BAR"]
    assert found(bars, now=close) == {}


def test_a_new_day_in_the_far_east_is_not_the_future(frame_of: Build) -> None:
    frame = frame_of()
    last = frame["ts"][-1]
    assert "FUTURE_BAR" not in found(frame, now=last - timedelta(hours=9), calendar="XTKS")
    assert "FUTURE_BAR" in found(frame, now=last - timedelta(hours=15))


def test_nulls_of_a_close_only_source_are_no_findings() -> None:
    assert found(SOURCES.load("skfolio").load(["KO", "MSFT"]), now=datetime(2023, 6, 1, tzinfo=UTC)) == {}


def test_wrong_columns_and_empty_frames_stop_the_rest(frame_of: Build) -> None:
    assert list(found(frame_of().drop("volume"))) == ["SCHEMA"]
    assert "volume is missing" in found(frame_of().drop("volume"))["SCHEMA"].message
    assert list(found(frame_of().clear())) == ["EMPTY"]


def test_an_unknown_rule_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'gap'"):
        CHECKS.load("gaap")

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UnknownName, UsageError
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.tables import FeatureTable
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import closed, known_at
from augury.data.calendar.openings import bar_opens
from augury.data.calendar.resample import resample
from augury.data.panel.higher import alignment, join_higher, join_tables

H1, H4, D1, W1 = Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1
FIRST, LAST = datetime(2018, 11, 12, tzinfo=UTC), datetime(2019, 1, 11, tzinfo=UTC)
"""Holds two half days (2018-11-23, 2018-12-24), a closed day (2018-12-05) and a week of four sessions."""


def feed(timeframe: Timeframe, calendar: str = "XNYS", symbols: tuple[str, ...] = ("A", "B")) -> Bars:
    """Bars whose close tells when they opened, so that a joined value tells which bar it is."""
    ts = bar_opens(timeframe, calendar, FIRST, LAST)["ts"]
    frame = pl.DataFrame({"symbol": symbols}).join(pl.DataFrame({"ts": ts}), how="cross")
    value = pl.col("ts").dt.epoch("s").cast(pl.Float64) + pl.col("symbol").rank("dense")
    names = ("open", "high", "low", "close", "volume")
    return Bars(frame.with_columns(value.alias(name) for name in names), timeframe, calendar)


def ladder(feeds: dict[Timeframe, Bars]) -> pl.DataFrame:
    lower = feeds[H1].frame.select("symbol", "ts", "close")
    for timeframe in (H4, D1, W1):
        higher = feeds[timeframe].frame.select("symbol", "ts", "close")
        lower = join_higher(lower, higher, H1, timeframe, feeds[H1].calendar)
    return lower


@pytest.fixture(scope="module")
def feeds() -> dict[Timeframe, Bars]:
    return {timeframe: feed(timeframe) for timeframe in (H1, H4, D1, W1)}


def row(frame: pl.DataFrame, *moment: int) -> dict[str, object]:
    return frame.filter(symbol="A", ts=datetime(*moment, tzinfo=UTC)).row(0, named=True)  # type: ignore[arg-type]


def opened(value: object) -> datetime:
    return datetime.fromtimestamp(float(value) - 1, tz=UTC)  # type: ignore[arg-type]


def test_a_morning_sees_yesterday_and_the_last_hour_sees_its_own_day(feeds) -> None:
    joined = ladder(feeds)
    morning, evening = row(joined, 2018, 12, 18, 14, 30), row(joined, 2018, 12, 18, 20, 30)
    assert opened(morning["close_d1"]).day == 17
    assert opened(evening["close_d1"]).day == 18
    assert opened(morning["close_h4"]) == datetime(2018, 12, 17, 18, 30, tzinfo=UTC)
    assert opened(row(joined, 2018, 12, 18, 17, 30)["close_h4"]) == datetime(2018, 12, 18, 14, 30, tzinfo=UTC)
    assert opened(evening["close_w1"]) == datetime(2018, 12, 10, tzinfo=UTC)


def test_a_half_day_ends_early_and_so_does_its_bar(feeds) -> None:
    joined = ladder(feeds)
    assert opened(row(joined, 2018, 12, 24, 16, 30)["close_d1"]).day == 21
    # The last bar of a half day opens at 17:30 and closes with the session at 18:00.
    assert opened(row(joined, 2018, 12, 24, 17, 30)["close_d1"]).day == 24
    assert opened(row(joined, 2018, 11, 23, 17, 30)["close_w1"]) == datetime(2018, 11, 19, tzinfo=UTC)
    assert opened(row(joined, 2018, 11, 23, 16, 30)["close_w1"]) == datetime(2018, 11, 12, tzinfo=UTC)


CUTS = [
    (2018, 11, 23, 17, 45), (2018, 11, 23, 18, 0), (2018, 12, 4, 16, 0), (2018, 12, 6, 15, 0), (2018, 12, 7, 20, 59),
    (2018, 12, 7, 21, 0), (2018, 12, 24, 16, 5), (2018, 12, 24, 18, 0), (2018, 12, 26, 19, 17), (2019, 1, 4, 20, 59),
]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
def test_cutting_the_feed_in_mid_bar_changes_no_joined_value(feeds, cut: tuple[int, ...]) -> None:
    moment = datetime(*cut, tzinfo=UTC)  # type: ignore[arg-type,misc]
    whole = ladder(feeds)
    cut_off = ladder({timeframe: closed(bars, moment) for timeframe, bars in feeds.items()})
    assert cut_off.height
    assert whole.join(cut_off.select("symbol", "ts"), on=["symbol", "ts"], how="semi").equals(cut_off)


@pytest.mark.parametrize("cut", CUTS)
def test_a_forming_bar_with_other_values_changes_no_joined_value(feeds, cut: tuple[int, ...]) -> None:
    moment = datetime(*cut, tzinfo=UTC)  # type: ignore[arg-type,misc]

    def forming(bars: Bars) -> Bars:
        late = known_at(bars.frame["ts"], bars.timeframe, bars.calendar) > moment
        changed = bars.frame.with_columns(pl.when(late).then(-1.0).otherwise(pl.col("close")).alias("close"))
        return bars.with_frame(changed.filter(pl.col("ts") <= moment))

    known = closed(feeds[H1], moment)
    seen = ladder({timeframe: forming(bars) for timeframe, bars in feeds.items()} | {H1: known})
    whole = ladder(feeds)
    assert whole.join(seen.select("symbol", "ts"), on=["symbol", "ts"], how="semi").equals(seen)


def test_bars_made_from_the_hours_join_like_the_vendors(feeds) -> None:
    days = resample(feeds[H1], D1)
    made = feeds | {D1: days, W1: resample(days, W1)}
    assert ladder(made)["close_d1"].is_null().to_list() == ladder(feeds)["close_d1"].is_null().to_list()


def test_a_missing_higher_bar_is_null_until_the_next_and_never_filled(feeds) -> None:
    days = feeds[D1].frame.filter(pl.col("ts") != datetime(2018, 12, 18, tzinfo=UTC))
    joined = join_higher(feeds[H1].frame.select("symbol", "ts"), days.select("symbol", "ts", "close"), H1, D1, "XNYS")
    assert row(joined, 2018, 12, 18, 19, 30)["close_d1"] is not None
    assert row(joined, 2018, 12, 18, 20, 30)["close_d1"] is None
    assert row(joined, 2018, 12, 19, 19, 30)["close_d1"] is None
    assert row(joined, 2018, 12, 19, 20, 30)["close_d1"] is not None


def test_a_symbol_sees_only_its_own_higher_bars(feeds) -> None:
    only = feeds[D1].frame.filter(symbol="B").select("symbol", "ts", "close")
    joined = join_higher(feeds[H1].frame.select("symbol", "ts"), only, H1, D1, "XNYS")
    assert joined.filter(symbol="A")["close_d1"].null_count() == joined.filter(symbol="A").height
    assert joined.filter(symbol="B")["close_d1"].drop_nulls().len() > 0


def test_rows_and_their_order_stay(feeds) -> None:
    joined = ladder(feeds)
    assert joined.select("symbol", "ts", "close").equals(feeds[H1].frame.select("symbol", "ts", "close"))


@pytest.mark.parametrize("calendar", ["24/7", "XTKS"])
def test_markets_with_other_hours_never_see_a_bar_before_its_close(calendar: str) -> None:
    feeds = {timeframe: feed(timeframe, calendar) for timeframe in (H1, H4, D1, W1)}
    joined = ladder(feeds).with_columns(known_at(feeds[H1].frame["ts"], H1, calendar).alias("now"))
    for timeframe in (H4, D1, W1):
        some = joined.filter(symbol="A").drop_nulls(f"close_{timeframe}")
        opens = pl.Series([opened(value) for value in some[f"close_{timeframe}"]], dtype=pl.Datetime("us", "UTC"))
        assert some.height
        assert (known_at(opens, timeframe, calendar) <= some["now"]).all()


def test_feature_tables_join_with_their_manifests(feeds) -> None:
    def table(timeframe: Timeframe, lookback: int) -> FeatureTable:
        frame = feeds[timeframe].frame.select("symbol", "ts", pl.col("close").cast(pl.Float32).alias("trend"))
        return FeatureTable(frame, FeatureManifest((FeatureSpec("trend", "t", ("close",), lookback),)), str(timeframe))

    joined = join_tables(table(H1, 3), table(D1, 20), H1, D1, "XNYS")
    assert joined.manifest.names == ("trend", "trend_d1")
    assert joined.manifest.features[1].lookback_bars == 130
    assert joined.X.shape == (joined.frame.height, 2)
    assert np.isnan(joined.X[:, 1]).any()
    other = replace(table(D1, 20), data_version="other")
    assert join_tables(table(H1, 3), other, H1, D1, "XNYS").data_version != joined.data_version


def test_the_alignment_score_is_the_mean_agreement_of_signs() -> None:
    frame = pl.DataFrame(
        {"rsi": [60.0, 60.0, 40.0, 50.0], "rsi_h4": [70.0, 40.0, 20.0, 60.0], "rsi_d1": [51.0, 80.0, 10.0, None]}
    )
    found = alignment(frame, "rsi", [H4, D1], centre=50.0)["alignment_rsi"]
    assert found.to_list() == [1.0, 0.0, 1.0, None]
    assert alignment(frame, "rsi", [H4], centre=50.0)["alignment_rsi"].to_list() == [1.0, -1.0, 1.0, 0.0]
    with pytest.raises(UnknownName, match="rsi_w1"):
        alignment(frame, "rsi", [W1])


def test_wrong_joins_are_refused(feeds) -> None:
    hours, days = feeds[H1].frame, feeds[D1].frame
    with pytest.raises(UsageError, match="not longer"):
        join_higher(days, hours, D1, H1, "XNYS")
    twice = join_higher(hours, days, H1, D1, "XNYS")
    with pytest.raises(UsageError, match="join each timeframe once"):
        join_higher(twice, days, H1, D1, "XNYS")
    with pytest.raises(DataError, match="no session of XNYS"):
        join_higher(hours, days.with_columns(pl.col("ts") + timedelta(days=5)), H1, D1, "XNYS")

"""Cutting windows: how many, where, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, InsufficientHistory, NotFound, UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.labels import Blacklist, extract_windows, window_prices

FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def hours(n: int, symbol: str = "BTC", seed: int = 3) -> pl.DataFrame:
    """Bars of every hour, day and night."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.004, n)))
    start = np.concatenate([[100.0], close[:-1]])
    first = int(FIRST.timestamp()) * 1_000_000
    return pl.DataFrame(
        {
            "symbol": [symbol] * n,
            "ts": pl.Series(first + np.arange(n) * 3_600_000_000).cast(pl.Datetime("us", "UTC")),
            "open": start,
            "high": np.maximum(start, close) * 1.002,
            "low": np.minimum(start, close) * 0.998,
            "close": close,
            "volume": np.ones(n),
        }
    )


@pytest.mark.parametrize(("n", "expected"), [(105, 1), (156, 1), (157, 2), (1000, 18), (118_831, 2284)])
def test_the_number_of_windows_is_that_of_the_formula(n: int, expected: int) -> None:
    windows = extract_windows(hours(n), stride=52)
    assert len(windows) == expected == (n - 105) // 52 + 1
    assert windows.prices.shape == (expected, 105, 4)
    assert windows.frame["raw_start_idx"].to_list() == list(range(0, n - 104, 52))[:expected]


def test_104_bars_are_too_few_and_say_so() -> None:
    with pytest.raises(InsufficientHistory, match=r"BTC has 104 bars.*insufficient_history need=105 have=104") as error:
        extract_windows(hours(104))
    assert error.value.facts == {"need": 105, "have": 104}
    with pytest.raises(InsufficientHistory, match="need=105 have=0"):
        extract_windows(Bars(hours(104).clear(), Timeframe.H1, "24/7"))


def test_each_window_holds_the_bars_it_names() -> None:
    frame = hours(400)
    windows = extract_windows(frame, stride=37, max_offset=10, seed=9)
    whole = frame.select("open", "high", "low", "close").to_numpy()
    for at, row in enumerate(windows.frame.iter_rows(named=True)):
        first, last = row["raw_start_idx"], row["raw_end_idx"]
        assert last - first == 104
        assert np.array_equal(windows.prices[at], whole[first : last + 1])
        assert (row["start_ts"], row["end_ts"]) == (frame["ts"][first], frame["ts"][last])
        assert row["offset"] == first - 37 * at


def test_no_window_spans_a_gap_and_cutting_starts_anew_behind_it() -> None:
    frame = hours(1000)
    holed = pl.concat([frame[:300], frame[301:700], frame[705:]])
    windows = extract_windows(holed, calendar="24/7")
    counts = [(300 - 105) // 52 + 1, (399 - 105) // 52 + 1, (295 - 105) // 52 + 1]
    assert len(windows) == sum(counts)
    spans = (windows.frame["end_ts"] - windows.frame["start_ts"]).unique().to_list()
    assert spans == [timedelta(hours=104)]
    assert windows.notes == ("2 gaps: no window spans one",)


def test_a_run_without_gap_that_is_too_short_is_named() -> None:
    frame = hours(200)
    with pytest.raises(InsufficientHistory, match="need=105 have=104"):
        extract_windows(frame.filter(pl.int_range(pl.len()) != 104), calendar="24/7")


def test_the_calendar_of_the_bars_decides_what_a_gap_is() -> None:
    market = SyntheticMarket(n_symbols=1, n_bars=1000).bars()
    assert len(extract_windows(market)) == 18
    with pytest.raises(InsufficientHistory, match="have=5"):
        extract_windows(market, calendar="24/7")


def test_a_plain_frame_with_weekends_is_taken_for_24_7_and_the_result_says_so() -> None:
    assert extract_windows(hours(300)).notes == ("calendar 24/7 assumed: name another with calendar=",)
    stocks = SyntheticMarket(n_symbols=1, n_bars=300).bars().frame
    assert extract_windows(stocks).notes == ("calendar XNYS assumed: name another with calendar=",)


def test_other_layouts_are_read_like_everywhere() -> None:
    frame = hours(200).rename({"ts": "date", "open": "Open"}).drop("symbol")
    windows = extract_windows(frame, symbol="BTC", timeframe="h1", calendar="24/7")
    assert (len(windows), windows.frame["symbol"][0]) == (2, "BTC")


def test_symbols_stay_apart_and_the_order_of_others_changes_no_draw() -> None:
    one, two = hours(300, "AAA", 1), hours(260, "BBB", 2)
    both = extract_windows(pl.concat([one, two]), max_offset=20)
    alone = extract_windows(two, max_offset=20)
    part = both.take(both.frame["symbol"].eq("BBB").to_numpy())
    assert part.frame.drop("data_version").equals(alone.frame.drop("data_version"))
    assert np.array_equal(part.prices, alone.prices)
    assert both.frame["window_id"].n_unique() == len(both)


def test_appended_bars_add_windows_and_move_none() -> None:
    frame = hours(700)
    early, late = extract_windows(frame[:500]), extract_windows(frame)
    assert late.frame["window_id"].head(len(early)).to_list() == early.frame["window_id"].to_list()


def test_sessions_are_those_of_the_last_bar_and_can_be_named() -> None:
    windows = extract_windows(hours(1000))
    for tag, end in zip(windows.frame["session"], windows.frame["end_ts"], strict=True):
        wanted = {22: "A", 23: "A", 0: "A"} | dict.fromkeys(range(1, 7), "B")
        wanted |= dict.fromkeys(range(13, 17), "C") | dict.fromkeys(range(17, 22), "D")
        assert tag == wanted.get(end.hour)
    all_day = extract_windows(hours(300), sessions={"X": (0, 12), "Y": (12, 24)})
    assert set(all_day.frame["session"]) <= {"X", "Y"}
    assert extract_windows(SyntheticMarket(n_symbols=1, n_bars=200).bars()).frame["session"].null_count() == 2


def test_random_offsets_use_the_whole_reach_and_never_leave_the_run() -> None:
    windows = extract_windows(hours(5000), max_offset=10)
    offsets = windows.frame["offset"].to_numpy()
    assert set(offsets) == set(range(11))
    assert windows.max_offset == 10
    assert windows.frame["raw_end_idx"].max() < 5000
    again = extract_windows(hours(5000), max_offset=10)
    other = extract_windows(hours(5000), max_offset=10, seed=7)
    assert again.frame.equals(windows.frame)
    assert not other.frame["offset"].equals(windows.frame["offset"])


def labelled_spans(frame: pl.DataFrame, length: int = 12, every: int = 120) -> pl.DataFrame:
    first = list(range(110, frame.height - 120, every))
    return pl.DataFrame(
        {
            "symbol": frame["symbol"][0],
            "start_ts": frame["ts"].gather(first),
            "end_ts": frame["ts"].gather([at + length for at in first]),
            "label": ["expansion" if at % 2 else "consolidation" for at in range(len(first))],
        }
    )


def test_a_labelled_span_starts_at_a_uniformly_random_bar_of_the_inner_zone() -> None:
    frame = hours(60_000)
    spans = labelled_spans(frame)
    windows = extract_windows(frame, spans=spans, max_offset=44)
    start, end = windows.frame["expansion_start"].to_numpy(), windows.frame["expansion_end"].to_numpy()
    assert len(windows) == spans.height
    assert (start.min(), end.max()) == (30, 74)
    assert set(end - start) == {12}
    counts = np.bincount(start - 30, minlength=33)
    expected = len(start) / 33
    # Chi-square with 32 degrees of freedom: 62.5 is its 99.9 % point.
    assert ((counts - expected) ** 2 / expected).sum() < 62.5
    begins = windows.frame["start_ts"] + pl.Series(start * 3_600_000_000).cast(pl.Duration("us"))
    assert begins.to_list() == spans["start_ts"].to_list()
    assert windows.frame["label"].to_list() == spans["label"].to_list()


def test_without_an_offset_every_span_starts_at_one_bar() -> None:
    frame = hours(3000)
    windows = extract_windows(frame, spans=labelled_spans(frame))
    assert windows.frame["expansion_start"].unique().to_list() == [30]


def test_a_span_without_room_is_counted_not_dropped_silently() -> None:
    frame = hours(400)
    ts = frame["ts"]
    rows = [(ts[3], ts[10]), (ts[150], ts[200]), (ts[150], ts[150]), (ts[150], ts[160])]
    spans = pl.DataFrame([("BTC", *row) for row in rows], schema=["symbol", "start_ts", "end_ts"], orient="row")
    windows = extract_windows(frame, spans=spans, max_offset=44)
    assert len(windows) == 1
    assert windows.notes[-1] == "3 spans have no window of whole bars around them"


@pytest.mark.parametrize("max_offset", [0, 30])
def test_a_blacklisted_range_yields_no_window(max_offset: int) -> None:
    frame = hours(1000)
    rejected = [("BTC", 200, 304, "bad feed", "2024-05-01"), ("ETH", 0, 999, "other symbol", "2024-05-01")]
    windows = extract_windows(frame, max_offset=max_offset, blacklist=rejected)
    first, last = windows.frame["raw_start_idx"].to_numpy(), windows.frame["raw_end_idx"].to_numpy()
    assert not ((first <= 304) & (last >= 200)).any()
    left_out = len(extract_windows(frame, max_offset=max_offset)) - len(windows)
    assert left_out > 0
    assert windows.notes[-1] == f"{left_out} windows overlap a blacklisted range and are left out"
    assert len(extract_windows(frame, blacklist=[("BTC", 0, 999, "all of it", "2024-05-01")])) == 0


def test_a_range_with_times_stays_rejected_when_older_bars_are_added_in_front() -> None:
    frame = hours(1000)
    row = {"symbol": "BTC", "raw_start_idx": 100, "raw_end_idx": 204, "reason": "bad", "date": "2024-05-01"}
    times = {"start_ts": frame["ts"][400], "end_ts": frame["ts"][504]}
    windows = extract_windows(frame, stride=1, blacklist=[row | times])
    overlapping = (windows.frame["start_ts"] <= times["end_ts"]) & (windows.frame["end_ts"] >= times["start_ts"])
    assert not overlapping.any()
    assert windows.frame["raw_start_idx"].is_between(100, 204).any()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("BTC", 5, 2, "bad", "2024-05-01"), "rows 5..2"),
        (("BTC", 1, 2, "", "2024-05-01"), "reason"),
        (("BTC", 1, 2, "bad", None), "date"),
        (("BTC", 1, 2, "bad", "yesterday"), "ISO 8601"),
        (("BTC", "x", 2, "bad", "2024-05-01"), "whole numbers"),
        (("BTC", 1), "found \\('BTC', 1\\)"),
    ],
)
def test_a_rejection_is_complete_or_refused(row: tuple[object, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Blacklist.of([row])


def test_a_blacklist_survives_its_file_and_only_grows(tmp_path: Path) -> None:
    rejected = Blacklist.of([("BTC", 200, 304, "bad feed", "2024-05-01")])
    rejected.write(tmp_path / "rejected.json")
    back = Blacklist.read(tmp_path / "rejected.json")
    assert back.frame.equals(rejected.frame)
    assert len(back.with_ranges(rejected)) == 1
    assert len(back.with_ranges([("BTC", 1, 2, "gap", "2024-05-02")])) == 2
    rejected.frame.write_csv(tmp_path / "rejected.csv")
    assert Blacklist.read(tmp_path / "rejected.csv").frame.equals(rejected.frame)
    with pytest.raises(NotFound):
        Blacklist.read(tmp_path / "nothing.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match="not a list"):
        Blacklist.read(tmp_path / "bad.json")


def test_a_broken_bar_is_refused_with_its_place() -> None:
    frame = hours(300)
    frame[150, "high"] = frame[150, "low"] * 0.5
    with pytest.raises(ValidationError, match=r"BTC bar 150 .*OHLC_ORDER.*2 of 4 windows"):
        extract_windows(frame)
    assert len(extract_windows(frame, blacklist=[("BTC", 150, 150, "bad tick", "2024-05-01")])) == 2
    closes = Bars(
        hours(300).with_columns(pl.lit(None, pl.Float64).alias(n) for n in ("open", "high", "low", "volume")),
        Timeframe.H1,
        "24/7",
        close_only=True,
    )
    with pytest.raises(ValidationError, match="open is nan"):
        extract_windows(closes)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stride": 0}, "stride=0"),
        ({"n_bars": 1}, "n_bars=1"),
        ({"max_offset": -1}, "max_offset=-1"),
        ({"max_offset": 1.5}, "max_offset=1.5"),
        ({"spans": pl.DataFrame({"symbol": ["A"]})}, "start_ts"),
        ({"spans": pl.DataFrame({"symbol": ["A"]}), "n_bars": 50}, "n_bars=50"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        extract_windows(hours(200), **settings)


def test_unsorted_bars_and_unknown_spacing_are_refused() -> None:
    with pytest.raises(DataError, match="not sorted"):
        extract_windows(hours(200).reverse(), timeframe="h1")
    odd = hours(200).with_columns(pl.col("ts") + pl.duration(minutes=pl.int_range(pl.len()) * 17))
    with pytest.raises(UsageError, match="timeframe"):
        extract_windows(odd)


def test_a_window_at_the_door_has_exactly_105_whole_bars() -> None:
    bars = hours(106).select("open", "high", "low", "close").to_numpy()
    assert window_prices(bars[:105])[1] == ()
    longer, notes = window_prices(bars)
    assert np.array_equal(longer[0], bars[1:])
    assert notes == ("windows have 106 bars: the last 105 are used",)
    with pytest.raises(InsufficientHistory, match="need=105 have=104"):
        window_prices(bars[:104])
    with pytest.raises(UsageError, match="found"):
        window_prices(bars[:, :3])
    with pytest.raises(UsageError, match="found"):
        window_prices(bars.astype(str))


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        ((1.0, 0.9, 0.5, 1.0), "high 0.9 < max"),
        ((1.0, 2.0, 1.5, 1.2), "low 1.5 > min"),
        ((1.0, np.inf, 0.5, 1.0), "high is inf"),
        ((np.nan, 2.0, 0.5, 1.0), "open is nan"),
        ((1.0, 2.0, 0.0, 1.0), "low is 0"),
        ((1.0, 2.0, -0.5, 1.0), "low is -0.5"),
    ],
)
def test_a_bar_that_breaks_a_rule_is_named(bar: tuple[float, ...], words: str) -> None:
    bars = np.ones((2, 105, 4))
    bars[1, 7] = bar
    with pytest.raises(ValidationError, match=f"window 1 bar 7: {words}"):
        window_prices(bars)


def test_bars_that_are_added_move_no_window():
    bars = SyntheticMarket(n_symbols=2, n_bars=900, gaps=3, seed=5).bars()
    whole = extract_windows(bars, stride=20, max_offset=30)
    for n in range(500, 900, 37):
        moment = bars.frame["ts"].unique().sort()[n]
        early = extract_windows(bars.with_frame(bars.frame.filter(pl.col("ts") <= moment)), stride=20, max_offset=30)
        known = whole.frame.filter(pl.col("end_ts") <= moment)
        assert early.frame["start_ts"].to_list() == known["start_ts"].to_list()

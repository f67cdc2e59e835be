from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import augury
import augury.data
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.core.errors import NotFound, TemporaryError, UnknownName, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar.openings import opening_times
from augury.data.feeds.chain import Chain
from augury.data.feeds.collect import collect_training_data
from augury.data.lake import Lake
from augury.data.sources._bars import between, offered

NOW = datetime(2018, 12, 31, 17, 40, tzinfo=UTC)
CLOCK = FixedClock(NOW)


@dataclass(frozen=True)
class Feed:
    """A vendor with the bars of two symbols in m15 and d1, the forming ones included."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    timeframes: tuple[Timeframe, ...] = (Timeframe.M15, Timeframe.D1)
    name: str = "feed"
    title: str = "feed"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "split"

    def symbols(self) -> list[str]:
        return []

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        symbol = (symbols or [""])[0]
        self.asked.append((symbol, str(offered(self, timeframe))))
        if symbol == "LATE":
            raise TemporaryError("feed: no answer in time (3 tries)")
        if symbol not in ("AAA", "BBB"):
            raise NotFound(f"feed has no {symbol}")
        first = datetime(2018, 9, 4, tzinfo=UTC)
        opens = [ts for ts in opening_times(timeframe, "XNYS", first, 3000) if ts <= NOW]
        close = pl.Series([100.0 + at % 7 for at in range(len(opens))])
        columns = {"symbol": [symbol] * len(opens), "ts": opens, "open": close, "high": close + 1, "low": close - 1}
        frame = pl.DataFrame({**columns, "close": close, "volume": [10.0] * len(opens)}, schema=BAR_SCHEMA)
        return between(Bars(frame, timeframe, "XNYS", self.name, self.adjustment), start, end)


def test_every_timeframe_of_every_symbol_is_there_none_older_none_twice_none_forming() -> None:
    feed = Feed()
    found = collect_training_data(["BBB", "AAA"], lookback_days=60, chain=Chain([feed], clock=CLOCK))
    assert list(found) == ["m15", "h1", "h4", "d1", "w1"]
    for timeframe, frames in found.items():
        assert list(frames) == ["BBB", "AAA"], timeframe
        for frame in frames.values():
            assert frame["ts"].min() >= NOW - timedelta(days=60)
            assert frame.equals(frame.unique(["symbol", "ts"]).sort("symbol", "ts"))
            assert list(frame.schema) == list(BAR_SCHEMA)
    assert found["d1"]["AAA"]["ts"][-1] == datetime(2018, 12, 28, tzinfo=UTC)
    assert found["m15"]["AAA"]["ts"][-1] == datetime(2018, 12, 31, 17, 15, tzinfo=UTC)


def test_a_timeframe_that_nobody_has_is_made_from_the_longest_shorter_one() -> None:
    feed = Feed()
    found = collect_training_data(["AAA"], lookback_days=60, chain=Chain([feed], clock=CLOCK))
    assert feed.asked == [("AAA", "m15"), ("AAA", "d1")]
    assert [text for text in found.warnings if "made from" in text] == [
        "AAA h1: made from m15", "AAA h4: made from m15", "AAA w1: made from d1",
    ]  # fmt: skip
    weekly = found["w1"]["AAA"]
    assert weekly["ts"][0] == datetime(2018, 11, 5, tzinfo=UTC)
    assert weekly["volume"][0] == 50.0, "the week in which the span begins is not half told"


def test_symbols_that_fail_are_named_and_the_others_are_there() -> None:
    found = collect_training_data(["AAA", "NONE", "LATE"], 30, ("d1",), chain=Chain([Feed()], clock=CLOCK))
    assert list(found["d1"]) == ["AAA"]
    named = [text for text in found.warnings if "is missing" in text]
    assert [text.split(" ")[0] for text in named] == ["NONE", "LATE"]
    assert "no answer in time (3 tries)" in named[1]


def test_nothing_at_all_is_a_refusal_and_never_an_empty_answer() -> None:
    with pytest.raises(TemporaryError, match="no bars at all: LATE d1 is missing"):
        collect_training_data(["LATE"], 30, ("d1",), chain=Chain([Feed()], clock=CLOCK))
    with pytest.raises(NotFound, match="no bars at all: NONE d1 is missing"):
        collect_training_data(["NONE"], 30, ("d1",), chain=Chain([Feed()], clock=CLOCK))


def test_a_span_without_a_closed_bar_is_missing_and_not_padded_with_older_ones() -> None:
    with pytest.raises(NotFound, match=r"\^GSPC d1 is missing"):
        collect_training_data(
            ["^GSPC"], 30, ("d1",), chain=Chain(["arch"]), clock=FixedClock(datetime(2024, 1, 1, tzinfo=UTC))
        )


def test_bars_from_the_lake_are_named_with_their_age(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    late = replace(Feed().load(["AAA"]), provider="stored")
    lake.write(late.with_frame(late.frame.with_columns(symbol=pl.lit("LATE"))))
    found = collect_training_data(["LATE"], 30, ("d1",), chain=Chain([Feed()], lake=lake, clock=CLOCK))
    assert found["d1"]["LATE"].height == 18
    assert any("LATE d1: bars of lake (from stored), " in text for text in found.warnings)


def test_aliases_are_echoed_canonical_and_bad_requests_refused() -> None:
    chain = Chain([Feed()], clock=CLOCK)
    assert list(collect_training_data(["AAA"], 30, ("1d", "d1"), chain=chain)) == ["d1"]
    with pytest.raises(UsageError, match="lookback_days=0"):
        collect_training_data(["AAA"], 0, chain=chain)
    with pytest.raises(UnknownName, match="unknown timeframe 'd2'"):
        collect_training_data(["AAA"], 30, ("d2",), chain=chain)


def test_it_is_one_of_the_public_names() -> None:
    assert augury.collect_training_data is collect_training_data
    assert augury.data.collect_training_data is collect_training_data
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        augury.data.nothing  # noqa: B018

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import NotFound, TemporaryError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.feeds.chain import Chain
from augury.data.feeds.fetch import Fetcher
from augury.data.lake import Lake
from augury.data.sources.yahoo import Yahoo

Build = Callable[..., Fetcher]
NOW = FixedClock(datetime(2024, 6, 13, 20, tzinfo=UTC))
PATH = "/v8/finance/chart/DEMO"


@dataclass(frozen=True)
class Given:
    """A source that answers what it was given."""

    bars: Bars
    name: str = "given"
    title: str = "given"
    synthetic: bool = False
    historical: bool = False
    calendar: str = "XNYS"
    adjustment: str = "split+adj"
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)

    def symbols(self) -> list[str]:
        return self.bars.symbols

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        return self.bars


@pytest.fixture
def stored(frame_of: Callable[..., pl.DataFrame]) -> Bars:
    """Sixty daily bars of DEMO from January 2018 on, as another vendor told them."""
    return Bars(frame_of("DEMO"), Timeframe.D1, provider="given", adjustment="split+adj")


@pytest.fixture
def feed(vendor: Any, fetcher: Build) -> Yahoo:
    return Yahoo(base=vendor.base, fetcher=fetcher(), clock=NOW)


def dead_base() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


FAILURES: dict[str, tuple[dict[str, Any] | None, str]] = {
    "connection refused": (None, "connection refused"),
    "a black hole": ({"hang": True}, "no answer in time"),
    "HTML with 200": ({"body": b"<html><body>Sign in</body></html>"}, "not JSON but HTML"),
    "cut JSON": ({"body": b'{"chart": {"result": [{"meta"'}, "cut or broken"),
    "429 with Retry-After": ({"status": 429, "headers": {"Retry-After": "30"}}, "asks to wait 30 s"),
    "an empty list": ({"body": b'{"chart": {"result": []}}'}, "another shape than documented"),
}
each_failure = pytest.mark.parametrize("name", FAILURES)


def failing(name: str, feed: Yahoo, vendor: Any, reply: Any) -> Yahoo:
    settings, _ = FAILURES[name]
    if settings is None:
        return replace(feed, base=dead_base())
    vendor.on(PATH, reply(**settings))
    return feed


@each_failure
def test_a_failed_feed_ends_in_the_next_source_by_name(
    name: str, feed: Yahoo, vendor: Any, reply: Any, stored: Bars
) -> None:
    answer = Chain([failing(name, feed, vendor, reply), Given(stored)], clock=NOW).ask("DEMO")
    assert answer.provider == "given"
    assert answer.bars.frame.equals(stored.frame)
    assert answer.warnings[0].startswith("yahoo failed: ")
    assert FAILURES[name][1] in answer.warnings[0]
    assert answer.warnings[1] == f"DEMO d1: bars of given, {answer.age.days} days old"


@each_failure
def test_a_failed_feed_ends_in_the_lake_by_name(
    name: str, feed: Yahoo, vendor: Any, reply: Any, stored: Bars, lake: Lake
) -> None:
    lake.write(stored)
    answer = Chain([failing(name, feed, vendor, reply)], lake=lake, clock=NOW).ask("DEMO")
    assert (answer.provider, answer.bars.provider, answer.bars.synthetic) == ("lake", "given", False)
    assert answer.bars.frame.equals(stored.frame)
    assert FAILURES[name][1] in answer.warnings[0]
    assert answer.warnings[1] == f"DEMO d1: bars of lake (from given), {answer.age.days} days old"
    assert answer.age == NOW.at - datetime(2018, 3, 28, 20, tzinfo=UTC)


@each_failure
def test_when_everything_fails_the_refusal_names_every_try(
    name: str, feed: Yahoo, vendor: Any, reply: Any, lake: Lake
) -> None:
    broken = failing(name, feed, vendor, reply)
    passing = name != "an empty list"
    with pytest.raises(TemporaryError if passing else NotFound) as caught:
        Chain([broken, replace(broken, name="second")], lake=lake, clock=NOW).ask("DEMO")
    assert [text.split(" ")[0] for text in caught.value.facts["tries"]] == ["yahoo", "second", "lake"]
    assert FAILURES[name][1] in caught.value.message
    assert caught.value.exit_code == (75 if passing else 4)
    assert caught.value.fix == "augury data import FILE --symbol DEMO --timeframe d1"


def test_the_first_source_that_answers_needs_no_warning(feed: Yahoo, vendor: Any, stored: Bars, lake: Lake) -> None:
    lake.write(stored)
    vendor.on(PATH, "yahoo_d1.json")
    answer = Chain([feed, Given(stored)], lake=lake, clock=NOW).ask("DEMO")
    assert (answer.provider, answer.bars.provider, answer.warnings) == ("yahoo", "yahoo", [])
    assert answer.age == timedelta(days=1)


def test_a_source_without_the_timeframe_is_passed_over_by_name(feed: Yahoo, stored: Bars) -> None:
    weekly = replace(stored, timeframe=Timeframe.W1)
    answer = Chain([feed, Given(weekly)], clock=NOW).ask("DEMO", Timeframe.W1)
    assert "yahoo failed: source yahoo has no w1 bars" in answer.warnings[0]


def test_a_history_shorter_than_asked_for_is_said_so(stored: Bars) -> None:
    answer = Chain([Given(stored)], clock=NOW).ask("DEMO", start=datetime(2017, 1, 1, tzinfo=UTC))
    assert answer.warnings == ["DEMO d1: asked from 2017-01-01T00:00:00Z, given begins 2018-01-02T00:00:00Z"]


def test_stored_bars_outside_the_span_are_no_answer(lake: Lake, stored: Bars) -> None:
    lake.write(stored)
    with pytest.raises(NotFound, match="lake failed: source given has no d1 bars from 2020-01-01"):
        Chain([], lake=lake, clock=NOW).ask("DEMO", start=datetime(2020, 1, 1, tzinfo=UTC))


def test_invented_bars_never_stand_in_for_real_ones(feed: Yahoo, vendor: Any, reply: Any, lake: Lake) -> None:
    with pytest.raises(UsageError, match="source synthetic gives invented bars"):
        Chain(["arch", "synthetic"])
    invented = Chain(["synthetic"]).ask("SYN001")
    assert invented.bars.synthetic
    lake.write(replace(invented.bars.with_frame(invented.bars.frame.with_columns(symbol=pl.lit("DEMO")))))
    vendor.on(PATH, reply(status=500))
    with pytest.raises(TemporaryError, match="its d1 bars of DEMO are invented, and real ones were asked for"):
        Chain([feed], lake=lake, clock=NOW).ask("DEMO")


def test_a_chain_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="needs a source or a lake"):
        Chain([])


def test_a_missing_package_or_key_is_a_named_fallback(stored: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALPACA_API_KEY", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "ccxt", None)
    answer = Chain(["alpaca", "ccxt", Given(stored)], clock=NOW).ask("DEMO")
    assert answer.provider == "given"
    assert "ALPACA_API_KEY" in answer.warnings[0]
    assert 'pip install "augury[crypto]"' in answer.warnings[1]

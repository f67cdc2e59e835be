from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from augury.core.bars import ADJUSTMENTS
from augury.core.clock import FixedClock
from augury.core.errors import DataError, MissingExtra, NotFound, TemporaryError, UnknownName, UsageError
from augury.core.timeframe import Timeframe
from augury.data.feeds.fetch import Fetcher
from augury.data.knowledge.actions import checked_actions
from augury.data.sources import SOURCES
from augury.data.sources.alpaca import Alpaca
from augury.data.sources.ccxt import CryptoExchange
from augury.data.sources.finnhub import Finnhub
from augury.data.sources.fred import Fred
from augury.data.sources.yahoo import Yahoo
from augury.data.validation.validator import DataValidator

Build = Callable[..., Fetcher]
NOW = FixedClock(datetime(2024, 6, 12, 20, 30, tzinfo=UTC))
NETWORK = [name for name, source in SOURCES if not source.historical]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


# Every source


@pytest.mark.parametrize("name", SOURCES.names())
def test_a_source_declares_its_adjustment_its_timeframes_and_its_calendar(name: str) -> None:
    source = SOURCES.load(name)
    assert source.adjustment in ADJUSTMENTS
    assert all(isinstance(item, Timeframe) for item in source.timeframes)
    assert source.calendar in ("XNYS", "24/7")
    assert name in NETWORK or source.symbols()


def test_the_network_sources_are_known_by_name() -> None:
    assert NETWORK == ["alpaca", "ccxt", "finnhub", "fred", "yahoo"]


@pytest.mark.parametrize("name", ["alpaca", "ccxt", "yahoo"])
def test_a_vendor_is_never_asked_for_everything(name: str) -> None:
    for nothing in (None, []):
        with pytest.raises(UsageError, match="name the symbols to load"):
            SOURCES.load(name).load(nothing)


@pytest.mark.parametrize("name", ["alpaca", "yahoo"])
def test_a_timeframe_that_is_not_offered_is_refused_before_anything_is_asked(name: str) -> None:
    with pytest.raises(UsageError, match=f"source {name} has no w1 bars \\(it has: m1 m5 m15"):
        SOURCES.load(name).load(["DEMO"], timeframe=Timeframe.W1)


@pytest.mark.parametrize("name", ["fred", "finnhub"])
def test_a_source_of_records_has_no_bars(name: str) -> None:
    with pytest.raises(UsageError, match="not bars"):
        SOURCES.load(name).load(["DEMO"])


def test_bundled_sources_take_a_span() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"], start=at(2018, 12, 27), end=at(2018, 12, 28))
    assert bars.frame["ts"].to_list() == [at(2018, 12, 27), at(2018, 12, 28)]
    with pytest.raises(NotFound, match="no d1 bars from 2020"):
        SOURCES.load("arch").load(["^GSPC"], start=at(2020, 1, 1))
    with pytest.raises(UsageError, match="no time zone"):
        SOURCES.load("arch").load(["^GSPC"], start=datetime(2018, 1, 1))


# Yahoo


@pytest.fixture
def yahoo(vendor: Any, fetcher: Build) -> Yahoo:
    return Yahoo(base=vendor.base, fetcher=fetcher(), clock=NOW)


def test_yahoo_daily_bars_are_dated_by_session_without_empty_and_live_rows(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/DEMO", "yahoo_d1.json")
    bars = yahoo.load(["DEMO"])
    assert bars.frame["ts"].to_list() == [at(2024, 6, 6), at(2024, 6, 7), at(2024, 6, 10), at(2024, 6, 12)]
    assert bars.frame["volume"][-1] == 22_000_000
    assert bars.frame["adj_close"][0] == 120.25
    assert (bars.provider, bars.calendar, bars.adjustment, bars.synthetic) == ("yahoo", "XNYS", "split+adj", False)
    assert DataValidator(calendar="XNYS").validate_frame(bars.frame).errors == []


def test_yahoo_is_asked_for_the_span_and_for_events(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/DEMO", "yahoo_d1.json")
    bars = yahoo.load(["DEMO"], start=at(2024, 6, 7), end=at(2024, 6, 10))
    assert bars.frame["ts"].to_list() == [at(2024, 6, 7), at(2024, 6, 10)]
    query = vendor.asked[0][1]
    assert (query["interval"], query["events"], query["includePrePost"]) == ("1d", "div,split", "false")
    assert int(query["period1"]) == at(2024, 6, 6).timestamp()
    assert int(query["period2"]) == at(2024, 6, 11).timestamp()


def test_yahoo_intraday_bars_open_in_utc_and_reach_back_as_far_as_allowed(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/DEMO", "yahoo_h1.json")
    bars = yahoo.load(["DEMO"], timeframe=Timeframe.H1, start=at(2010, 1, 1))
    assert [ts.time().isoformat() for ts in bars.frame["ts"]] == ["13:30:00", "14:30:00", "15:30:00"]
    assert (bars.adjustment, "adj_close" in bars.frame.columns) == ("split", False)
    assert int(vendor.asked[0][1]["period1"]) == at(2022, 6, 14, 20, 30).timestamp()


def test_yahoo_crypto_follows_the_calendar_without_nights(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/BTC-USD", "yahoo_crypto.json")
    bars = yahoo.load(["BTC-USD"])
    assert (bars.calendar, bars.frame["ts"][0]) == ("24/7", at(2024, 6, 8))


def test_yahoo_tells_a_dividend_as_it_was_paid(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/DEMO", "yahoo_d1.json")
    rows = checked_actions(yahoo.actions(["DEMO"])).rows()
    assert rows == [("DEMO", date(2024, 6, 7), "dividend", 1.0), ("DEMO", date(2024, 6, 10), "split", 4.0)]
    assert yahoo.actions(["DEMO"], end=at(2024, 6, 8)).rows() == rows[:1]
    assert yahoo.actions(["DEMO"], start=at(2024, 6, 8)).rows() == rows[1:]


def test_yahoo_without_such_a_symbol_or_with_another_one_gives_nothing(vendor: Any, reply: Any, yahoo: Yahoo) -> None:
    payload = (Path(__file__).parent / "payloads" / "yahoo_error.json").read_bytes()
    vendor.on("/v8/finance/chart/NOPE", reply(payload, status=404))
    with pytest.raises(NotFound, match="No data found, symbol may be delisted"):
        yahoo.load(["NOPE"])
    vendor.on("/v8/finance/chart/OTHR", "yahoo_d1.json")
    with pytest.raises(DataError, match="asked for OTHR 1d, the answer is about DEMO 1d"):
        yahoo.load(["OTHR"])
    vendor.on("/v8/finance/chart/DEMO", "yahoo_d1.json")
    with pytest.raises(DataError, match="asked for DEMO 1h, the answer is about DEMO 1d"):
        yahoo.load(["DEMO"], timeframe=Timeframe.H1)


def test_an_answer_of_another_shape_is_named(vendor: Any, reply: Any, yahoo: Yahoo) -> None:
    for body in (b"[]", b"{}", b'{"chart": {"result": []}}', b'{"chart": {"result": [{"meta": 3}]}}'):
        vendor.on("/v8/finance/chart/DEMO", reply(body))
        with pytest.raises(DataError, match="the answer for DEMO has another shape than documented"):
            yahoo.load(["DEMO"])
    text = (Path(__file__).parent / "payloads" / "yahoo_d1.json").read_bytes()
    vendor.on("/v8/finance/chart/DEMO", reply(text.replace(b"120.25,", b'"n/a",', 1)))
    with pytest.raises(DataError, match="another shape"):
        yahoo.load(["DEMO"])


def test_a_symbol_is_one_part_of_the_address(vendor: Any, yahoo: Yahoo) -> None:
    vendor.on("/v8/finance/chart/A/B", "yahoo_d1.json")
    with pytest.raises(DataError, match="asked for A/B"):
        yahoo.load(["A/B"])
    assert vendor.asked[0][0] == "/v8/finance/chart/A%2FB"
    with pytest.raises(UnknownName, match="not a symbol"):
        yahoo.load(["../x"])


# Alpaca


@pytest.fixture
def alpaca(vendor: Any, fetcher: Build) -> Alpaca:
    return Alpaca(base=vendor.base, key="k", secret="s", fetcher=fetcher())


def test_alpaca_pages_are_put_together_and_dated_by_session(vendor: Any, alpaca: Alpaca) -> None:
    vendor.on("/v2/stocks/bars", "alpaca_d1_1.json", "alpaca_d1_2.json")
    bars = alpaca.load(["OTHR", "DEMO"])
    assert bars.of("DEMO").frame["ts"].to_list() == [at(2024, 3, 7), at(2024, 3, 8), at(2024, 3, 11)]
    assert bars.of("OTHR").frame["close"].to_list() == [9.5]
    assert (bars.provider, bars.adjustment, bars.calendar) == ("alpaca", "split", "XNYS")
    first, second = (query for _, query, _ in vendor.asked)
    assert (first["symbols"], first["timeframe"], first["adjustment"]) == ("DEMO,OTHR", "1Day", "split")
    assert first["start"] == "2016-01-01T00:00:00Z"
    assert ("page_token" in first, second["page_token"]) == (False, "REVNT3wxRHwx")


def test_alpaca_keeps_the_bars_of_the_regular_session(vendor: Any, alpaca: Alpaca) -> None:
    vendor.on("/v2/stocks/bars", "alpaca_m15.json")
    bars = alpaca.load(["DEMO"], timeframe=Timeframe.M15)
    assert bars.frame["ts"].to_list() == [at(2024, 3, 11, 13, 30), at(2024, 3, 11, 19, 45)]


def test_alpaca_needs_both_halves_of_a_key_and_shows_neither(
    vendor: Any, reply: Any, fetcher: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALPACA_API_KEY", raising=False)
    monkeypatch.setenv("ALPACA_SECRET_KEY", "s3cret")
    source = Alpaca(base=vendor.base, fetcher=fetcher())
    with pytest.raises(UsageError, match="-> run: export ALPACA_API_KEY="):
        source.load(["DEMO"])
    monkeypatch.setenv("ALPACA_API_KEY", "k3y")
    vendor.on("/v2/stocks/bars", reply(b'{"message": "forbidden, k3y s3cret"}', status=403))
    with pytest.raises(UsageError, match=r"forbidden, \*\*\* \*\*\* \(403\)"):
        source.load(["DEMO"])
    headers = vendor.asked[0][2]
    assert (headers["apca-api-key-id"], headers["apca-api-secret-key"]) == ("k3y", "s3cret")
    assert "s3cret" not in repr(Alpaca(key="k", secret="s3cret"))


def test_alpaca_names_the_symbols_it_has_no_bars_of(vendor: Any, reply: Any, alpaca: Alpaca) -> None:
    vendor.on("/v2/stocks/bars", reply(b'{"bars": null, "next_page_token": null}'))
    with pytest.raises(NotFound, match="no d1 bars for DEMO, OTHR"):
        alpaca.load(["DEMO", "OTHR"])
    with pytest.raises(UsageError, match="adjustment 'half' is none of raw, split, full"):
        Alpaca(adjustment="half")


# ccxt: a stand-in with the documented shape of the package


class BaseError(Exception): ...


class NetworkError(BaseError): ...


class BadSymbol(BaseError): ...


class Binance:
    """Answers pages of two of the recorded rows, as the exchange does: from ``since`` on."""

    rows: list[list[float]] = []  # noqa: RUF012
    fails: list[Exception] = []  # noqa: RUF012
    asked: list[tuple[Any, ...]] = []  # noqa: RUF012

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    def fetch_ohlcv(
        self, symbol: str, timeframe: str = "1m", since: int | None = None, limit: int | None = None
    ) -> Any:
        self.asked.append((symbol, timeframe, since, limit))
        if self.fails:
            raise self.fails.pop(0)
        return [row for row in self.rows if row[0] >= (since or 0)][:2]


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> type[Binance]:
    import json

    module = SimpleNamespace(
        exchanges=["binance", "kraken"], binance=Binance, BaseError=BaseError, NetworkError=NetworkError,
        BadSymbol=BadSymbol,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "ccxt", module)  # type: ignore[arg-type]
    rows = json.loads((Path(__file__).parent / "payloads" / "ccxt_d1.json").read_text())
    monkeypatch.setattr(Binance, "rows", rows)
    monkeypatch.setattr(Binance, "asked", [])
    return Binance


def test_ccxt_pages_are_asked_for_from_behind_the_newest_bar(exchange: type[Binance], fetcher: Build) -> None:
    bars = CryptoExchange(fetcher=fetcher(), clock=NOW).load(["BTC/USDT"])
    assert bars.frame["ts"].to_list() == [at(2024, 6, day) for day in range(1, 6)]
    assert bars.frame["close"][0] == 67_600.0
    assert (bars.provider, bars.calendar, bars.adjustment) == ("ccxt", "24/7", "raw")
    assert DataValidator(calendar="24/7").validate_frame(bars.frame).errors == []
    since = [call[2] for call in exchange.asked]
    assert since == [0, *(int(at(2024, 6, day).timestamp()) * 1000 + 1 for day in (2, 4, 5))]


def test_ccxt_stops_at_the_end_of_the_span(exchange: type[Binance], fetcher: Build) -> None:
    source = CryptoExchange(fetcher=fetcher(), clock=NOW)
    bars = source.load(["BTC/USDT"], start=at(2024, 6, 2), end=at(2024, 6, 3))
    assert bars.frame["ts"].to_list() == [at(2024, 6, 2), at(2024, 6, 3)]
    assert len(exchange.asked) == 1


def test_ccxt_errors_are_told_as_ours(
    exchange: type[Binance], fetcher: Build, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = CryptoExchange(fetcher=fetcher(), clock=NOW)
    monkeypatch.setattr(Binance, "fails", [NetworkError("https://secret.example?key=1")])
    assert source.load(["BTC/USDT"]).frame.height == 5
    assert len(pauses) == 1
    for error, kind, words in (
        (BadSymbol("x"), NotFound, "binance NO/PAIR: the exchange has no such pair"),
        (BaseError("x"), TemporaryError, r"refused \(BaseError\)"),
    ):
        monkeypatch.setattr(Binance, "fails", [error])
        with pytest.raises(kind, match=words):
            source.load(["NO/PAIR"])
    monkeypatch.setattr(Binance, "fails", [NetworkError("k3y")] * 3)
    with pytest.raises(TemporaryError, match=r"not answered \(NetworkError\) \(3 tries\)"):
        source.load(["BTC/USDT"])
    with pytest.raises(UnknownName, match="did you mean 'binance'"):
        CryptoExchange(exchange="binanse").load(["BTC/USDT"])


def test_without_ccxt_the_pip_line_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[crypto\]"'):
        CryptoExchange().load(["BTC/USDT"])


# FRED and Finnhub


def test_fred_tells_every_vintage_and_when_it_was_known(vendor: Any, fetcher: Build) -> None:
    vendor.on("/fred/series/observations", "fred_1.json", "fred_2.json")
    frame = Fred(base=vendor.base, key="k", fetcher=fetcher()).read(["CPIAUCSL"], start=at(2024, 1, 1))
    assert frame.rows() == [
        ("CPIAUCSL", at(2024, 1, 1), at(2024, 2, 14, 6), 308.417),
        ("CPIAUCSL", at(2024, 1, 1), at(2024, 3, 13, 5), 308.5),
        ("CPIAUCSL", at(2024, 2, 1), at(2024, 3, 13, 5), 310.326),
        ("CPIAUCSL", at(2024, 3, 1), at(2024, 4, 11, 5), None),
    ]
    queries = [query for _, query, _ in vendor.asked]
    assert [query["offset"] for query in queries] == ["0", "3"]
    assert (queries[0]["realtime_start"], queries[0]["realtime_end"]) == ("1776-07-04", "9999-12-31")
    assert queries[0]["observation_start"] == "2024-01-01"


def test_fred_and_finnhub_need_a_key_and_never_show_it(
    vendor: Any, reply: Any, fetcher: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    payloads = Path(__file__).parent / "payloads"
    vendor.on("/fred/series/observations", reply((payloads / "fred_error.json").read_bytes(), status=400))
    vendor.on("/api/v1/company-news", reply((payloads / "finnhub_error.json").read_bytes(), status=401))
    for kind, name in ((Fred, "FRED_API_KEY"), (Finnhub, "FINNHUB_API_KEY")):
        monkeypatch.delenv(name, raising=False)
        source = kind(base=vendor.base, fetcher=fetcher())
        with pytest.raises(UsageError, match=f"-> run: export {name}=") as missing:
            source.read(["DEMO"])
        assert missing.value.exit_code == 2
        monkeypatch.setenv(name, key)
        with pytest.raises(UsageError) as refused:
            source.read(["DEMO"])
        assert key not in str(refused.value)
        with pytest.raises(UsageError, match="name the"):
            source.read([])


def test_finnhub_news_carries_the_second_of_publication_and_no_story_without_one(vendor: Any, fetcher: Build) -> None:
    vendor.on("/api/v1/company-news", "finnhub_news.json")
    frame = Finnhub(base=vendor.base, key="k", fetcher=fetcher()).read(
        ["DEMO"], start=at(2024, 6, 1), end=at(2024, 6, 12)
    )
    assert frame["published_at"].to_list() == [at(2024, 6, 10, 12), at(2024, 6, 10, 20, 0, 1)]
    assert frame.row(0)[2:] == (
        "Demo Corp splits its stock", "Demo Corp splits its stock: the details.", "https://news.example/1",
    )  # fmt: skip
    assert vendor.asked[0][1] == {"symbol": "DEMO", "from": "2024-06-01", "to": "2024-06-12"}
    assert vendor.asked[0][2]["x-finnhub-token"] == "k"


def test_finnhub_is_asked_in_pieces_that_leave_no_day_out_and_no_news_is_an_empty_frame(
    vendor: Any, reply: Any, fetcher: Build
) -> None:
    vendor.on("/api/v1/company-news", reply(b"[]"))
    source = Finnhub(base=vendor.base, key="k", fetcher=fetcher(), clock=NOW)
    assert source.read(["DEMO"], start=at(2024, 4, 1, 15)).is_empty()
    days = [(query["from"], query["to"]) for _, query, _ in vendor.asked]
    assert days == [("2024-04-01", "2024-05-01"), ("2024-05-02", "2024-06-01"), ("2024-06-02", "2024-06-12")]

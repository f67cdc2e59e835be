from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import NotFound, UnknownName, ValidationError
from augury.core.timeframe import Timeframe
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket
from augury.data.validation.validator import DataValidator, ValidationResult

Build = Callable[..., pl.DataFrame]
NOW = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


def codes(result: ValidationResult) -> list[str]:
    return [finding.code for finding in result.findings]


def write(tmp_path: Path, frame: pl.DataFrame) -> Path:
    path = tmp_path / "prices.csv"
    frame.write_csv(path)
    return path


def test_a_clean_file_is_valid_with_score_100(tmp_path: Path, frame_of: Build) -> None:
    result = DataValidator(clock=NOW).validate_file(write(tmp_path, frame_of()))
    assert (result.is_valid, result.score, result.findings, result.rows) == (True, 100.0, (), 60)


def test_an_error_names_file_line_symbol_time_and_rule(tmp_path: Path, frame_of: Build) -> None:
    path = write(tmp_path, frame_of(high={10: 101.2}, close={10: 101.9}, open={10: 100.5}))
    result = DataValidator(clock=NOW).validate_file(path)
    assert not result.is_valid
    error = result.errors[0]
    assert error.message == f"{path} line 12: AAA 2018-01-17T00:00:00Z: high 101.2 < close 101.9 (OHLC_ORDER)"
    with pytest.raises(ValidationError, match=r"AAA d1 is refused: .* line 12: .*\(OHLC_ORDER\)") as caught:
        result.raise_if_invalid("AAA d1")
    assert caught.value.fix == f"augury data check {path}"
    assert (caught.value.exit_code, caught.value.facts["codes"]) == (3, ["OHLC_ORDER"])


def test_all_findings_come_at_once(tmp_path: Path, frame_of: Build) -> None:
    frame = frame_of(volume={5: -1.0}, open={7: 0.0}).filter(pl.int_range(pl.len()) != 20)
    path = write(tmp_path, pl.concat([frame, frame[30:31], frame[31:32].with_columns(volume=pl.lit(5.0))]))
    result = DataValidator(clock=NOW).validate_file(path)
    assert set(codes(result)) == {
        "NEG_VOLUME",
        "ZERO_PRICE",
        "GAP",
        "LOW_COVERAGE",
        "DUPLICATE",
        "CONFLICT",
        "UNSORTED",
    }
    missing = 200.0 / 62
    assert result.score == pytest.approx(100 - missing - 10 - 15 - 5 * 3)
    with pytest.raises(ValidationError, match="2 more errors"):
        result.raise_if_invalid("x")


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        DataValidator().validate_file(tmp_path / "none.csv")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "EMPTY"),
        ("date,close\n", "EMPTY"),
        ("date,open,open,close\n2018-01-02,1,2,1\n", "DUPLICATE_COLUMNS"),
        ("when,price\n2018-01-02,1\n", "SCHEMA"),
        ("date,close\n2018-01-02 10:00,1\n2018-01-02 11:00,1.1\n", "NAIVE_TZ"),
        ("date,close\n2018-01-02T10:00Z,1\n2018-01-02T11:00,2\n", "MIXED_TZ"),
        ("date,close\n2018-01-02,1\n2018-01-03,x1\n", "NON_NUMERIC"),
        ("symbol,date,close\nA&B,2018-01-02,1\n", "SCHEMA"),
    ],
)
def test_a_file_that_cannot_be_understood_is_an_error_with_a_code(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(content)
    result = DataValidator(clock=NOW).validate_file(path)
    assert codes(result) == [code]
    assert not result.is_valid
    assert result.score == 95.0


def test_any_layout_can_be_checked_without_naming_its_symbol(bars: Bars, tmp_path: Path) -> None:
    plain = bars.of("SYN001").frame.drop("symbol").rename({"ts": "date"})
    plain.write_ipc(tmp_path / "BTC_USDT-1d.feather")
    assert DataValidator(clock=NOW).validate_file(tmp_path / "BTC_USDT-1d.feather").score == 100.0
    assert DataValidator(clock=NOW).validate_frame(plain).score == 100.0
    assert codes(DataValidator(clock=NOW).validate_frame(plain.clear())) == ["EMPTY"]


def test_the_present_comes_from_the_clock() -> None:
    frame = SOURCES.load("arch").load(["^GSPC"]).frame
    early = DataValidator(clock=FixedClock(datetime(2018, 12, 28, 12, tzinfo=UTC))).validate_frame(frame)
    assert codes(early) == ["FUTURE_BAR"]
    forming = DataValidator(clock=FixedClock(datetime(2018, 12, 31, 20, tzinfo=UTC))).validate_frame(frame)
    assert codes(forming) == ["FORMING_BAR"]
    assert forming.is_valid


def test_bars_on_weekends_are_taken_for_a_market_that_never_closes() -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=200, calendar="24/7").bars().frame
    assert DataValidator(clock=NOW).validate_frame(frame).findings == ()
    assert "OFF_SESSION" in codes(DataValidator("XNYS", clock=NOW).validate_frame(frame))


def test_only_the_rules_asked_for_are_run(frame_of: Build) -> None:
    frame = frame_of(volume={5: -1.0}, open={7: 0.0})
    assert codes(DataValidator(rules=["neg_volume"], clock=NOW).validate_frame(frame)) == ["NEG_VOLUME"]
    with pytest.raises(UnknownName, match="did you mean"):
        DataValidator(rules=["neg_volum"])


def test_a_result_is_one_json_document(tmp_path: Path, frame_of: Build) -> None:
    result = DataValidator(clock=NOW).validate_file(write(tmp_path, frame_of(volume={5: -1.0})))
    document = json.loads(json.dumps(result.to_json()))
    assert document["is_valid"] is False
    assert document["findings"][0]["first_ts"] == "2018-01-09T00:00:00Z"


def test_the_score_never_leaves_its_range() -> None:
    frame = SyntheticMarket(n_symbols=6, n_bars=60, gaps=150).bars().frame
    broken = pl.concat([frame.with_columns(volume=pl.lit(-1.0), high=pl.lit(0.1)), frame.head(1)])
    result = DataValidator(clock=NOW).validate_frame(broken)
    assert 0.0 <= result.score < 60.0


def test_times_without_zone_are_refused_and_the_rest_is_judged_all_the_same(tmp_path: Path) -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=60, timeframe=Timeframe.H1).bars().frame
    frame = frame.with_columns(volume=pl.when(pl.int_range(pl.len()) == 9).then(-1.0).otherwise("volume"))
    path = write(tmp_path, frame.with_columns(pl.col("ts").dt.replace_time_zone(None)))
    assert codes(DataValidator(clock=NOW).validate_file(path)) == ["NAIVE_TZ", "NEG_VOLUME"]
    assert codes(DataValidator(clock=NOW, tz="UTC").validate_file(path)) == ["NEG_VOLUME"]


def test_an_ill_formed_symbol_is_named_and_the_others_are_judged(tmp_path: Path, frame_of: Build) -> None:
    frame = pl.concat([frame_of(), frame_of("J&K", volume={5: -1.0})])
    result = DataValidator(clock=NOW).validate_file(write(tmp_path, frame))
    assert [(one.code, one.symbol) for one in result.findings] == [("BAD_SYMBOL", "J&K")]
    assert result.rows == 60


def test_the_calendar_is_told_from_symbols_and_hours() -> None:
    def judged(symbol: str, calendar: str, timeframe: Timeframe) -> str:
        market = SyntheticMarket(n_symbols=1, n_bars=200, calendar=calendar, timeframe=timeframe)
        frame = market.bars().frame.with_columns(symbol=pl.lit(symbol))
        result = DataValidator(clock=NOW).validate_frame(frame)
        assert result.findings == ()
        return result.calendar

    assert judged("7203.T", "XTKS", Timeframe.D1) == "XTKS"
    assert judged("EURUSD", "24/5", Timeframe.D1) == "24/5"
    assert judged("ANY", "24/5", Timeframe.H1) == "24/5"
    assert judged("ANY", "24/7", Timeframe.H4) == "24/7"
    assert judged("ANY", "XNYS", Timeframe.M15) == "XNYS"

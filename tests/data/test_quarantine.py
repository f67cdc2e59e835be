from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

from augury.core.clock import FixedClock
from augury.data.synthetic import SyntheticMarket
from augury.data.validation.findings import ERROR, Finding
from augury.data.validation.quarantine import Quarantined, split
from augury.data.validation.validator import DataValidator, ValidationResult

Build = Callable[..., pl.DataFrame]
NOW = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
PANEL = SyntheticMarket(n_symbols=3, n_bars=200).bars().frame


def parted(frame: pl.DataFrame) -> Quarantined:
    return split(frame, DataValidator("XNYS", clock=NOW).validate_frame(frame))


def with_cells(frame: pl.DataFrame, **cells: dict[int, float | None]) -> pl.DataFrame:
    changed = frame.clone()
    for name, values in cells.items():
        for at, value in values.items():
            changed[at, name] = value
    return changed


def test_clean_bars_are_kept_as_they_are() -> None:
    found = parted(PANEL)
    assert found.kept.equals(PANEL)
    assert (found.set_aside.height, found.refused, found.reasons, found.notes) == (0, {}, {}, ())


def test_few_bad_bars_are_set_aside_with_their_reasons_and_no_other_value_changes() -> None:
    frame = with_cells(PANEL, high={7: 1.0}, open={20: 0.0}, volume={30: -5.0}, close={40: None})
    found = parted(frame)
    bad = {7: "OHLC_ORDER", 20: "ZERO_PRICE", 30: "NEG_VOLUME", 40: "NON_FINITE"}
    assert dict(zip(found.set_aside["ts"], found.set_aside["reason"], strict=True)) == {
        frame["ts"][at]: code for at, code in bad.items()
    }
    assert found.kept.equals(frame.filter(~pl.int_range(pl.len()).is_in(list(bad))))
    assert found.set_aside.drop("reason").equals(frame.filter(pl.int_range(pl.len()).is_in(list(bad))))
    assert found.refused == {}


def test_what_is_kept_passes_the_checks() -> None:
    frame = with_cells(PANEL, high={7: 1.0}, open={220: 0.0}, low={430: -5.0})
    assert DataValidator("XNYS", clock=NOW).validate_frame(parted(frame).kept).is_valid


def test_of_two_different_bars_of_one_key_neither_is_kept() -> None:
    frame = pl.concat([PANEL[:11], PANEL[10:11].with_columns(close=pl.col("close") * 1.001), PANEL[11:]])
    found = parted(frame)
    assert found.reasons == {"CONFLICT": 2}
    assert found.kept.equals(pl.concat([PANEL[:10], PANEL[11:]]))


def test_of_identical_rows_one_is_kept() -> None:
    found = parted(pl.concat([PANEL[:11], PANEL[10:]]))
    assert found.kept.equals(PANEL)
    assert found.set_aside.is_empty()


@pytest.mark.parametrize(("bad", "refused"), [(10, False), (11, True)])
def test_above_five_percent_the_symbol_is_refused_and_the_others_are_kept(bad: int, refused: bool) -> None:
    frame = with_cells(PANEL, open=dict.fromkeys(range(200, 200 + bad), 0.0))
    found = parted(frame)
    symbols = set(found.kept["symbol"].unique())
    assert symbols == ({"SYN001", "SYN003"} if refused else {"SYN001", "SYN002", "SYN003"})
    assert found.set_aside.height == (200 if refused else 10)
    if refused:
        assert found.refused == {"SYN002": "5.5% of its rows break rules, more than 5% (ZERO_PRICE)"}
        assert "SYN002 is refused" in found.notes[0]


def test_a_series_in_question_as_a_whole_is_refused_not_cut() -> None:
    split_twice = PANEL.with_columns(
        pl.when((pl.col("symbol") == "SYN002") & (pl.col("ts") >= PANEL["ts"][100]))
        .then(pl.col(name) * factor)
        .otherwise(name)
        .alias(name)
        for name, factor in (("open", 0.5), ("high", 0.5), ("low", 0.5), ("close", 0.5), ("volume", 2.0))
    )
    found = parted(split_twice)
    assert found.refused == {"SYN002": "SUSPECTED_SPLIT"}
    assert set(found.set_aside["reason"]) == {"symbol refused: SUSPECTED_SPLIT"}
    assert found.kept.height == 400


def test_a_lone_spike_is_set_aside_and_a_newest_bar_without_prices_too() -> None:
    frame = with_cells(PANEL.head(200), **{name: {199: None} for name in ("open", "high", "low", "close")})
    spike = pl.int_range(pl.len()) == 100
    frame = frame.with_columns(
        pl.when(spike).then(pl.col(name) * 1.8).otherwise(name).alias(name) for name in ("open", "high", "low", "close")
    )
    assert parted(frame).reasons == {"JUMP": 1, "NON_FINITE PARTIAL_BAR": 1}


def test_a_warning_alone_sets_nothing_aside(frame_of: Build) -> None:
    frame = frame_of()
    holed = frame.filter(pl.int_range(pl.len()) != 20)
    assert parted(holed).kept.equals(holed)


def test_a_file_that_could_not_be_judged_leaves_nothing() -> None:
    refused = ValidationResult((Finding("SCHEMA", ERROR, "", 0, None, "x: volume is missing (SCHEMA)"),))
    assert split(PANEL, refused).kept.is_empty()

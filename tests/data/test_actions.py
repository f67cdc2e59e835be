from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from augury.core.errors import DataError, UsageError
from augury.data.knowledge.actions import ACTION_SCHEMA, checked_actions, long_actions, near_dividends


def actions_of(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ACTION_SCHEMA, orient="row")


def test_dividends_within_seven_days_are_named_and_kept() -> None:
    actions = actions_of(
        ("AAA", date(2018, 3, 1), "dividend", 0.5),
        ("AAA", date(2018, 3, 8), "dividend", 0.5),
        ("AAA", date(2018, 6, 1), "dividend", 0.5),
        ("AAA", date(2018, 6, 9), "dividend", 0.5),
        ("BBB", date(2018, 6, 2), "dividend", 0.5),
        ("BBB", date(2018, 6, 3), "split", 2.0),
    )
    (found,) = near_dividends(actions)
    assert (found.code, found.symbol, found.rows, str(found.first_ts)[:10]) == (
        "SUSPECTED_DIVIDEND",
        "AAA",
        1,
        "2018-03-08",
    )
    assert "2018-03-08 follows 0.5 of 2018-03-01 within 7 days" in found.message
    assert near_dividends(actions, days=6) == []
    assert checked_actions(actions).height == actions.height


def test_two_amounts_within_seven_days_are_named_too() -> None:
    regular_and_special = actions_of(
        ("CCC", date(2015, 2, 5), "dividend", 5.0), ("CCC", date(2015, 2, 11), "dividend", 0.355)
    )
    assert near_dividends(regular_and_special)[0].message.startswith("CCC: dividend 0.355 of 2015-02-11 follows 5 of")


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("A", date(2018, 1, 2), "split", 0.0), "a value above 0"),
        (("A", date(2018, 1, 2), "dividend", -1.0), "a value above 0"),
        (("A", date(2018, 1, 2), "dividend", float("nan")), "a value above 0"),
        (("A", None, "dividend", 1.0), "needs symbol, ex_date"),
        (("A", date(2018, 1, 2), "spinoff", 1.0), "a kind other than split and dividend"),
    ],
)
def test_an_impossible_action_is_refused(row: tuple[Any, ...], rule: str) -> None:
    with pytest.raises(DataError, match=f"action A .*{rule}"):
        checked_actions(actions_of(row))


def test_the_same_action_twice_is_refused() -> None:
    row = ("A", date(2018, 1, 2), "split", 2.0)
    with pytest.raises(DataError, match=r"A 2018-01-02 split 2\.0 is listed twice"):
        checked_actions(actions_of(row, row))


def test_a_frame_of_other_columns_is_refused() -> None:
    with pytest.raises(DataError, match="not a frame of corporate actions"):
        checked_actions(pl.DataFrame({"symbol": ["A"]}))


def test_the_layout_of_vendors_is_read_and_zero_means_no_action() -> None:
    wide = pl.DataFrame(
        {
            "symbol": ["A", "A", "A", "B"],
            "ts": [date(2014, 5, 8), date(2014, 6, 9), date(2014, 8, 7), date(2014, 8, 7)],
            "dividend": [0.47, 0.0, 0.5, None],
            "split": [0.0, 7.0, 0.0, 0.0],
        }
    )
    assert long_actions(wide, split_adjusted=False)["value"].to_list() == [0.47, 7.0, 0.5]
    as_paid = long_actions(wide, split_adjusted=True)
    assert as_paid["kind"].to_list() == ["dividend", "split", "dividend"]
    assert as_paid["value"].to_list() == pytest.approx([3.29, 7.0, 0.5], abs=1e-12)
    assert dict(as_paid.schema) == ACTION_SCHEMA


def test_a_dividend_on_the_day_of_a_split_was_paid_on_the_new_shares() -> None:
    wide = pl.DataFrame({"symbol": ["A"], "ts": [date(2014, 6, 9)], "dividend": [0.5], "split": [2.0]})
    assert long_actions(wide, split_adjusted=True)["value"].to_list() == [0.5, 2.0]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="no column split among"):
        long_actions(pl.DataFrame({"symbol": ["A"], "ts": [date(2014, 6, 9)], "dividend": [0.5]}), split_adjusted=True)

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from augury.core.errors import DataError, UsageError
from augury.data.knowledge.validity import refuse_overlap, valid_join

SCHEMA = {"symbol": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "sector": pl.String}


def records_of(*rows: tuple[str, date, date | None, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def test_the_record_in_force_counts_and_never_the_newest() -> None:
    records = records_of(
        ("A", date(2018, 9, 28), None, "Communication"), ("A", date(2000, 1, 1), date(2018, 9, 27), "Technology")
    )
    days = pl.DataFrame(
        {"symbol": ["A"] * 3, "ts": [datetime(2018, 9, day, tzinfo=UTC) for day in (28, 27, 1)], "row": [0, 1, 2]}
    )
    found = valid_join(days, records)
    assert found["sector"].to_list() == ["Communication", "Technology", "Technology"]
    assert found.columns == ["symbol", "ts", "row", "sector"]


def test_outside_of_every_record_there_is_nothing() -> None:
    records = records_of(("A", date(2018, 1, 2), date(2018, 1, 3), "x"), ("A", date(2018, 1, 5), date(2018, 1, 5), "y"))
    days = pl.DataFrame({"symbol": ["A"] * 6, "ts": [date(2018, 1, day) for day in range(1, 7)]})
    assert valid_join(days, records)["sector"].to_list() == [None, "x", "x", None, "y", None]


def test_overlapping_records_are_refused() -> None:
    once = ("A", date(2018, 1, 2), date(2018, 1, 5), "x")
    for other in (("A", date(2018, 1, 5), None, "y"), ("A", date(2018, 1, 3), date(2018, 1, 4), "y"), once):
        with pytest.raises(DataError, match=r"A 2018-01-0\d to .* overlaps the record from 2018-01-02"):
            refuse_overlap(records_of(once, other), ["symbol"])
    with pytest.raises(DataError, match="overlaps the record from 2018-01-02 to today"):
        refuse_overlap(records_of(("A", date(2018, 1, 2), None, "x"), ("A", date(2019, 1, 2), None, "y")), ["symbol"])


def test_records_of_two_keys_may_overlap() -> None:
    refuse_overlap(records_of(("A", date(2018, 1, 2), None, "x"), ("B", date(2018, 1, 2), None, "x")), ["symbol"])


def test_a_record_ends_after_it_begins_and_begins_on_a_day() -> None:
    for first, last in ((date(2018, 1, 2), date(2018, 1, 1)), (None, date(2018, 1, 1))):
        with pytest.raises(DataError, match=r"A .*from a known day to the same or a later one"):
            refuse_overlap(records_of(("A", first, last, "x")), ["symbol"])  # type: ignore[arg-type]


def test_a_value_is_not_written_over_a_column() -> None:
    days = pl.DataFrame({"symbol": ["A"], "ts": [date(2018, 1, 2)], "sector": ["x"]})
    with pytest.raises(UsageError, match="already have a column sector"):
        valid_join(days, records_of(("A", date(2018, 1, 2), None, "y")))
    assert valid_join(days, records_of(("A", date(2018, 1, 2), None, "y")), prefix="then_")["then_sector"][0] == "y"

from __future__ import annotations

import polars as pl
import pytest

from augury.core.errors import UnknownName, UsageError
from augury.data.knowledge.coverage import coverage, keep


def test_a_source_covering_eight_of_ten_thousand_days_is_dropped_by_name_and_leaves_no_zero_column() -> None:
    news = [0.5 if row in range(5000, 5008) else None for row in range(10_000)]
    frame = pl.DataFrame({"close": [1.0] * 10_000, "news_mean": news, "news_std": news})
    verdicts = coverage(frame, {"sentiment": ["news_mean", "news_std"], "price": ["close"]})
    assert [str(one) for one in verdicts] == [
        "sentiment: 8 of 10,000 rows covered (0.08%), dropped: needs 30%, thinnest column news_mean",
        "price: 10,000 of 10,000 rows covered (100.00%), kept",
    ]
    assert keep(frame, verdicts).columns == ["close"]


def test_the_limit_itself_is_kept_and_one_row_less_is_dropped() -> None:
    for covered, kept in ((30, True), (29, False)):
        frame = pl.DataFrame({"x": [1.0] * covered + [None] * (100 - covered)})
        (verdict,) = coverage(frame, {"x": ["x"]})
        assert (verdict.kept, verdict.share) == (kept, covered / 100)


def test_a_row_is_covered_when_every_column_has_a_value() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 1.0, 1.0], "b": [1.0, 1.0, float("nan"), 1.0], "c": ["x", "y", None, None]})
    (verdict,) = coverage(frame, {"all": ["a", "b", "c"]})
    assert (verdict.covered, verdict.thinnest) == (1, "c")
    assert coverage(frame, {"b": ["b"]})[0].covered == 3


def test_what_is_kept_is_not_filled() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 3.0]})
    assert keep(frame, coverage(frame, {"x": ["x"]})).equals(frame)


def test_a_frame_without_rows_covers_nothing() -> None:
    (verdict,) = coverage(pl.DataFrame({"x": []}, schema={"x": pl.Float64}), {"x": ["x"]})
    assert (verdict.share, verdict.kept) == (0.0, False)


def test_groups_are_of_known_columns_each_in_one_group() -> None:
    frame = pl.DataFrame({"news_mean": [1.0], "b": [1.0]})
    with pytest.raises(UnknownName, match="group 'news': no column 'news_men', did you mean 'news_mean'"):
        coverage(frame, {"news": ["news_men"]})
    with pytest.raises(UsageError, match="column 'b' stands in the groups 'x' and 'y'"):
        coverage(frame, {"x": ["b"], "y": ["b"]})
    with pytest.raises(UsageError, match="group 'x' has no columns"):
        coverage(frame, {"x": []})


@pytest.mark.parametrize("least", [0.0, 1.1, float("nan")])
def test_the_limit_is_a_share(least: float) -> None:
    with pytest.raises(UsageError, match="a share lies above 0"):
        coverage(pl.DataFrame({"x": [1.0]}), {"x": ["x"]}, least)

"""Reviews: what is kept, what is rejected for good, and how they travel to an annotator and back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, NotFound, UsageError
from augury.data.synthetic import SyntheticMarket
from augury.labels import (
    Blacklist,
    Reviews,
    Windows,
    apply_reviews,
    export_review,
    extract_windows,
    import_review,
    write_reviews,
)

BY = {"reviewer": "kim", "date": "2024-05-01T10:00:00Z"}


@pytest.fixture(scope="module")
def bars() -> Bars:
    return SyntheticMarket(n_symbols=2, n_bars=500).bars()


@pytest.fixture(scope="module")
def windows(bars: Bars) -> Windows:
    return extract_windows(bars)


def ids(windows: Windows) -> list[str]:
    return windows.frame["window_id"].to_list()


def test_a_rejected_range_can_not_reappear_in_a_new_batch(bars: Bars, windows: Windows, tmp_path: Path) -> None:
    rejected = ids(windows)[3]
    reviews = Reviews.of([{"window_id": rejected, "grade": "D", "reason": "bad feed", **BY}])
    reviewed = apply_reviews(windows, reviews)
    assert rejected not in ids(reviewed.kept)
    assert (len(reviewed.kept), reviewed.pending) == (len(windows) - 1, len(windows) - 1)
    reviewed.rejected.write(tmp_path / "rejected.json")
    blacklist = Blacklist.read(tmp_path / "rejected.json")
    (row,) = blacklist.frame.rows(named=True)
    assert (row["reason"], row["reviewer"], row["date"].isoformat()) == ("bad feed", "kim", "2024-05-01T10:00:00+00:00")
    for stride, offset in ((52, 0), (1, 0), (52, 44), (7, 3)):
        batch = extract_windows(bars, stride=stride, max_offset=offset, blacklist=blacklist)
        same = batch.frame.filter(pl.col("symbol") == row["symbol"])
        assert not ((same["start_ts"] <= row["end_ts"]) & (same["end_ts"] >= row["start_ts"])).any()
    later = bars.with_frame(bars.frame.filter(pl.col("ts") >= bars.frame["ts"][40]))
    batch = extract_windows(later, stride=1, blacklist=blacklist).frame.filter(pl.col("symbol") == row["symbol"])
    assert not ((batch["start_ts"] <= row["end_ts"]) & (batch["end_ts"] >= row["start_ts"])).any()


def test_grades_a_b_and_c_keep_and_correct(windows: Windows) -> None:
    first, second, third, *_ = ids(windows)
    rows = [
        {"window_id": first, "grade": "A", "label": "expansion", "expansion_start": 40, "expansion_end": 50, **BY},
        {"window_id": second, "grade": "b", **BY},
        {"window_id": third, "grade": " c ", **BY},
    ]
    kept = apply_reviews(windows, Reviews.of(rows)).kept
    assert len(kept) == len(windows)
    assert np.array_equal(kept.prices, windows.prices)
    assert kept.frame.select("label", "expansion_start", "expansion_end").row(0) == ("expansion", 40, 50)
    assert kept.frame[1:].equals(windows.frame[1:])


def test_the_newest_review_counts(windows: Windows) -> None:
    name = ids(windows)[0]
    rejected = {"window_id": name, "grade": "D", "reason": "bad feed", **BY}
    pardoned = {"window_id": name, "grade": "A", "reviewer": "lee", "date": "2024-06-01"}
    for rows in ([rejected, pardoned], [pardoned, rejected]):
        assert len(apply_reviews(windows, Reviews.of(rows)).kept) == len(windows)
    at_once = pardoned | {"date": rejected["date"]}
    with pytest.raises(DataError, match=r"reviewed twice at 2024-05-01 10:00: D by kim, A by lee"):
        apply_reviews(windows, Reviews.of([rejected, at_once]))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"grade": "E"}, "grade 'E' is unknown"),
        ({"grade": "D"}, "reason"),
        ({"grade": "D", "reason": " "}, "reason"),
        ({"grade": "A", "reviewer": None}, "reviewer"),
        ({"grade": "A", "date": ""}, "date"),
        ({"grade": "A", "date": "May"}, "ISO 8601"),
        ({"grade": "A", "window_id": None}, "window_id"),
        ({"grade": "A", "expansion_start": 20, "expansion_end": 40}, "20..40"),
        ({"grade": "A", "expansion_start": 40}, "40..None"),
        ({"grade": "A", "expansion_start": "x", "expansion_end": 40}, "not a bar"),
    ],
)
def test_a_review_is_complete_or_refused(row: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Reviews.of([{"window_id": "w", **BY} | row])


def test_a_review_of_an_unknown_window_is_refused(windows: Windows) -> None:
    with pytest.raises(DataError, match="not in this batch, first stranger"):
        apply_reviews(windows, Reviews.of([{"window_id": "stranger", "grade": "A", **BY}]))


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.json"])
def test_a_sheet_goes_out_empty_and_comes_back_graded(windows: Windows, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    export_review(windows, path)
    assert len(import_review(path)) == 0
    grade = {"grade": "D", "reason": "=HYPERLINK(1)", **BY}
    if name.endswith("csv"):
        rows = list(csv.DictReader(path.read_text().splitlines()))
        rows[2] |= grade
        with path.open("w") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        rows = json.loads(path.read_text())
        assert len(rows[0]["bars"]) == 105
        rows[2] |= grade
        path.write_text(json.dumps(rows))
    reviews = import_review(path)
    assert reviews.frame["window_id"].to_list() == [ids(windows)[2]]
    assert len(apply_reviews(windows, reviews).rejected) == 1


@pytest.mark.parametrize("name", ["r.csv", "r.json"])
def test_reviews_survive_their_file(tmp_path: Path, name: str) -> None:
    rows = [
        {"window_id": "-a", "grade": "D", "reason": '=1+1, "quoted"\nline', **BY},
        {"window_id": "b", "grade": "A", "label": "expansion", "expansion_start": 31, "expansion_end": 40, **BY},
    ]
    reviews = Reviews.of(rows)
    write_reviews(reviews, tmp_path / name)
    assert import_review(tmp_path / name).frame.equals(reviews.frame)
    if name.endswith("csv"):
        assert "'=1+1" in (tmp_path / name).read_text()


def test_tasks_of_an_annotator_go_out_and_its_answers_come_back(windows: Windows, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    export_review(windows, path, "tasks")
    tasks = json.loads(path.read_text())
    assert set(tasks[0]) == {"id", "data"}
    assert set(tasks[0]["data"]["bars"][0]) == {"open", "high", "low", "close"}
    assert "grade" not in tasks[0]["data"]
    answers = [
        {"from_name": "grade", "type": "choices", "value": {"choices": ["D"]}},
        {"from_name": "reason", "type": "textarea", "value": {"text": ["two feeds mixed"]}},
    ]
    tasks[1]["annotations"] = [
        {"result": answers, "completed_by": {"email": "kim@example.org"}, "updated_at": "2024-05-01T10:00:00.5Z"},
        {"result": answers, "was_cancelled": True},
    ]
    path.write_text(json.dumps(tasks))
    (row,) = import_review(path).frame.rows(named=True)
    assert (row["window_id"], row["grade"], row["reason"]) == (ids(windows)[1], "D", "two feeds mixed")
    assert row["reviewer"] == "kim@example.org"


def test_files_that_are_no_reviews_are_refused(windows: Windows, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        import_review(tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match="form 'xlsx'"):
        export_review(windows, tmp_path / "sheet.xlsx")
    for name, text, words in (
        ("a.json", "no", "not JSON"),
        ("b.json", "{}", "not a list"),
        ("c.csv", "x,y\n1,2\n", "grade, window_id"),
        ("d.json", '[{"data": 1}]', "has no data"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match=words):
            import_review(tmp_path / name)

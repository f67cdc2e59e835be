from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from augury.core.errors import UsageError
from augury.data.validation.check_report import MOST_ROWS, report_html, report_json, write_report
from augury.data.validation.findings import ERROR, WARNING, Finding
from augury.data.validation.validator import ValidationResult

TS = datetime(2018, 1, 3, tzinfo=UTC)
RESULT = ValidationResult(
    (
        Finding("GAP", WARNING, "AAA", 3, TS, "AAA: 3 of 60 bars missing (GAP)", "augury data check FILE"),
        Finding("OHLC_ORDER", ERROR, "<b>&", 1, TS, "high 1 < close 2 <script>x</script> (OHLC_ORDER)", "fix"),
    ),
    rows=60,
    mapped=("Close->close", "<i>"),
    calendar="XNYS",
    timeframe="d1",
)


def test_the_page_shows_verdict_score_and_every_finding_and_errors_first() -> None:
    page = report_html(RESULT, "prices.csv")
    for part in (
        "invalid",
        f"{RESULT.score:.0f} of 100",
        "XNYS",
        "d1",
        "2018-01-03T00:00:00Z",
        "augury data check FILE",
        "Close-&gt;close",
    ):
        assert part in page
    assert page.index("OHLC_ORDER") < page.index(">GAP<")


def test_no_text_of_the_data_becomes_markup() -> None:
    page = report_html(RESULT, "<img src=x>.csv")
    assert "<script" not in page
    assert "<img" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_the_page_needs_nothing_else_and_follows_light_and_dark() -> None:
    page = report_html(RESULT, "prices.csv")
    assert not re.search(r"https?://|<link|src=|url\(", page)
    assert "prefers-color-scheme:dark" in page
    assert len(page) < 10_000


def test_a_flood_of_findings_is_cut_and_says_so() -> None:
    many = ValidationResult(RESULT.findings * (MOST_ROWS // 2 + 5))
    page = report_html(many, "x")
    assert page.count("<tr>") == MOST_ROWS + 1
    assert "10 more findings are in the JSON report" in page


def test_the_document_has_everything() -> None:
    document = report_json(RESULT, "prices.csv")
    assert document["file"] == "prices.csv"
    assert document["findings"][0] == {
        "code": "GAP",
        "severity": "warning",
        "symbol": "AAA",
        "rows": 3,
        "first_ts": "2018-01-03T00:00:00Z",
        "message": "AAA: 3 of 60 bars missing (GAP)",
        "fix": "augury data check FILE",
    }


def test_the_ending_of_the_name_says_which_report(tmp_path: Path) -> None:
    write_report(RESULT, "prices.csv", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["score"] == RESULT.score
    write_report(RESULT, "prices.csv", tmp_path / "out.html")
    assert (tmp_path / "out.html").read_text() == report_html(RESULT, "prices.csv")
    with pytest.raises(UsageError, match=r"\.html or \.json, not 'out.pdf'"):
        write_report(RESULT, "prices.csv", tmp_path / "out.pdf")

"""The report: one file that needs nothing else, says what it knows and escapes what it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from known_truth import make_forecast, make_history, make_manifest

from augury.core.errors import StorageFull, UsageError
from augury.core.forecast import Forecast
from augury.core.score import GateResult, Score, Verdict
from augury.proof import report as report_module
from augury.proof.page import headline, sections
from augury.proof.report import ReportCell, report_json, write_report
from augury.proof.selection import Deflated

Judged = tuple[tuple[Score, ...], Verdict, list]


class Page(HTMLParser):
    """Collects what a test asks of a page."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.headings and any(re.fullmatch(r"h[1-6]", tag) for tag in self.open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def make_cells(judged: Judged, symbol: str = "^GSPC", *, synthetic: bool = False) -> list[ReportCell]:
    scores, verdict, bins = judged
    cells = []
    for horizon, bars in (("5d", 5), ("15d", 15), ("60d", 60)):
        manifest = make_manifest(symbol, "d1", horizon, bars, scores=scores, verdict=verdict, synthetic=synthetic)
        flags = ("abstain", "replay", "synthetic") if synthetic else ("abstain", "replay")
        cells.append(ReportCell(manifest, make_forecast(manifest, flags=flags), make_history(), bins))
    return cells


@pytest.fixture
def cells(judged: Judged) -> list[ReportCell]:
    return [*make_cells(judged), *make_cells(judged, "SYN-1", synthetic=True)]


@pytest.fixture
def written(cells: list[ReportCell], tmp_path: Path) -> Callable[..., str]:
    def write(chosen: list[ReportCell] | None = None, **options: object) -> str:
        facts = {"title": "Demo", "facts": {"Command": "augury demo"}} | options
        return write_report(tmp_path / "report.html", chosen or cells, **facts).read_text()

    return write


def test_the_page_asks_nothing_of_anyone(written: Callable[..., str]) -> None:
    text = written()
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|@font-face", text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & set(page.tags)
    assert not [a for a in page.attributes if a[1] in ("src", "href", "srcset", "style") or a[1].startswith("on")]
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert len(text.encode()) < report_module.BYTES_MAX


def test_every_element_is_closed_and_every_id_unique(written: Callable[..., str]) -> None:
    page = Page(written())
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    for _, name, value in page.attributes:
        if name == "aria-labelledby":
            assert set(value.split()) <= set(page.ids)


def test_headings_descend_one_level_at_a_time_from_a_single_h1(written: Callable[..., str]) -> None:
    levels = [level for level, _ in Page(written()).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_every_header_a_scope(written: Callable[..., str]) -> None:
    page = Page(written())
    assert page.tags.count("table") == page.tags.count("caption") > 10
    headers = page.tags.count("th")
    assert headers == len([a for a in page.attributes if a[:2] == ("th", "scope")])


def test_every_chart_has_words_and_a_table(written: Callable[..., str]) -> None:
    text = written()
    page = Page(text)
    charts = page.tags.count("svg")
    assert charts == 2 + 6  # a fan per section, a reliability chart per cell
    assert page.tags.count("desc") == page.tags.count("title") - 1 == charts
    assert text.count("The table behind the chart") == 2
    assert text.count("Said against came true") == 6


def test_light_and_dark_and_narrow_are_styled(written: Callable[..., str]) -> None:
    text = written()
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert "@media (max-width" in text


def test_text_that_looks_like_markup_is_shown_and_never_run(judged: Judged, written: Callable[..., str]) -> None:
    evil = '"><script>alert(1)</script>'
    cell = make_cells(judged)[0]
    gate = GateResult("NOT_BETTER", False, "abstain", evil)
    manifest = replace(cell.manifest, symbol=evil, verdict=Verdict.of((gate,)), version=evil)
    forecast = Forecast.from_json(cell.forecast.to_json() | {"symbol": evil})
    text = written(
        [replace(cell, manifest=manifest, forecast=forecast, extra={evil: evil})], title=evil, facts={evil: evil}
    )
    assert "<script" not in text
    assert "alert(1)" in text
    assert "script" not in Page(text).tags


def test_synthetic_and_replay_stand_beside_the_symbol_wherever_it_is_a_heading(written: Callable[..., str]) -> None:
    page = Page(written())
    by_symbol = {text for level, text in page.headings if level == 2 and "d1" in text}
    assert any("SYN-1" in text and "synthetic market" in text and "replay" in text for text in by_symbol)
    assert any("^GSPC" in text and "synthetic market" not in text and "replay" in text for text in by_symbol)
    joined = re.sub(r"\s+", " ", " ".join(page.text))
    assert joined.count("synthetic market") == 3 + 1 + 3  # summary rows, section, provenance rows


def test_the_headline_counts_the_same_rows_as_the_table(cells: list[ReportCell]) -> None:
    assert headline(cells) == "6 cells: 6 bands only."
    mixed = [replace(cells[0], manifest=replace(cells[0].manifest, verdict=Verdict("skill"))), *cells[1:]]
    assert headline(mixed) == "6 cells: 1 skill, 5 bands only."
    assert headline(cells[:1]).startswith("1 cell:")


def test_the_summary_shows_probabilities_band_skill_and_verdict(
    written: Callable[..., str], cells: list[ReportCell]
) -> None:
    text = written(cells[:1])
    skill = next(s for s in cells[0].scores if s.name == "accuracy_skill")
    low, high = cells[0].forecast.band(80)
    shown = ["27 %", "31 %", "42 %", "+0.20 %", "bands only", f"n={skill.n:,}", "abstains"]
    shown += [f"{2506.85 * (1 + low):,.2f}", f"{2506.85 * (1 + high):,.2f}", f"{skill.value:.3f}".replace("-", "−")]
    for piece in shown:
        assert piece in text


def test_fewer_than_50_effective_rows_read_insufficient(judged: Judged, written: Callable[..., str]) -> None:
    scores = tuple(replace(score, n_eff=12.0) for score in judged[0])
    cell = make_cells((scores, judged[1], judged[2]))[0]
    text = written([cell])
    assert "insufficient (n=12)" in text
    assert f'<td class="number">{scores[0].value:.3f}</td>' not in text
    assert f'<td class="number">{scores[0].value:.3f}</td>' in written(make_cells(judged)[:1])


def test_scores_of_other_slices_are_never_shown(judged: Judged, written: Callable[..., str]) -> None:
    fitted = Score("accuracy", 0.98765, 0.9, 1.0, 0.5, 1000, 1000.0, "fit")
    text = written(make_cells(((fitted, *judged[0]), judged[1], judged[2])))
    assert "0.988" not in text
    assert "0.98765" not in json.dumps(report_json(make_cells(((fitted,), judged[1], judged[2]))))


def test_a_refused_cell_has_reasons_and_no_forecast(judged: Judged, written: Callable[..., str]) -> None:
    gate = GateResult("CONSTANT", False, "refuse", "spread 0 < 1e-06 (collapsed)", 0.0, 1e-6)
    cell = make_cells(judged)[0]
    refused = replace(cell, manifest=replace(cell.manifest, verdict=Verdict.of((gate,))), forecast=None)
    text = written([refused])
    for piece in ("refused", "no forecast", "spread 0 &lt; 1e-06 (collapsed)", "No forecast: every version"):
        assert piece in text
    assert "<svg class=" in text  # reliability stays; the fan has nothing to say


def test_horizons_ascend_within_a_section_and_sections_keep_their_order(cells: list[ReportCell]) -> None:
    turned = [*reversed(cells[3:]), *reversed(cells[:3])]
    found = sections(turned)
    assert [section.symbol for section in found] == ["SYN-1", "^GSPC"]
    assert [cell.manifest.horizon for _, cell in found[0].cells] == ["5d", "15d", "60d"]


def test_a_report_of_very_many_cells_says_less_rather_than_growing(
    written: Callable[..., str], cells: list[ReportCell], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = len(written().encode())
    monkeypatch.setattr(report_module, "BYTES_MAX", full - 1)
    short = written()
    assert "leaves out score and reliability tables" in short
    assert len(short.encode()) < full
    monkeypatch.setattr(report_module, "BYTES_MAX", len(short.encode()) - 1)
    assert "shows the summary only" in written()
    monkeypatch.setattr(report_module, "BYTES_MAX", 100)
    with pytest.raises(UsageError, match="6 cells do not fit"):
        written()


def test_400_cells_fit_two_megabytes(judged: Judged, tmp_path: Path) -> None:
    many = [cell for number in range(134) for cell in make_cells(judged, f"S{number}")]
    path = write_report(tmp_path / "many.html", many, title="Many", facts={})
    assert path.stat().st_size <= 2_000_000
    assert path.read_text().count('class="symbol"') == len(many)


def test_the_same_cells_give_the_same_bytes(written: Callable[..., str]) -> None:
    assert written() == written()


def test_an_empty_report_is_refused_and_an_unwritable_one_named(cells: list[ReportCell], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one cell"):
        write_report(tmp_path / "r.html", [], title="x", facts={})
    assert not (tmp_path / "r.html").exists()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises((StorageFull, OSError)):
        write_report(blocked / "r.html", cells, title="x", facts={})


def test_the_json_report_is_json_with_utc_moments_and_null_for_missing(cells: list[ReportCell]) -> None:
    hollow = replace(cells[0], forecast=None)
    content = json.loads(json.dumps(report_json([*cells, hollow]), allow_nan=False))
    first, last = content["cells"][0], content["cells"][-1]
    assert content["headline"] == "7 cells: 7 bands only."
    assert first["as_of"] == "2018-12-31T21:00:00Z"
    assert first["forecast"]["matures_at"].endswith("Z")
    assert (first["synthetic"], content["cells"][3]["synthetic"]) == (False, True)
    assert first["data_version"] == "d" * 64
    assert first["warnings"] == ["replay"]
    assert last["forecast"] is None
    assert last["as_of"] == "2018-12-31T00:00:00Z"


def test_a_coefficient_stands_beside_what_luck_would_show_or_says_that_nobody_counted(judged: Judged) -> None:
    scores, verdict, bins = judged
    manifest = make_manifest(scores=scores, verdict=verdict)
    deflated = {"rank_ic": Deflated("rank_ic", 0.01, 0.05, 0.2, None, 12, 300.0), "ic": None}
    cell = ReportCell(manifest, None, make_history(), bins, deflated=deflated)
    beside = {score.name: cell.luck(score) for score in cell.scores}
    assert beside["rank_ic"] == "best of 12 trials by luck 0.0500, DSR 0.20, PBO undefined"
    assert beside["ic"] == "trials not counted"
    assert {text for name, text in beside.items() if name not in ("ic", "rank_ic")} == {""}
    told = {score["name"]: score for score in report_json([cell])["cells"][0]["scores"]}
    assert told["rank_ic"]["deflated"]["trials"] == 12
    assert told["ic"]["deflated"] is None
    assert "deflated" not in told["accuracy"]

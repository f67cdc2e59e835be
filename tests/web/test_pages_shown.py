"""Pages of forecasts and evidence: who sees them, what they show, and that every table is its CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.timeframe import Timeframe
from augury.proof.audit import AuditReport
from augury.proof.audit.report import StageReport
from augury.runs.proving.kept_audits import Audited, keep
from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

CELL = "symbol=SYN001&timeframe=d1&horizon=1d"
OLDER, NEWER = "20261029T210000Z-8e9114", "20261029T210100Z-8e9114"
PAGES = (
    "/", "/symbols", "/symbols?q=001", "/symbols/SYN001", "/symbols/SYN001?view=horizon&horizon=5d",
    "/symbols/SYN001?view=consensus", "/models", "/models?symbol=SYN002", f"/models/cell?{CELL}", "/proof",
    "/proof?by=symbol&replays=true&every=true&symbol=SYN001", "/drift", "/drift?symbol=SYN001&timeframe=d1&days=90",
)  # fmt: skip
SignedIn = Callable[..., TestClient]


@pytest.fixture
def reader(signed_in: SignedIn) -> TestClient:
    return signed_in("reader")


@pytest.fixture
def empty(empty_workspace: Workspace) -> Iterator[TestClient]:
    """A reader on a fresh install."""
    backend = Backend.open(empty_workspace, ServiceConfig(hosts=("testserver",)))
    code = empty_workspace.store.people.invite()
    with TestClient(site(backend), raise_server_exceptions=False, headers={"accept": "text/html"}) as client:
        client.post("/welcome", data={"code": code, "name": "ada", "password": "correct horse battery"})
        yield client


def test_a_reader_sees_pages_that_run_nothing_of_their_own(reader: TestClient) -> None:
    for address in PAGES:
        shown = reader.get(address)
        assert shown.status_code == 200, (address, shown.text[-2000:])
        assert "<h1>" in shown.text, address
        assert not re.search(r"<script(?![^>]*\bsrc=)", shown.text), f"{address}: an inline script"
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", shown.text), f"{address}: an inline style or handler"
        assert not re.search(r'(?:src|href)="https?://(?!www\.tradingview\.com/)', shown.text), f"{address}: foreign"


def test_every_table_of_a_page_is_its_csv(reader: TestClient) -> None:
    for address in PAGES:
        text = reader.get(address).text
        links = [link.replace("&amp;", "&") for link in re.findall(r'class="csv" href="([^"]+)"', text)]
        assert links, f"{address} has no table"
        for link in links:
            _same_table(text, reader.get(address.partition("?")[0] + link), link)


def _same_table(text: str, answer: Any, link: str) -> None:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    name = re.search(r"csv=([a-z_]+)", link)
    assert name is not None
    table = text[text.index(f'id="table-{name[1]}"') :]
    table = table[: table.index("</section>")]
    assert len(rows) == table.count("<tr "), link
    assert {len(row) for row in rows} == {table.count("<th ")}, link


def test_numbers_of_the_ledger_are_those_of_the_api(reader: TestClient, keys: dict[str, dict[str, str]]) -> None:
    said = reader.get("/v1/forecasts?symbol=SYN001&timeframe=d1&limit=20", headers=keys["read"]).json()["forecasts"]
    rows = list(csv.DictReader(io.StringIO(reader.get("/symbols/SYN001?timeframe=d1&csv=ledger").text)))
    assert [int(row["id"]) for row in rows] == [one["id"] for one in said]
    for row, one in zip(rows, said, strict=True):
        assert float(row["expected_return"]) == one["expected_return"]
        assert float(row["low80"]) == next(band["low"] for band in one["bands"] if band["level"] == 80)
        assert row["outcome"] == (one["outcome"] or {}).get("outcome", "")


def test_accuracy_on_the_overview_is_that_of_the_api(
    reader: TestClient, backend: Backend, keys: dict[str, dict[str, str]]
) -> None:
    said = reader.get("/v1/scores", headers=keys["read"]).json()
    rows = list(csv.DictReader(io.StringIO(reader.get("/?csv=accuracy").text)))
    assert [row["version"] for row in rows] == [one["version"] for one in said["scores"]]
    assert said["matured"] == sum(one["n"] for one in said["scores"])
    for row, one in zip(rows, said["scores"], strict=True):
        came = backend.workspace.store.evaluations.list(
            one["symbol"], one["timeframe"], one["horizon"], one["version"], replay=False
        )
        named = [outcome for outcome in came if not outcome.abstained]
        assert (one["n"], one["abstained"]) == (len(came), len(came) - len(named))
        assert one["coverage80"]["value"] == pytest.approx(sum(outcome.covered80 for outcome in came) / len(came))
        if named:
            assert one["accuracy"]["value"] == pytest.approx(sum(outcome.hit for outcome in named) / len(named))
        if one["accuracy"] and not one["accuracy"]["sufficient"]:
            assert (row["value"], row["judgement"]) == ("", "insufficient"), "a figure of too few rows was printed"


def test_the_ledger_turns_back_page_by_page_and_every_row_comes_once(reader: TestClient) -> None:
    address: str | None = "/symbols/SYN001?timeframe=d1"
    seen: list[str] = []
    while address:
        rows = list(csv.DictReader(io.StringIO(reader.get(f"{address}&csv=ledger").text)))
        seen += [row["id"] for row in rows]
        older = re.search(r'href="([^"]+)#ledger">Older', reader.get(address).text)
        address = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == len(set(seen)) > 20


def test_a_chart_names_its_data_and_has_every_face_and_a_table_behind_it(
    reader: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    text = reader.get("/symbols/SYN001").text
    figure = text[text.index('data-chart="bars"') : text.index("</figure>")]
    for face in ("ready", "still", "loading", "empty", "error"):
        assert f'data-face="{face}"' in figure
    assert 'id="table-bars"' in text
    for name in ("src", "forecasts"):
        source = re.search(rf'data-{name}="([^"]+)"', figure)
        assert source is not None
        assert reader.get(source[1].replace("&amp;", "&"), headers=keys["read"]).status_code == 200


def test_a_version_shows_its_gates_and_members_and_compares(reader: TestClient) -> None:
    shown = reader.get(f"/models/versions/{NEWER}").text
    for said in ("table-gates", "table-members", "table-slices", "NOT_BETTER"):
        assert said in shown
    compared = reader.get(f"/models/compare?{CELL}&a={OLDER}&b={NEWER}")
    assert compared.status_code == 200
    assert "table-paired" in compared.text
    assert 'href="/models/confirm' not in compared.text, "a reader is offered what only operators may do"


def test_what_is_not_there_is_a_page_that_says_so(reader: TestClient) -> None:
    nowhere = (
        "/symbols/NOPE", "/models/cell?symbol=NOPE&timeframe=d1&horizon=5d", "/drift/lineage?hash=ffff", "/?csv=nope",
        "/models/versions/20200101T000000Z-aaaaaa",
    )  # fmt: skip
    for address in nowhere:
        answer = reader.get(address)
        assert answer.status_code == 404, address
        assert "<h1>" in answer.text
        assert 'role="alert"' in answer.text


def test_an_empty_install_names_the_next_command(empty: TestClient) -> None:
    commands = {
        "/": "augury train", "/symbols": "augury data import", "/models": "augury train", "/proof": "augury train",
        "/drift": "augury drift check",
    }  # fmt: skip
    for address, command in commands.items():
        shown = empty.get(address)
        assert shown.status_code == 200, (address, shown.text[-2000:])
        assert command in shown.text, address


HOSTILE = "<script>alert(1)</script>"


def test_hostile_words_stay_text(reader: TestClient) -> None:
    for address in ("/symbols?q={}", "/models?symbol={}", "/proof?symbol={}", "/symbols/{}", "/drift?symbol={}"):
        shown = reader.get(address.format(HOSTILE[:24]))
        assert "<script>alert" not in shown.text, address
        assert shown.status_code < 500, address


def test_a_hostile_reason_stays_text(backend: Backend, signed_in: SignedIn) -> None:
    operator = signed_in("admin")
    store = backend.workspace.store
    store.audit_trail.add("home", HOSTILE, "version.pin", "SYN001 d1 1d", data={"reason": HOSTILE})
    shown = operator.get(f"/models/cell?{CELL}").text
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_an_audit_run_by_hand_is_shown_with_what_it_found(backend: Backend, reader: TestClient) -> None:
    bars = backend.workspace.lake.read(["SYN001"], Timeframe.D1)
    report = AuditReport(
        (StageReport("mine", 4, 1, 1200, (), 0.1),),
        (datetime(2026, 1, 6, tzinfo=UTC),),
        ("cut",),
        42,
        bars.data_version,
    )
    assert "Nobody has audited" in reader.get("/proof").text
    keep(backend.workspace, report, bars, [Audited(HOSTILE, "a" * 64)])
    shown = reader.get("/proof").text
    assert "1,200 values are equal bit for bit at 1 cuts" in shown
    assert HOSTILE not in shown
    assert "aaaaaaaaaaaa" in reader.get("/proof?csv=kept").text


def test_a_stranger_is_led_to_the_door(client: TestClient) -> None:
    for address in PAGES:
        answer = client.get(address, headers={"accept": "text/html"}, follow_redirects=False)
        assert answer.status_code == 303, address
        assert answer.headers["location"].startswith("/sign-in?next=")


def test_why_a_forecast_says_what_it_says_is_told_in_sentences_or_refused_with_a_reason(reader: TestClient) -> None:
    shown = reader.get(f"/symbols/SYN001?why={_newest_id(reader)}")
    assert shown.status_code == 200
    assert 'class="sentences"' in shown.text or "bands only" in shown.text


def _newest_id(reader: TestClient) -> str:
    return next(iter(csv.DictReader(io.StringIO(reader.get("/symbols/SYN001?csv=ledger").text))))["id"]


def test_presets_change_the_positions_that_are_shown(signed_in: SignedIn) -> None:
    trader = signed_in("trader")
    shown = {preset: trader.get(f"/symbols/SYN001?preset={preset}") for preset in ("conservative", "aggressive")}
    assert all(one.status_code == 200 for one in shown.values())
    assert all("What to hold" in one.text for one in shown.values())
    assert "What to hold" not in signed_in("reader").get("/symbols/SYN001?preset=aggressive").text

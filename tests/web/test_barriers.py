"""Every page in a real browser: no barrier, nothing pushed off the side, no complaint, nobody else asked.

``benchmarks/pages.py`` looks at all of them in both themes at three widths; here each is seen on a phone in the dark
and on a desk in the light, which is where a change breaks first.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Page

from augury.core.timeframe import Timeframe
from augury.runs.durable.submission import submit
from augury.runs.provenance import from_source, remembered
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.running import studies_folder
from augury.runs.tuning.study import Study
from augury.web.pages import PAGES
from browsing import FIT, LiveSite, Watch

PageAs = Callable[..., Page]
CELL = "symbol=SYN001&timeframe=d1&horizon=1d"
NO_PAGES = {"/manifest.webmanifest", "/service-worker.js"}
STRANGERS = ("/sign-in", "/welcome", "/offline")
STUDY = StudySpec("spring", "gb", {"symbol": "SYN001", "timeframe": "d1", "horizon": "5d"})
FACES = ((320, "dark"), (1280, "light"))


def _axe() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "axe.min.js").read_text()


AXE = _axe()


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe on what is shown now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations'], elementRef: false}).then((r) => r.violations)"
    )
    return [
        f"{page.url} {one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0].get('failureSummary', '')[:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def addresses(live_site: LiveSite) -> dict[str, list[str]]:
    """Every page by its route, with what the filled folder holds."""
    store = live_site.workspace.store
    new, old = (one.version for one in store.versions.list("SYN001", "d1") if one.horizon == "1d")
    row = store.ledger.list("SYN001", "d1", "1d", limit=1)[0].id
    job = submit(live_site.workspace, "forecast", {"symbols": ["SYN001"]}, by="cli")
    study = Study.create(studies_folder(live_site.workspace), STUDY)
    study.tell(study.ask(), 0.25, TrialMetrics(n=100, rank_ic=0.25, series=(0.2, 0.3, 0.25)))
    bars = live_site.workspace.lake.read(["SYN001"], Timeframe.D1)
    with remembered(store.lineage, live_site.workspace.lake, bars, from_source(bars, "synthetic")):
        live_site.workspace.lake.write(bars)
    same = "/ /symbols /watchlist /portfolio /models /backtests /runs /developer /patterns /settings /docs/api"
    same += " /settings/delete /docs/errors /docs/words"
    return {path: [path] for path in (*same.split(), *STRANGERS)} | {
        "/symbols/{name:path}": [
            "/symbols/SYN001", f"/symbols/SYN001?view=horizon&why={row}", "/symbols/SYN002?view=consensus",
        ],
        "/models/cell": [f"/models/cell?{CELL}"], "/models/versions/{name:version}": [f"/models/versions/{new}"],
        "/models/compare": [f"/models/compare?{CELL}&a={old}&b={new}"],
        "/models/confirm": [f"/models/confirm?act=rollback&{CELL}"],
        "/proof": ["/proof", "/proof?every=true&by=symbol"], "/drift": ["/drift", "/drift?symbol=SYN001&timeframe=d1"],
        "/drift/lineage": [f"/drift/lineage?hash={bars.data_version}"], "/docs/api/{tag}": ["/docs/api/forecasts"],
        "/runs/{job_id}": [f"/runs/{job.id}"], "/search": ["/search?q=syn"], "/backtests/{backtest_id}": [],
        "/runs/sweeps/{study}": ["/runs/sweeps/spring"],
    }  # fmt: skip


def test_no_page_is_forgotten_here(addresses: dict[str, list[str]]) -> None:
    routes = {
        route.path
        for _, router in PAGES
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods
    }
    assert routes - NO_PAGES == set(addresses)


@pytest.mark.parametrize(("width", "theme"), FACES)
def test_no_page_has_a_barrier_a_complaint_or_a_stranger(
    addresses: dict[str, list[str]], page_as: PageAs, watch: Watch, width: int, theme: str
) -> None:
    found: list[str] = []
    inside, outside = (page_as(role, width=width, theme=theme) for role in ("admin", ""))
    for path in (path for known in addresses.values() for path in known):
        page = outside if path in STRANGERS else inside
        answer = page.goto(path)
        assert answer is not None
        if answer.status != 200:
            found.append(f"{answer.status} {path}")
            continue
        found += violations(page)
        for one in {width, max(width, 390)}:
            page.set_viewport_size({"width": one, "height": 800})
            if wide := page.evaluate(FIT):
                found.append(f"{path} at {one} px: {wide}")
        page.set_viewport_size({"width": width, "height": 800})
    assert found == []
    assert watch.troubles == []


def test_a_sheet_of_a_backtest_has_no_barrier(page_as: PageAs, watch: Watch) -> None:
    page = page_as("admin", width=320, theme="dark")
    page.goto("/backtests")
    page.locator("#symbols").fill("SYN001 SYN002")
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**/backtests/*")
    found = violations(page)
    assert page.evaluate(FIT) == ""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    assert [*found, *violations(page)] == []
    assert watch.troubles == []

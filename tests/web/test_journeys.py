"""What people come for, walked in a real browser over a real server: by mouse, by keyboard, without script, offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Playwright, expect

from augury.runs.durable.submission import submit
from augury.service.events import LOOK_S
from browsing import LiveSite, Watch, screen
from site_fixtures import NOW, PASSWORD

PageAs = Callable[..., Page]
CELL = "symbol=SYN001&timeframe=d1&horizon=1d"
CANARY = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'
KEPT = "(path) => caches.open('augury-pages').then((one) => one.match(path)).then(Boolean)"


def test_somebody_signs_in_and_reads_a_forecast_with_its_proof(page_as: PageAs, watch: Watch, screens: Path) -> None:
    page = page_as("")
    page.goto("/")
    screen(page, screens, "sign-in")
    page.get_by_label("Name").fill("reader")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    screen(page, screens, "overview")
    page.locator("section.table:has(#table-forecasts)").get_by_role("link", name="SYN001").first.click()
    chart = page.locator("figure[data-chart=bars]")
    expect(chart).to_have_attribute("data-state", "ready")
    assert page.evaluate(_PAINTED) > 200, "the candles are not drawn"
    screen(page, screens, "symbol")
    page.get_by_text("The table behind the chart").click()
    expect(page.locator("section.table:has(#table-bars) tbody tr").first).to_be_visible()
    page.locator("section.table:has(#table-newest)").get_by_role("link", name="why").first.click()
    expect(page.locator("section.table:has(#table-drivers) tbody tr").first).to_be_visible()
    screen(page, screens, "drivers")
    version = page.locator("section.table:has(#table-newest) td.code a").first.inner_text()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Proof").click()
    expect(page.locator("section.table:has(#table-verdicts)")).to_contain_text(version)
    screen(page, screens, "proof")
    assert watch.troubles == []


_PAINTED = """() => {
  const colours = new Set();
  for (const one of document.querySelectorAll('figure[data-chart=bars] canvas')) {
    if (!one.width || !one.height) continue;
    const data = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(at);
    if (colours.size > 200) break;
  }
  return colours.size;
}"""


def test_a_job_is_asked_for_watched_and_cancelled(page_as: PageAs, screens: Path) -> None:
    page = page_as("admin")
    page.goto("/runs")
    page.locator("#symbols").fill("SYN001")
    page.get_by_role("button", name="Ask for it").click()
    page.wait_for_url(re.compile(r"/runs/\d{8}T"))
    expect(page.get_by_role("status").first).to_contain_text("queued")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").first).to_contain_text("cancelled")
    screen(page, screens, "job")


def test_a_job_of_the_command_line_appears_without_a_reload(
    page_as: PageAs, live_site: LiveSite, screens: Path
) -> None:
    assert LOOK_S <= 1, "what changes is to be seen within two seconds"
    page = page_as("admin")
    with page.expect_response("**/v1/jobs/events"):
        page.goto("/runs")
    page.evaluate("() => { window.same = true; }")
    job = submit(live_site.workspace, "forecast", {"symbols": ["SYN002"]}, by="cli")
    row = page.locator("section.table:has(#table-jobs) tr", has_text=job.id)
    expect(row).to_contain_text("queued")
    live_site.workspace.store.jobs.end(job.id, "cancelled", "on second thoughts")
    expect(row).to_contain_text("cancelled")
    assert page.evaluate("() => window.same"), "the page was loaded again"
    screen(page, screens, "runs")


def test_a_version_is_rolled_back_in_two_clicks_with_its_diff_before_and_its_line_after(
    page_as: PageAs, live_site: LiveSite, screens: Path
) -> None:
    page, before = page_as("admin"), live_site.workspace.store.versions.champion("SYN001", "d1", "1d")
    page.goto("/models")
    row = page.locator("section.table:has(#table-champions) tr", has_text="SYN001").filter(has_text="1d").first
    row.get_by_role("link", name="roll back").click()  # one
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    expect(page.locator("section.table:has(#table-scores) tbody tr").first).to_be_visible()
    screen(page, screens, "rollback")
    page.get_by_role("button", name="Roll back").click()  # two
    expect(page.locator("section.table:has(#table-audit)")).to_contain_text("version.rollback")
    screen(page, screens, "cell")
    assert live_site.workspace.store.versions.champion("SYN001", "d1", "1d") != before


def test_offline_the_last_forecasts_are_read_with_their_age_and_a_watched_symbol_is_merged_later(
    page_as: PageAs, live_site: LiveSite, screens: Path
) -> None:
    page = page_as("reader")
    _kept(page, "/", "/watchlist")
    page.context.set_offline(True)
    page.goto("/")
    expect(page.locator(".banner")).to_contain_text("old")
    expect(page.locator("section.table:has(#table-forecasts) tbody tr").first).to_be_visible()
    leave = page.locator(".side form button")
    expect(leave).to_be_disabled()
    expect(leave).to_have_attribute("title", "Offline: this needs the service")
    screen(page, screens, "offline")
    page.goto("/watchlist")
    _watch(page, "SYN002", "written on a train")
    expect(page.locator("[data-sync]")).to_contain_text("kept on this device")
    assert "SYN002" not in _watched(live_site, "reader")
    page.context.set_offline(False)
    expect(page.locator("section.table:has(#table-watchlist)")).to_contain_text("written on a train")
    assert _watched(live_site, "reader")["SYN002"] == "written on a train"


def _kept(page: Page, *paths: str) -> None:
    """Visit pages until the service worker keeps them."""
    page.goto(paths[0])
    page.evaluate("() => navigator.serviceWorker.ready.then(() => 1)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    for path in paths:
        page.goto(path)
        page.wait_for_function(KEPT, arg=path)


def _watch(page: Page, symbol: str, note: str) -> None:
    form = page.locator("section:has(#watch) form")
    form.get_by_label("Symbol").fill(symbol)
    form.get_by_label("Note").fill(note)
    form.get_by_role("button", name="Watch it").click()


def _watched(live_site: LiveSite, person: str) -> dict[str, str]:
    store = live_site.workspace.store
    user = store.people.named(person)
    assert user is not None
    return {item.symbol: item.note for item in store.watchlist.list(user.id)}


def test_two_devices_that_wrote_apart_show_one_list(page_as: PageAs, live_site: LiveSite) -> None:
    phone, desk = page_as("trader", width=390), page_as("trader")
    for device, ago in ((phone, 2), (desk, 1)):
        device.clock.set_fixed_time(NOW - timedelta(hours=ago))
        _kept(device, "/watchlist")
        device.context.set_offline(True)
        device.goto("/watchlist")
    _watch(phone, "SYN001", "from the phone")
    _watch(desk, "SYN002", "from the desk")
    _watch(desk, "SYN001", "from the desk, later")
    for device in (desk, phone):  # what was written first arrives last
        device.context.set_offline(False)
        expect(device.locator("section.table:has(#table-watchlist)")).to_contain_text("SYN001")
    for device in (phone, desk):
        device.goto("/watchlist")
        expect(device.locator("section.table:has(#table-watchlist)")).to_contain_text("from the desk, later")
        expect(device.locator("section.table:has(#table-watchlist)")).to_contain_text("SYN002")
    assert _watched(live_site, "trader") == {"SYN001": "from the desk, later", "SYN002": "from the desk"}


def test_by_keyboard_alone_a_symbol_is_found_its_chart_moved_and_its_table_read(page_as: PageAs) -> None:
    page = page_as("reader")
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("syn001")
    expect(page.locator("#palette-found a[aria-selected=true]")).to_contain_text("SYN001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/symbols/SYN001**")
    expect(page.locator("figure[data-chart=bars]")).to_have_attribute("data-state", "ready")
    _tab_to(page, "[data-act=in]")
    page.keyboard.press("Enter")
    _tab_to(page, "details:has(#table-bars) > summary")
    page.keyboard.press("Enter")
    expect(page.locator("section.table:has(#table-bars) tbody tr").first).to_be_visible()
    _tab_to(page, "nav[aria-label=View] a:last-child")
    page.keyboard.press("Enter")
    page.wait_for_url("**view=consensus**")


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab reaches {selector}")


def test_without_javascript_every_form_of_the_day_works(page_as: PageAs, live_site: LiveSite) -> None:
    page = page_as("", java_script_enabled=False)
    page.goto("/watchlist")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    _watch(page, "SYN001", "without script")
    expect(page.locator("section.table:has(#table-watchlist)")).to_contain_text("without script")
    page.get_by_role("button", name="Take off SYN001").click()
    assert "SYN001" not in _watched(live_site, "admin")
    page.goto("/symbols/SYN001")
    expect(page.get_by_text("The picture needs JavaScript")).to_be_visible()
    page.get_by_text("The table behind the chart").click()
    expect(page.locator("section.table:has(#table-bars) tbody tr").first).to_be_visible()
    page.goto("/runs")
    page.get_by_role("button", name="Ask for it").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").first).to_contain_text("cancelled")
    page.goto("/settings")
    page.get_by_label("Conservative").check()
    page.get_by_role("button", name="Keep").click()
    page.goto("/symbols/SYN001")
    expect(page.locator("nav[aria-label=Preset] a[aria-current]")).to_have_text("conservative")
    page.locator(".side").get_by_role("button", name="Sign out").click()
    assert urlsplit(page.url).path == "/sign-in"


def test_from_a_fresh_key_to_the_first_answer_are_two_calls(
    page_as: PageAs, live_site: LiveSite, driver: Playwright, screens: Path
) -> None:
    page = page_as("admin")
    page.goto("/developer")
    page.get_by_label("Name of a new key").fill("first")
    page.get_by_role("button", name="Make a key").click()  # one
    key = page.locator("#made-key").inner_text()
    asked = re.search(r'curl -s "([^"]+)"', page.get_by_label("Quick start with curl").inner_text())
    assert asked is not None
    stranger = driver.request.new_context()
    answer = stranger.get(asked[1], headers={"Authorization": f"Bearer {key}"})  # two, as the page says it
    assert answer.status == 200
    assert answer.json()["forecasts"]
    stranger.dispose()
    page.goto("/developer")
    assert key not in page.content(), "the key is shown a second time"
    screen(page, screens, "developer")


def test_what_people_wrote_never_runs(page_as: PageAs, live_site: LiveSite, watch: Watch) -> None:
    page = page_as("admin")
    submit(live_site.workspace, "forecast", {"symbols": ["SYN001"]}, by=CANARY[:60])
    page.goto("/watchlist")
    _watch(page, "SYN001", CANARY)
    expect(page.locator("section.table:has(#table-watchlist)")).to_contain_text(CANARY)
    page.goto("/backtests")
    page.locator("#symbols").fill("SYN001")
    page.get_by_label(re.compile("^Name")).fill(CANARY)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    page.goto("/developer")
    page.get_by_label("Name of a new key").fill(CANARY)
    page.get_by_role("button", name="Make a key").click()
    for path in ("/runs", "/developer", "/backtests", "/watchlist", f"/search?q={CANARY}", f"/symbols?q={CANARY[:20]}"):
        page.goto(path)
        assert page.evaluate("() => window.ran") is None, path
        assert page.locator("img[onerror]").count() == 0, path
    assert watch.troubles == []
    for refused in (f"/symbols/{CANARY[:20]}", f"/models/cell?symbol={CANARY[:20]}&timeframe=d1&horizon=1d"):
        page.goto(refused)
        assert page.evaluate("() => window.ran") is None, refused

"""The shell in a real browser: every page of it, at every width, in both themes, with and without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Playwright, expect

from augury.service.access import COOKIE
from augury.web.navigation import NAVIGATION
from browsing import CHROMIUM, FIT, LiveSite, Watch
from site_fixtures import PASSWORD

PageAs = Callable[..., Page]


def test_every_page_that_links_lead_to_is_quiet_and_asks_nobody_else(page_as: PageAs, watch: Watch) -> None:
    page = page_as("admin", java_script_enabled=True)
    waiting, seen, broken = ["/"], set[str](), []
    shapes: dict[str, int] = {}
    while waiting:
        path = waiting.pop(0)
        answer = page.goto(path)
        assert answer is not None
        if answer.status >= 400:
            broken.append(f"{answer.status} {path}")
        for href in page.eval_on_selector_all("a[href]:not([download])", "all => all.map((one) => one.href)"):
            parts = urlsplit(href)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            # Of pages that differ only in their query or their last name, two are looked at.
            shape = parts.path.rpartition("/")[0] if parts.path.count("/") > 1 else parts.path
            if not href.startswith(page_url(page)) or target in seen or parts.path.endswith(".json"):
                continue
            seen.add(target)
            shapes[shape] = shapes.get(shape, 0) + 1
            if shapes[shape] <= 2:
                waiting.append(target)
    assert not broken
    assert {place.path for place in NAVIGATION} <= {*seen, "/"}
    assert watch.troubles == []


def page_url(page: Page) -> str:
    """The origin of a page."""
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}/"


def test_at_twice_the_size_of_text_nothing_is_pushed_off_the_side(page_as: PageAs) -> None:
    page = page_as("admin", width=640)
    for path in ("/", "/settings", "/patterns"):
        page.goto(path)
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        assert page.evaluate(FIT) == "", path


def test_what_is_touched_on_a_phone_is_large_enough(page_as: PageAs) -> None:
    page = page_as("admin", width=390, has_touch=True, is_mobile=True)
    for path in ("/settings", "/developer", "/patterns"):
        page.goto(path)
        small = page.evaluate("""() => [...document.querySelectorAll(
              'button, select, input:not([type=hidden]), summary, .thumb a, .tabs a')]
            .filter((e) => e.checkVisibility() && !e.closest('label'))
            .map((e) => [e.outerHTML.slice(0, 80), Math.round(e.getBoundingClientRect().height)])
            .filter(([, height]) => height < 44)""")
        assert small == [], path


def test_by_keyboard_alone_somebody_signs_in_opens_a_page_and_leaves(page_as: PageAs, site_url: str) -> None:
    page = page_as("")
    page.goto("/settings")
    assert urlsplit(page.url).path == "/sign-in"
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    _tab_to(page, "input[name=name]")
    page.keyboard.type("reader")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/settings")
    _tab_to(page, "nav a[href='/symbols']")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/symbols")
    _tab_to(page, ".side form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab reaches {selector}")


def test_the_palette_finds_a_symbol_and_escape_puts_it_away(page_as: PageAs) -> None:
    page = page_as("reader")
    page.goto("/settings")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search for symbols")
    expect(box).to_be_focused()
    box.fill("syn002")
    expect(page.locator("#palette-found a[aria-selected=true]")).to_contain_text("SYN002")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.keyboard.press("Control+k")
    box.fill("syn002")
    expect(page.locator("#palette-found a[aria-selected=true]")).to_contain_text("SYN002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/symbols/SYN002**")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_word_of_the_glossary_tells_its_sentence_to_keyboard_and_finger(page_as: PageAs) -> None:
    page = page_as("reader")
    page.goto("/patterns")
    word = page.locator("main a.term").first
    word.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("gates")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    word.click()
    expect(page.get_by_role("tooltip")).to_be_visible()


def test_the_theme_a_person_chose_is_there_at_the_first_paint(page_as: PageAs) -> None:
    page = page_as("trader")
    page.goto("/settings")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Your choices are kept.")).to_be_visible()
    html = page.request.get("/settings").text()
    assert '<html lang="en" data-theme="dark">' in html
    assert page.evaluate("() => getComputedStyle(document.body).colorScheme") == "dark"


@pytest.mark.parametrize(
    ("zone", "local"), [("Asia/Tokyo", "2019-01-01 06:00"), ("America/New_York", "2018-12-31 16:00")]
)
def test_moments_are_shown_by_the_readers_clock_and_by_the_markets(zone: str, local: str, page_as: PageAs) -> None:
    page = page_as("reader", timezone_id=zone)
    page.goto("/patterns")
    moment = page.locator("main p time").first
    expect(moment.locator(".local")).to_contain_text(local)
    expect(moment.locator("small")).to_have_text("2018-12-31 16:00 New York")


def test_two_clicks_on_a_button_are_one_act(page_as: PageAs, live_site: LiveSite) -> None:
    page = page_as("admin")
    page.goto("/developer")
    page.get_by_label("Name of a new key").fill("once")
    page.evaluate("""() => {
      const button = document.querySelector('form[action="/developer/keys"] button');
      button.click();
      button.click();
    }""")
    expect(page.locator("#made-key")).to_be_visible()
    assert [key.name for key in live_site.workspace.store.api_keys.list("home")].count("once") == 1


def test_what_was_typed_is_there_again_after_a_refusal(page_as: PageAs) -> None:
    page = page_as("admin")
    page.goto("/developer")
    page.get_by_label("Name of a new key").fill("my laptop")
    page.evaluate("() => { document.querySelector('form[action=\"/developer/keys\"] [name=csrf]').value = 'old'; }")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("alert")).to_contain_text("token of the page")
    page.goto("/developer")
    expect(page.get_by_label("Name of a new key")).to_have_value("my laptop")


def test_without_javascript_the_forecasts_and_the_search_are_there(page_as: PageAs) -> None:
    page = page_as("reader", java_script_enabled=False)
    page.goto("/")
    expect(page.locator("#table-forecasts")).to_be_visible()
    assert page.locator("section.table:has(#table-forecasts) tbody tr").count() >= 4
    page.goto("/search?q=syn001")
    expect(page.locator(".found a").first).to_contain_text("SYN001")
    expect(page.locator(".banner")).to_have_count(0)


def test_the_site_can_be_installed_and_read_without_a_network(
    live_site: LiveSite, driver: Playwright, tmp_path: Path
) -> None:
    context = driver.chromium.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], base_url=live_site.url
    )
    context.add_cookies([{"name": COOKIE, "value": live_site.token("reader"), "url": live_site.url}])
    page = context.new_page()
    page.goto("/")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => 1)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    tools = context.new_cdp_session(page)
    assert tools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    sizes = {(icon["sizes"], icon["purpose"]) for icon in json.loads(manifest["data"])["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes

    page.goto("/")
    page.wait_for_function("() => caches.open('augury-pages').then((c) => c.match('/')).then(Boolean)")
    context.set_offline(True)
    page.reload()
    expect(page.locator(".banner")).to_contain_text("old")
    expect(page.locator("section.table:has(#table-forecasts) tbody tr").first).to_be_visible()
    expect(page.locator(".side form button")).to_be_disabled()
    page.goto("/proof")
    expect(page.locator("#kept")).to_contain_text("The last forecasts that were read here")
    expect(page.locator("#kept tbody tr").first).to_be_visible()

    context.set_offline(False)
    page.goto("/")
    page.locator(".side form button").click()
    page.wait_for_url("**/sign-in")
    assert page.evaluate("() => caches.has('augury-pages')") is False
    context.close()

"""What browser tests have: a real server over a copy of the filled folder, and Debian's Chromium.

The server is this process's own, on a free port. The browser lives as long as one test file: its
event loop must not be there when tests of other files start theirs.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from sqlalchemy import update

from augury.core.clock import FixedClock
from augury.core.settings import Settings
from augury.records.accounts.tables import HOME, tenants
from augury.records.database import transaction
from augury.runs.workspace import Workspace
from augury.service.access import COOKIE
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site
from site_fixtures import NOW, PASSWORD

expect.set_options(timeout=30_000)  # how long a busy machine is waited for; nothing here measures speed
CHROMIUM = "/usr/bin/chromium"
ROLES = ("reader", "trader", "admin")
FIT = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return '';
  const wide = (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, pre, .tabs');
  const found = [...document.querySelectorAll('body *')].filter(wide).slice(0, 3);
  return found.map((one) => one.outerHTML.slice(0, 90)).join(' | ') || 'the page';
}"""
"""Says what is wider than the screen; nothing when all fits."""


@dataclass(frozen=True)
class LiveSite:
    """A site that is served: its address and the workspace it works on."""

    url: str
    workspace: Workspace

    def token(self, role: str) -> str:
        """Open a session of the person of a role, without the form."""
        user = self.workspace.store.people.named(role)
        assert user is not None
        return self.workspace.store.sessions.open(user.id)


@dataclass
class Watch:
    """What a page must never do: complain, break its policy, or ask a stranger."""

    home: str
    troubles: list[str] = field(default_factory=list)

    def look_at(self, page: Page) -> None:
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("request", lambda asked: self._asked(page, asked.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective, e.blockedURI))"
        )

    def _asked(self, page: Page, url: str) -> None:
        if not url.startswith((self.home, "data:", "blob:")):
            self.troubles.append(f"{page.url} asked {url}")


@pytest.fixture(autouse=True)
def _short_logs() -> None:
    """Errors of the server as Python writes them; with every local value they take longer than the test."""
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    level = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(processors=[structlog.processors.add_log_level, console], wrapper_class=level)


def serve(workspace: Workspace) -> Iterator[LiveSite]:
    """Serve a workspace on a free port of loopback until the generator is closed."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = site(Backend.open(workspace, ServiceConfig(port=port)))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, server_header=False, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="site")
    thread.start()
    for _ in range(1000):
        if server.started:
            break
        threading.Event().wait(0.01)
    assert server.started, "the server did not start"
    yield LiveSite(f"http://127.0.0.1:{port}", workspace)
    server.should_exit = True
    thread.join(timeout=10)
    listening.close()


def _people(workspace: Workspace) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for role in ROLES:
        workspace.store.people.add_user(role, cheap, role)
    with transaction(workspace.store.engine) as connection:  # a crawl is more than sixty calls a minute
        connection.execute(update(tenants).where(tenants.c.id == HOME).values(plan="partner"))


@pytest.fixture(scope="module")
def live_site(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A server over a copy of the filled folder, with a person of each role."""
    folder = tmp_path_factory.mktemp("live") / "data"
    shutil.copytree(seeded, folder)
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    with Workspace.open(settings, clock=FixedClock(NOW)) as workspace:
        _people(workspace)
        yield from serve(workspace)


@pytest.fixture(scope="module")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A server over a fresh install, with a person of each role."""
    folder = tmp_path_factory.mktemp("fresh")
    settings = Settings.load({"data_dir": folder / "data", "workers": 1}, environ={}, start=folder)
    with Workspace.open(settings, clock=FixedClock(NOW)) as workspace:
        _people(workspace)
        yield from serve(workspace)


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of what was seen are kept: ``AUGURY_SCREENS``, else a folder of this run."""
    folder = Path(os.environ.get("AUGURY_SCREENS") or tmp_path_factory.mktemp("screens"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def screen(page: Page, folder: Path, name: str) -> None:
    """Keep a picture of what a page shows now."""
    page.screenshot(path=folder / f"{name}.png")


@pytest.fixture(scope="module")
def site_url(live_site: LiveSite) -> str:
    """The address of the served site."""
    return live_site.url


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    """What starts browsers; there can be one at a time."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, without a screen."""
    opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
    yield opened
    opened.close()


@pytest.fixture
def watch(site_url: str) -> Watch:
    """Notes what pages opened by ``page_as`` do wrong."""
    return Watch(site_url)


@pytest.fixture
def page_as(browser: Browser, live_site: LiveSite, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Open a page as a person of a role ("" for a stranger): ``page_as("admin", width=320, theme="dark")``."""
    opened: list[BrowserContext] = []

    def make(role: str = "reader", *, width: int = 1280, theme: Any = "light", **options: Any) -> Page:
        context = browser.new_context(
            base_url=live_site.url, viewport={"width": width, "height": 800}, color_scheme=theme,
            reduced_motion="reduce", **options,
        )  # fmt: skip
        opened.append(context)
        if role:
            context.add_cookies([{"name": COOKIE, "value": live_site.token(role), "url": live_site.url}])
        page = context.new_page()
        watch.look_at(page)
        return page

    yield make
    for context in opened:
        context.close()

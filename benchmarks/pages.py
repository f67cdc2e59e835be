"""Every page of the real app in Chromium: barriers, quiet, size and speed; one JSON line.

    python benchmarks/pages.py [--folder DIR] [--only overview,symbol] [--no-lighthouse]

barriers    serious and critical findings of axe on every page x light and dark x 320, 390 and 1280 px, pages wider
            than the screen, errors on the console, and requests to anybody else; each is named on stderr.
weight      gzipped script and style of a first view, the heaviest page.
chart       candles of 10,000 stored bars: from the click until they are painted, the middle of five.
lighthouse  12.8.2 by ``npx``, mobile, the lowest score over the pages; needs Node. Up to three tries for a page below
            its mark: a machine that is busy elsewhere slows the first.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from demo_site import CHROMIUM, STRANGERS, DemoSite, demo_site, filled

WIDTHS, THEMES = (320, 390, 1280), ("light", "dark")
MARKS = {"accessibility": 0.95, "best-practices": 0.95, "performance": 0.85}
TRIES = 3
FIT = "() => document.documentElement.scrollWidth <= innerWidth"
AXE = "() => axe.run(document, {resultTypes: ['violations'], elementRef: false}).then((r) => r.violations)"
WEIGHT = """() => performance.getEntriesByType('resource')
  .filter((one) => /\\.(js|mjs|css)$/.test(new URL(one.name).pathname))
  .reduce((sum, one) => sum + one.encodedBodySize, 0) / 1024"""
PAINTED = """() => new Promise((done) => {
  const drawn = () => document.querySelector('figure[data-chart=bars]')?.dataset.state === 'ready';
  const look = () => drawn()
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))) : setTimeout(look, 5);
  look();
})"""


def main() -> None:
    """Serve a demo, look at every page, print one line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--folder", type=Path, help="a folder demo_site.py filled; default: fill a fresh one")
    reader.add_argument("--only", default="", help="names of pages")
    reader.add_argument("--no-lighthouse", action="store_true")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare) / "demo"
        with demo_site(folder, filled(folder)) as shown:
            pages = {name: at for name, at in shown.pages().items() if not asked.only or name in asked.only.split(",")}
            line = looked(shown, pages)
            if not asked.no_lighthouse:
                line["lighthouse"] = audited(shown, pages)
    print(json.dumps({"bench": "pages", "pages": len(pages), **line, "load": round(os.getloadavg()[0], 1)}))


def looked(shown: DemoSite, pages: dict[str, str]) -> dict[str, Any]:
    """Open every page in every theme at every width."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        found = [fault for name, at in pages.items() for fault in barriers(browser, shown, name, at)]
        weights = {name: weight(browser, shown, name, at) for name, at in pages.items()}
        painted = [chart(browser, shown) for _ in range(5)]
        browser.close()
    for fault in found:
        print(*fault, file=sys.stderr)
    kinds = [kind for kind, *_ in found]
    return {
        "axe_serious": kinds.count("axe"), "too_wide": kinds.count("wide"), "console_errors": kinds.count("console"),
        "foreign_requests": kinds.count("foreign"), "script_style_kib": round(max(weights.values()), 1),
        "first_paint_10k_bars_ms": round(statistics.median(painted)),
    }  # fmt: skip


def opened(browser: Browser, shown: DemoSite, name: str, **options: Any) -> Page:
    """Open a fresh browser's first page, behind the door unless the page stands before it."""
    context = browser.new_context(base_url=shown.url, reduced_motion="reduce", **options)
    if name not in STRANGERS:
        context.add_cookies([shown.cookie])
    return context.new_page()


def barriers(browser: Browser, shown: DemoSite, name: str, at: str) -> list[tuple[str, ...]]:
    """Return what is wrong with a page as (kind, page, what)."""
    page = opened(browser, shown, name, viewport={"width": 320, "height": 800})
    found: list[tuple[str, ...]] = []
    wanted = "404" if name == "missing" else "none"  # the page that says that nothing is there
    page.on("console", lambda said: found.append(("console", name, said.text))
            if said.type == "error" and wanted not in said.text else None)  # fmt: skip
    page.on("pageerror", lambda error: found.append(("console", name, str(error))))
    page.on("request", lambda asked: None if asked.url.startswith((shown.url, "data:", "blob:"))
            else found.append(("foreign", name, asked.url)))  # fmt: skip
    page.goto(at, wait_until="networkidle" if name not in ("runs", "job") else "load")
    page.evaluate(_axe())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if not page.evaluate(FIT):
            found.append(("wide", name, f"{width} px"))
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            for one in page.evaluate(AXE):
                if one["impact"] in ("serious", "critical"):
                    where = f"{one['nodes'][0]['html'][:120]} {one['nodes'][0].get('failureSummary', '')[:160]}"
                    found.append(("axe", name, f"{width} px {theme} {one['id']}: {where}"))
    page.context.close()
    return found


def _axe() -> str:
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        raise SystemExit("axe-playwright-python is missing: pip install '.[dev]'")
    return (Path(package.origin).parent / "axe.min.js").read_text()


def weight(browser: Browser, shown: DemoSite, name: str, at: str) -> float:
    """Return KiB of gzipped script and style that the first view of a page loads."""
    page = opened(browser, shown, name)
    page.goto(at)
    page.wait_for_timeout(300)  # modules of a chart come after the load
    kib = float(page.evaluate(WEIGHT))
    page.context.close()
    return kib


def chart(browser: Browser, shown: DemoSite) -> float:
    """Return milliseconds from the start of the navigation until the candles are painted."""
    page = opened(browser, shown, "symbol", viewport={"width": 1280, "height": 800})
    page.goto("/symbols/SYN001?timeframe=d1", wait_until="commit")
    painted = float(page.evaluate(PAINTED))
    page.context.close()
    return painted


def audited(shown: DemoSite, pages: dict[str, str]) -> dict[str, Any]:
    """Return Lighthouse's lowest scores over the pages, each said on stderr."""
    lowest = dict.fromkeys(MARKS, 1.0)
    for name, at in pages.items():
        if name == "missing":  # an error is not a page Lighthouse scores
            continue
        scores = dict.fromkeys(MARKS, 0.0)
        for _ in range(TRIES):
            scores = {kind: max(scores[kind], got) for kind, got in _lighthouse(shown, name, at).items()}
            if all(scores[kind] >= mark for kind, mark in MARKS.items()):
                break
        print("lighthouse", name, scores, file=sys.stderr)
        lowest = {kind: min(lowest[kind], scores[kind]) for kind in MARKS}
    return lowest


def _lighthouse(shown: DemoSite, name: str, at: str) -> dict[str, float]:
    headers = {} if name in STRANGERS else {"cookie": f"{shown.cookie['name']}={shown.cookie['value']}"}
    command = [
        "npx", "-y", "lighthouse@12.8.2", shown.url + at.partition("#")[0], "--output=json", "--quiet",
        f"--only-categories={','.join(MARKS)}", f"--extra-headers={json.dumps(headers)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    ]  # fmt: skip
    done = subprocess.run(command, env=os.environ | {"CHROME_PATH": CHROMIUM}, capture_output=True, check=False)
    if done.returncode:
        print("lighthouse", name, done.stderr.decode()[-300:], file=sys.stderr)
        return dict.fromkeys(MARKS, 0.0)
    said = json.loads(done.stdout)
    for audit in said["audits"].values():
        if audit.get("score") is not None and audit["score"] < 0.9 and audit["scoreDisplayMode"] == "binary":
            print("lighthouse", name, audit["id"], audit["title"], file=sys.stderr)
    return {kind: said["categories"][kind]["score"] for kind in MARKS}


if __name__ == "__main__":
    main()

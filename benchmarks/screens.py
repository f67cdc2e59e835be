"""Pictures of ten key views of the real app, light, dark and on a phone, into ``docs/screens``; one line a picture.

    python benchmarks/screens.py [--folder DIR] [--into docs/screens] [--only symbol,proof]

The folder is filled by ``demo_site.py``. A picture that outgrows 150 kB is refused: they are read over phone lines too.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from demo_site import CHROMIUM, DemoSite, demo_site, filled

VIEWS = ("overview", "symbol", "consensus", "models", "rollback", "proof", "runs", "backtest", "portfolio", "developer")
FACES = {"light": ("light", 1280, 800), "dark": ("dark", 1280, 800), "phone": ("light", 390, 844)}
"""Theme, width and height of each picture of a view."""
BYTES_MAX = 150_000


def main() -> None:
    """Serve a demo and picture it."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--folder", type=Path, help="a folder demo_site.py filled; default: fill a fresh one")
    reader.add_argument("--into", type=Path, default=Path(__file__).parents[1] / "docs" / "screens")
    reader.add_argument("--only", default="", help="names of views")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare) / "demo"
        with demo_site(folder, filled(folder)) as shown, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            pages = shown.pages()
            for name in asked.only.split(",") if asked.only else VIEWS:
                for face in FACES:
                    picture(browser, shown, pages[name], face, asked.into / f"{name}-{face}.png")
            browser.close()


def picture(browser: Browser, shown: DemoSite, at: str, face: str, path: Path) -> None:
    """Write one picture of a view."""
    theme, width, height = FACES[face]
    context = browser.new_context(
        base_url=shown.url, viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce",
        timezone_id="America/New_York", locale="en-GB", is_mobile=face == "phone", has_touch=face == "phone",
    )  # fmt: skip
    context.add_cookies([shown.cookie])
    page = context.new_page()
    page.goto(at)
    settled(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    context.close()
    size = path.stat().st_size
    if size > BYTES_MAX:
        raise SystemExit(f"{path} holds {size:,} bytes, above {BYTES_MAX:,}: a picture of less is wanted")
    print(path, f"{size:,} bytes")


def settled(page: Page) -> None:
    """Wait until letters and charts are there."""
    page.evaluate("() => document.fonts.ready.then(() => 1)")
    if page.locator("figure[data-chart=bars]").count():
        page.wait_for_selector("figure[data-chart=bars][data-state=ready]")
        page.wait_for_timeout(300)  # the chart paints in the frames after


if __name__ == "__main__":
    main()

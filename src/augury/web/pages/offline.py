"""The installable app: its manifest, its service worker, and the page shown without a network."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from augury.web.assets import asset, has_asset, version
from augury.web.rendering import environment, page

ROUTER = APIRouter()
_SHELL: Final = (
    "css/tokens.css", "css/site.css", "css/shell.css", "css/parts.css", "css/pages.css", "js/shell.js", "js/palette.js",
    "js/offline.js", "icons/icon.svg", "icons/icon-192.png", "vendor/inter.woff2", "vendor/htmx.min.js",
)  # fmt: skip
_ICONS: Final = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("maskable-512", 512, "maskable"))


@ROUTER.get("/manifest.webmanifest")
def manifest() -> Response:
    """Describe the app to the device that installs it."""
    icons = [
        {"src": asset(f"icons/{name}.png"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for name, side, purpose in _ICONS
    ]
    said = {
        "id": "/", "name": "Augury", "short_name": "Augury", "description": "Forecasts that prove themselves.",
        "start_url": "/", "scope": "/", "display": "standalone", "lang": "en", "categories": ["finance"],
        "background_color": "#f6f7f9", "theme_color": "#17335f", "icons": icons,
        "shortcuts": [{"name": "Symbols", "url": "/symbols"}, {"name": "Watchlist", "url": "/watchlist"}],
    }  # fmt: skip
    return JSONResponse(said, headers={"cache-control": "no-cache"}, media_type="application/manifest+json")


@ROUTER.get("/service-worker.js")
def service_worker() -> Response:
    """Give the worker of the pages; its text changes when any static file does."""
    files = ["/offline", *(asset(name) for name in _SHELL if has_asset(name))]
    text = environment().get_template("service-worker.js").render(version=version(), files=files)
    return Response(text, headers={"cache-control": "no-cache"}, media_type="text/javascript")


@ROUTER.get("/offline")
def offline(request: Request) -> Response:
    """Show what is left to read without a network; the same for everybody, filled in by the reader's device."""
    return page(request, None, "offline.html", title="Offline", wide=True)

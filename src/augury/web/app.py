"""The site, put together: the API, the pages of the catalogue, the static files, and errors people can read."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from augury.core.errors import AuguryError, NotSignedIn
from augury.service import problems
from augury.service.app import api
from augury.service.backend import Backend
from augury.web.pages import PAGES
from augury.web.rendering import error_page

STATIC: Final = Path(__file__).parent / "static"


def site(backend: Backend) -> FastAPI:
    """Build the application that answers the API and shows the pages.

    Parameters
    ----------
    backend : Backend
    """
    app = api(backend)
    for _, router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(AuguryError, _named)
    return app


async def _named(request: Request, error: Exception) -> Response:
    """Send people who are not signed in to the door, show others a page, and programs a problem."""
    if not wants_page(request):
        return await problems.named(request, error)
    if isinstance(error, NotSignedIn) and request.method == "GET":
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(place)}", 303)
    assert isinstance(error, AuguryError)
    return error_page(request, error)


def wants_page(request: Request) -> bool:
    """Tell a browser that looks at a page from a program that asks the API."""
    return not request.url.path.startswith("/v1") and "text/html" in request.headers.get("accept", "")

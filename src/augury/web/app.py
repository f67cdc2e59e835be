"""The site, put together: the API, the pages of the catalogue, the static files, and errors people can read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from augury.core.errors import AuguryError, NotSignedIn
from augury.service import problems
from augury.service.app import api
from augury.service.backend import Backend
from augury.web.assets import answer
from augury.web.pages import PAGES
from augury.web.rendering import error_page

Answers = Callable[[Request, Exception], Awaitable[Response]]
_PROBLEMS: Final[tuple[tuple[type[Exception], Answers], ...]] = (
    (AuguryError, problems.named),
    (RequestValidationError, problems.invalid),
    (HTTPException, problems.plain),
    (Exception, problems.unexpected),
)


def site(backend: Backend) -> FastAPI:
    """Build the application that answers the API and shows the pages.

    Parameters
    ----------
    backend : Backend
    """
    app = api(backend)
    for _, router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.add_api_route("/static/{name:path}", _static, methods=["GET", "HEAD"], include_in_schema=False)
    for kind, problem in _PROBLEMS:
        app.add_exception_handler(kind, _for_people(problem))
    return app


async def _static(request: Request, name: str) -> Response:
    """Answer a static file."""
    return answer(request, name)


def _for_people(problem: Answers) -> Answers:
    """Show people a page where programs get a problem; who is not signed in is sent to the door."""

    async def answered(request: Request, error: Exception) -> Response:
        if isinstance(error, NotSignedIn) and request.method == "GET" and wants_page(request):
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(place)}", 303)
        said = await problem(request, error)
        return error_page(request, said) if wants_page(request) else said

    return answered


def wants_page(request: Request) -> bool:
    """Tell a browser that looks at a page from a program that asks the API."""
    return not request.url.path.startswith("/v1") and "text/html" in request.headers.get("accept", "")

"""What a browser keeps of a session: its cookie, the theme, and nothing of whoever was here before."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse, Response

from augury.service.access import COOKIE
from augury.service.answers.account import theme_of
from augury.service.backend import Backend
from augury.web.rendering import THEME_COOKIE

_SESSION_S: Final = 14 * 86_400
_YEAR_S: Final = 365 * 86_400


def with_session(backend: Backend, token: str, place: str) -> Response:
    """Send a person who signed in to a place on this site, with the session's cookie."""
    # Only a place on this site: an address with a host would send people who signed in elsewhere.
    safe = (
        place if place.startswith("/") and not urlsplit(place).netloc and not place.startswith(("//", "/\\")) else "/"
    )
    answer = RedirectResponse(safe, 303)
    secure = backend.config.secure
    answer.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure, max_age=_SESSION_S)
    return forget_pages(with_theme(answer, theme_of(backend, token), secure=secure))


def with_theme(answer: Response, theme: str, *, secure: bool) -> Response:
    """Let the first paint of the next page have the theme a person chose."""
    answer.set_cookie(THEME_COOKIE, theme, httponly=True, samesite="lax", secure=secure, max_age=_YEAR_S)
    return answer


def forget_pages(answer: Response) -> Response:
    """Let the browser forget the pages it keeps for reading offline: they are another person's from here on."""
    answer.headers["clear-site-data"] = '"storage"'
    return answer

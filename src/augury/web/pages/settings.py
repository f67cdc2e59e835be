"""Settings: what a person chose, the password, the own data, and the ways out: everywhere, and for good."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import LimitReached, UsageError
from augury.service.access import COOKIE, Reader
from augury.service.accounts.caller import Caller
from augury.service.answers.account import PRESETS, THEMES, account, change_password, choose, sign_out_everywhere
from augury.service.answers.my_data import delete_me
from augury.service.backend import Backend, TheBackend
from augury.service.problems import request_id_of, status_of
from augury.web.rendering import page
from augury.web.sessions import forget_pages, with_session, with_theme

ROUTER = APIRouter()


@ROUTER.get("/settings")
def settings(request: Request, backend: TheBackend, caller: Reader, saved: str = "") -> Response:
    """Show the account and what was chosen."""
    return _shown(request, backend, caller, saved=saved)


@ROUTER.post("/settings")
def save(
    request: Request, backend: TheBackend, caller: Reader, theme: Annotated[str, Form()],
    preset: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Keep the theme and the preset."""
    kept = choose(backend, caller, theme=theme, preset=preset)
    return with_theme(RedirectResponse("/settings?saved=choices", 303), kept.theme, secure=backend.config.secure)


@ROUTER.post("/settings/password")
def password(
    request: Request, backend: TheBackend, caller: Reader, old: Annotated[str, Form()], new: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Change the password; every other session ends."""
    try:
        token = change_password(backend, caller, old, new)
    except UsageError as error:
        return _shown(request, backend, caller, refused=error.message, status=422)
    return with_session(backend, token, "/settings?saved=password")


@ROUTER.post("/settings/sign-out-everywhere")
def leave_everywhere(backend: TheBackend, caller: Reader) -> Response:
    """End every session of the person, this one too."""
    sign_out_everywhere(backend, caller)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return forget_pages(answer)


@ROUTER.get("/settings/delete")
def leaving(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """Say what would go and what would stay; nothing is deleted yet."""
    return _leaving(request, backend, caller)


@ROUTER.post("/settings/delete")
def leave_for_good(
    request: Request, backend: TheBackend, caller: Reader, password: Annotated[str, Form(max_length=1000)]
) -> Response:
    """Delete the account and show the door."""
    try:
        delete_me(backend, caller, password, request_id=request_id_of(request))
    except (UsageError, LimitReached) as error:
        return _leaving(request, backend, caller, refused=error)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return forget_pages(answer)


def _leaving(
    request: Request, backend: Backend, caller: Caller, *, refused: UsageError | LimitReached | None = None
) -> Response:
    return page(
        request, caller, "leaving.html", title="Delete your account", account=account(backend, caller), refused=refused,
        status=200 if refused is None else status_of(refused),
    )  # fmt: skip


def _shown(
    request: Request, backend: Backend, caller: Caller, *, saved: str = "", refused: str = "", status: int = 200
) -> Response:
    return page(
        request, caller, "settings.html", title="Settings", status=status, account=account(backend, caller),
        themes=THEMES, presets=PRESETS, saved=saved, refused=refused,
    )  # fmt: skip

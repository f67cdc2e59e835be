"""The door: sign in, sign out, and the welcome of the first account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import NotSignedIn, UsageError
from augury.service.access import COOKIE, Reader
from augury.service.accounts.signing_in import accept, sign_in
from augury.service.backend import TheBackend
from augury.web.rendering import page
from augury.web.sessions import forget_pages, with_session

ROUTER = APIRouter()


@ROUTER.get("/sign-in")
def door(request: Request, next: str = "/") -> Response:
    """Show the form."""
    return page(request, None, "sign_in.html", title="Sign in", next=next, refused="", name="")


@ROUTER.post("/sign-in")
def enter(
    request: Request, backend: TheBackend, name: Annotated[str, Form()], password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",
) -> Response:  # fmt: skip
    """Open a session, or show the form again with one answer for every reason."""
    try:
        token = sign_in(backend, name, password, client=request.client, old=request.cookies.get(COOKIE, ""))
    except NotSignedIn as error:
        return page(
            request, None, "sign_in.html", title="Sign in", status=401, next=next, refused=error.message, name=name
        )
    return with_session(backend, token, next)


@ROUTER.post("/sign-out")
def leave(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """End the session."""
    backend.workspace.store.sessions.close(request.cookies.get(COOKIE, ""))
    backend.doorkeeper.forget()
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return forget_pages(answer)


@ROUTER.get("/welcome")
def welcome(request: Request, code: str = "") -> Response:
    """Show the form that makes the account of an invitation."""
    return page(request, None, "welcome.html", title="Welcome", code=code, refused="", name="")


@ROUTER.post("/welcome")
def join(
    request: Request, backend: TheBackend, code: Annotated[str, Form()], name: Annotated[str, Form()],
    password: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Make the account and open its first session."""
    try:
        token = accept(backend, code, name, password, client=request.client)
    except (NotSignedIn, UsageError) as error:
        return page(
            request, None, "welcome.html", title="Welcome", status=422, code=code, refused=error.message, name=name
        )
    return with_session(backend, token, "/")

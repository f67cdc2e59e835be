"""``/v1/me`` and ``/v1/users``: who asks, and the people of a tenant."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from augury.service.access import Admin, Reader
from augury.service.answers.account import sign_out_everywhere
from augury.service.answers.my_data import MyData, delete_me, my_data
from augury.service.answers.users import InvitationAnswer, Me, UserAnswer, UserList, change_user, invite, me, users
from augury.service.backend import TheBackend
from augury.service.paths import UNKNOWN
from augury.service.problems import request_id_of
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["users"], route_class=StrictRoute)
UserId = Annotated[str, Path(min_length=1, max_length=32, examples=["5f0c1a7be7a84f10a3f5a4bb3f0d9a11"])]
Role = Literal["reader", "trader", "admin"]


class InvitationBody(Strict):
    """What the new person may."""

    role: Annotated[Role, Field(examples=["reader"])] = "reader"


class UserChange(Strict):
    """What changes; what is left out stays."""

    role: Annotated[Role | None, Field(examples=["trader"])] = None
    disabled: Annotated[bool | None, Field(description="True: signed out and without keys within a second.")] = None


class LeavingBody(Strict):
    """The password once more: a session or a key that was left lying about deletes no account."""

    password: Annotated[str, Field(min_length=1, max_length=1000, examples=["correct horse battery"])]


@ROUTER.get("/me", summary="Who asks")
def who_asks(backend: TheBackend, caller: Reader) -> Me:
    """Say whose key or session this is, what it may, and what its plan allows."""
    return me(backend, caller)


@ROUTER.delete("/me/sessions", status_code=204, summary="Sign out everywhere")
def end_sessions(backend: TheBackend, caller: Reader) -> None:
    """End every session of the person who asks, this one too; a key has none (403)."""
    sign_out_everywhere(backend, caller)


@ROUTER.get(
    "/users/me/export", summary="Your data", response_class=StreamingResponse, responses={200: {"model": MyData}}
)
def export_me(backend: TheBackend, caller: Reader) -> Response:
    """Return all you own here as one document: account, keys and webhooks without their secrets, sessions, watchlist,
    paper positions, every call and every act. A key that nobody's account made has none (403).
    """
    headers = {"content-disposition": 'attachment; filename="augury-my-data.json"'}
    return StreamingResponse(my_data(backend, caller), 200, headers, "application/json")


@ROUTER.delete("/users/me", status_code=204, summary="Delete your account")
def leave_for_good(request: Request, backend: TheBackend, caller: Reader, body: LeavingBody) -> None:
    """Delete your account: sessions and keys end at once, name, password, watchlist and positions are gone.

    Your lines of the audit trail stay under an opaque id. The last admin of a tenant stays (422).
    """
    delete_me(backend, caller, body.password, request_id=request_id_of(request))


@ROUTER.get("/users", summary="The people of your tenant")
def list_users(backend: TheBackend, caller: Admin) -> UserList:
    """Return the people by name."""
    return users(backend, caller)


@ROUTER.post("/users/invitations", status_code=201, summary="Invite somebody")
def invite_user(request: Request, backend: TheBackend, caller: Admin, body: InvitationBody) -> InvitationAnswer:
    """Make a one-time code that makes an account in your tenant; it is shown this once and good for a day."""
    return invite(backend, caller, body.role, request_id=request_id_of(request))


@ROUTER.patch("/users/{user_id}", summary="Change what somebody may", responses=UNKNOWN)
def change(request: Request, backend: TheBackend, caller: Admin, user_id: UserId, body: UserChange) -> UserAnswer:
    """Change a role, or disable and enable; the last admin of a tenant stays one."""
    return change_user(
        backend, caller, user_id, role=body.role, disabled=body.disabled, request_id=request_id_of(request)
    )

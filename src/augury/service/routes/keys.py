"""``/v1/keys``: keys of programs, made, rotated and revoked by admins of a tenant."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import Field

from augury.service.access import Admin
from augury.service.accounts.issuing import NAME_MAX, OVERLAP_HOURS_MAX
from augury.service.answers.keys import KeyAnswer, KeyList, NewKey, keys, make_key, revoke_key, rotate_key
from augury.service.backend import TheBackend
from augury.service.paths import UNKNOWN
from augury.service.problems import request_id_of
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["keys"], route_class=StrictRoute)
KeyId = Annotated[str, Path(min_length=1, max_length=32, examples=["5f0c1a7be7a84f10a3f5a4bb3f0d9a11"])]
Scope = Literal["read", "predict", "train", "admin"]


class KeyBody(Strict):
    """What a new key is called and may."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX, examples=["laptop"])]
    scopes: Annotated[
        list[Scope], Field(min_length=1, max_length=4, default_factory=lambda: ["read"], examples=[["read", "predict"]])
    ]
    days: Annotated[int | None, Field(ge=1, le=3650, description="After which it ends; null: it does not.")] = None
    sandbox: Annotated[bool, Field(description="aug_test_…: reads and has answers computed; writes nothing.")] = False


class RotateBody(Strict):
    """How long the old key goes on beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_HOURS_MAX, description="Hours; 0 ends it now.")] = 24


@ROUTER.get("/keys", summary="The keys of your tenant")
def list_keys(backend: TheBackend, caller: Admin) -> KeyList:
    """Return what is known of the keys; the keys themselves are kept nowhere."""
    return keys(backend, caller)


@ROUTER.post("/keys", status_code=201, summary="Make a key")
def create_key(request: Request, backend: TheBackend, caller: Admin, body: KeyBody) -> NewKey:
    """Make a key that may no more than you; ``key`` in the answer is shown this once."""
    return make_key(
        backend, caller, body.name, body.scopes, days=body.days, sandbox=body.sandbox,
        request_id=request_id_of(request),
    )  # fmt: skip


@ROUTER.post("/keys/{key_id}/rotate", status_code=201, summary="Replace a key", responses=UNKNOWN)
def replace_key(
    request: Request, backend: TheBackend, caller: Admin, key_id: KeyId, body: RotateBody | None = None
) -> NewKey:
    """Make a key in the place of another, which goes on opening for the overlap."""
    overlap = (body or RotateBody()).overlap_hours
    return rotate_key(backend, caller, key_id, overlap, request_id=request_id_of(request))


@ROUTER.delete("/keys/{key_id}", summary="Revoke a key", responses=UNKNOWN)
def end_key(request: Request, backend: TheBackend, caller: Admin, key_id: KeyId) -> KeyAnswer:
    """End a key; within a second it opens nothing on any server of this installation."""
    return revoke_key(backend, caller, key_id, request_id=request_id_of(request))

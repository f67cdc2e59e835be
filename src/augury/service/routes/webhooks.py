"""``/v1/webhooks``: be told of news, signed by the rules of Standard Webhooks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from augury.service.access import Admin
from augury.service.answers import webhooks as answers
from augury.service.answers.webhooks import (
    MessageAnswer,
    MessagePage,
    NewWebhook,
    TestAnswer,
    WebhookAnswer,
    WebhookPage,
)
from augury.service.backend import TheBackend
from augury.service.problems import Problem, request_id_of
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["webhooks"], route_class=StrictRoute)
_ID = "5f0c1a7be7a84f10a3f5a4bb3f0d9a11"
WebhookId = Annotated[str, Path(max_length=32, description="Its id.", examples=[_ID])]
MessageId = Annotated[str, Path(max_length=32, description="Its id, the header ``webhook-id``.", examples=[_ID])]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such webhook or message"}}
_REFUSED: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Disabled, or too many"}}


class WebhookBody(Strict):
    """Where news is told, and which."""

    url: Annotated[str, Field(max_length=2000, description="https://…", examples=["https://hooks.example.com/augury"])]
    events: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(min_length=1, max_length=20, description="Kinds of news.", examples=[["forecast.created"]]),
    ]


class RotateBody(Strict):
    """How long the old secret signs beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=168, description="Hours.", examples=[24])] = 24


@ROUTER.post("/webhooks", status_code=201, summary="Be told of news", responses=_REFUSED)
def create_webhook(
    request: Request, response: Response, backend: TheBackend, caller: Admin, body: WebhookBody
) -> NewWebhook:
    """Write an address down; the secret that signs its messages is shown in this answer and never again."""
    said = answers.create(backend, caller, body.url, body.events, request_id_of(request))
    response.headers["Location"] = f"/v1/webhooks/{said.id}"
    return said


@ROUTER.get("/webhooks", summary="Who is told")
def list_webhooks(backend: TheBackend, caller: Admin) -> WebhookPage:
    """Return the webhooks of the caller's tenant, without their secrets."""
    return answers.webhooks(backend, caller)


@ROUTER.get("/webhooks/{webhook_id}", summary="One webhook", responses=_UNKNOWN)
def get_webhook(backend: TheBackend, caller: Admin, webhook_id: WebhookId) -> WebhookAnswer:
    """Return one webhook, without its secret."""
    return answers.webhook(backend, caller, webhook_id)


@ROUTER.delete("/webhooks/{webhook_id}", status_code=204, summary="Tell it nothing more", responses=_UNKNOWN)
def delete_webhook(request: Request, backend: TheBackend, caller: Admin, webhook_id: WebhookId) -> None:
    """Forget a webhook and its delivery log."""
    answers.delete(backend, caller, webhook_id, request_id_of(request))


@ROUTER.post("/webhooks/{webhook_id}/test", summary="Try a webhook", responses=_UNKNOWN)
def test_webhook(request: Request, backend: TheBackend, caller: Admin, webhook_id: WebhookId) -> TestAnswer:
    """Send one signed message of type ``webhook.test``; only the status it was answered with is told."""
    return answers.tried(backend, caller, webhook_id, request_id_of(request))


@ROUTER.post("/webhooks/{webhook_id}/rotate", summary="Change the secret", responses=_UNKNOWN)
def rotate_webhook(
    request: Request, backend: TheBackend, caller: Admin, webhook_id: WebhookId, body: RotateBody
) -> NewWebhook:
    """Sign with a new secret, shown once; until the overlap is over messages carry both signatures."""
    return answers.rotate(backend, caller, webhook_id, body.overlap_hours, request_id_of(request))


@ROUTER.get("/webhooks/{webhook_id}/messages", summary="The delivery log", responses=_UNKNOWN)
def list_messages(
    backend: TheBackend,
    caller: Admin,
    webhook_id: WebhookId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(max_length=32, description="Id of the last message you have.")] = None,
) -> MessagePage:
    """Return what was told to a webhook, how often it was tried, and what was answered."""
    return answers.messages(backend, caller, webhook_id, limit, before)


@ROUTER.post(
    "/webhooks/{webhook_id}/messages/{message_id}/replay", status_code=202, summary="Tell it again",
    responses=_UNKNOWN | _REFUSED,
)  # fmt: skip
def replay_message(
    request: Request, backend: TheBackend, caller: Admin, webhook_id: WebhookId, message_id: MessageId
) -> MessageAnswer:
    """Send a message again from the first attempt on, under the same id."""
    return answers.replay(backend, caller, webhook_id, message_id, request_id_of(request))

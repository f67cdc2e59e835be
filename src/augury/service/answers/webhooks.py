"""Webhooks: who is told of news, and what became of every message. Addresses are shown, secrets once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from augury.core.egress import check_url, post, resolve
from augury.core.errors import AuguryError, GateRefused, UsageError
from augury.core.hashing import canonical_json
from augury.records.accounts.tables import HOME
from augury.records.accounts.webhooks import Message, Webhook, Webhooks
from augury.records.loop.news import NewsDesk, envelope
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.problems import FieldError
from augury.service.strict import Answer
from augury.service.webhooks.dispatcher import EVENTS, allowed_networks
from augury.service.webhooks.signing import headers, new_secret

WEBHOOKS_MAX: Final = 20
"""Of one tenant."""
TEST_TIMEOUT_S: Final = 10.0


class WebhookAnswer(Answer):
    """An address that is told of news."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None


class NewWebhook(WebhookAnswer):
    """A webhook and its secret, which is shown this once."""

    secret: str
    old_secret_until: datetime | None = None


class WebhookPage(Answer):
    """The webhooks of a tenant, the oldest first."""

    webhooks: list[WebhookAnswer]


class MessageAnswer(Answer):
    """One message: ``id`` is its ``webhook-id``, the same for every attempt."""

    id: str
    event: str
    subject: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    payload: dict[str, Any]


class MessagePage(Answer):
    """The delivery log of a webhook, the newest first."""

    messages: list[MessageAnswer]


class TestAnswer(Answer):
    """What an address answered to a test: its status only, null when it was not reached."""

    __test__ = False

    status: int | None
    delivered: bool
    reason: str


def create(backend: Backend, caller: Caller, url: str, events: Sequence[str], request_id: str = "") -> NewWebhook:
    """Write a webhook down, after a look at where its address leads.

    Raises
    ------
    UsageError
        Not https, an address inside our own networks, or an unknown kind of news.
    """
    _check_events(events)
    _check_address(url)
    store = backend.workspace.store
    known = store.webhooks.list(caller.tenant_id)
    if len(known) >= WEBHOOKS_MAX:
        raise GateRefused(f"a tenant has at most {WEBHOOKS_MAX} webhooks: delete one first")
    if not store.webhooks.list(enabled=True):  # nobody was told until now: begin here, not with last year's news
        NewsDesk(store.engine, store.clock, HOME).begin()
    secret = new_secret()
    made = store.webhooks.add(caller.tenant_id, url, sorted(set(events)), secret)
    _noted(backend, caller, "webhook created", made.id, request_id)
    return NewWebhook(**_same(made), secret=secret)


def webhooks(backend: Backend, caller: Caller) -> WebhookPage:
    """Return the webhooks of the caller's tenant."""
    return WebhookPage(webhooks=[WebhookAnswer(**_same(one)) for one in _store(backend).list(caller.tenant_id)])


def webhook(backend: Backend, caller: Caller, webhook_id: str) -> WebhookAnswer:
    """Return one webhook; a foreign one is unknown."""
    return WebhookAnswer(**_same(_store(backend).get(caller.tenant_id, webhook_id)))


def rotate(backend: Backend, caller: Caller, webhook_id: str, overlap_h: int, request_id: str = "") -> NewWebhook:
    """Give a webhook a new secret; for ``overlap_h`` hours messages carry both signatures."""
    secret = new_secret()
    made = _store(backend).rotate(caller.tenant_id, webhook_id, secret, timedelta(hours=overlap_h))
    _noted(backend, caller, "webhook secret rotated", made.id, request_id)
    return NewWebhook(**_same(made), secret=secret, old_secret_until=made.secrets[1].until)


def delete(backend: Backend, caller: Caller, webhook_id: str, request_id: str = "") -> None:
    """Tell an address nothing more and forget it."""
    _store(backend).remove(caller.tenant_id, webhook_id)
    _noted(backend, caller, "webhook deleted", webhook_id, request_id)


def messages(
    backend: Backend, caller: Caller, webhook_id: str, limit: int = 50, before: str | None = None
) -> MessagePage:
    """Return what was told to a webhook and what became of it."""
    found = _store(backend).messages(caller.tenant_id, webhook_id, before=before, limit=limit)
    return MessagePage(messages=[_message(one) for one in found])


def replay(backend: Backend, caller: Caller, webhook_id: str, message_id: str, request_id: str = "") -> MessageAnswer:
    """Send a message again, under the same id.

    Raises
    ------
    GateRefused
        The webhook is disabled.
    """
    if _store(backend).get(caller.tenant_id, webhook_id).disabled_at is not None:
        raise GateRefused("this webhook is disabled: nothing is sent to it")
    found = _store(backend).replay(caller.tenant_id, webhook_id, message_id)
    _noted(backend, caller, "webhook message replayed", message_id, request_id)
    return _message(found)


def tried(backend: Backend, caller: Caller, webhook_id: str, test_id: str) -> TestAnswer:
    """Send one signed test message; only the status of the answer is told, never its body."""
    found = _store(backend).get(caller.tenant_id, webhook_id)
    now = backend.workspace.clock.now()
    body = canonical_json(envelope("webhook.test", now, {"webhook": found.id})).encode()
    try:
        said = post(
            found.url, body, headers(found.secrets, f"test_{test_id}", now, body), allow=allowed_networks(),
            timeout_s=TEST_TIMEOUT_S,
        )  # fmt: skip
    except AuguryError as error:
        return TestAnswer(status=None, delivered=False, reason=error.message)
    well = 200 <= said.status < 300
    return TestAnswer(status=said.status, delivered=well, reason="" if well else "only 2xx is delivered")


def _check_events(events: Sequence[str]) -> None:
    for event in events:
        if event not in EVENTS:
            said = f"unknown event '{event}' (known: {', '.join(EVENTS)})"
            raise UsageError(said, fields=[FieldError(field="events", message=said)])


def _check_address(url: str) -> None:
    allow = allowed_networks()
    try:
        parts = check_url(url, allow)
        resolve(str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80), allow)
    except AuguryError as error:
        # One class for what cannot be told and for a name nobody knows: both are a wrong field.
        raise UsageError(error.message, fields=[FieldError(field="url", message=error.message)]) from None


def _store(backend: Backend) -> Webhooks:
    return backend.workspace.store.webhooks


def _same(one: Webhook) -> dict[str, Any]:
    return {name: getattr(one, name) for name in WebhookAnswer.model_fields if name != "events"} | {
        "events": list(one.events)
    }


def _message(one: Message) -> MessageAnswer:
    return MessageAnswer(**{name: getattr(one, name) for name in MessageAnswer.model_fields})


def _noted(backend: Backend, caller: Caller, act: str, subject: str, request_id: str) -> None:
    trail = backend.workspace.store.audit_trail
    trail.add(caller.tenant_id, caller.actor, act, subject, request_id=request_id or None)

"""The dispatcher: writes news down for each address, sends what is due, tries again by a fixed plan."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from augury.core.clock import Clock
from augury.core.egress import Answer, Network, networks, post
from augury.core.errors import AuguryError, UsageError
from augury.core.hashing import canonical_json
from augury.records.accounts.tables import HOME
from augury.records.accounts.webhooks import DELIVERED, FAILED, WAITING, Message, Webhook
from augury.records.loop.news import News, NewsDesk
from augury.records.store import Store
from augury.service.accounts.limits import PLANS
from augury.service.webhooks.signing import headers

PLAN_S: Final = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds before each attempt; after the last one a message has failed and waits for a replay."""
TIMEOUT_S: Final = 10.0
EVERY_S: Final = 1.0
SENDERS: Final = 16
PER_WEBHOOK: Final = 2
"""Attempts under way at one address: one that hangs keeps the others' senders free."""
QUOTAS: Final = (80, 100)
"""Percent of a day's calls at which a tenant is warned."""
ALLOW: Final = "AUGURY_EGRESS_ALLOW"
EVENTS: Final = {
    "forecast.created": "A forecast was written into the ledger.",
    "forecast.evaluated": "The outcome of a forecast is known.",
    "drift.alert": "An alert on accuracy or drift began.",
    "model.promoted": "A version became the champion of its cell.",
    "job.finished": "A job ended.",
    "quota.warning": "80 or 100 percent of a day's calls are used.",
}
Sender = Callable[[str, bytes, Mapping[str, str]], Answer]
_log = structlog.get_logger("augury.webhooks")


def allowed_networks(environ: Mapping[str, str] | None = None) -> tuple[Network, ...]:
    """Return the networks that may be told although they are not public; by default none."""
    return networks((os.environ if environ is None else environ).get(ALLOW, ""))


@dataclass
class Dispatcher:
    """Tells news; several may run beside each other, on one machine or many.

    Parameters
    ----------
    store : Store
    clock : Clock
        Says what is due, and stamps every attempt.
    allow : tuple of networks
        Reached although they are not public.
    every_s : float
        Between two looks, in seconds.
    """

    store: Store
    clock: Clock
    allow: tuple[Network, ...] = ()
    every_s: float = EVERY_S
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _busy: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Look and send beside whatever else this process does."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; what is under way is noted or, when it is cut off, sent again by somebody else."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT_S)

    def _run(self) -> None:
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook") as senders:
            while not self._stop.wait(self.every_s):
                try:
                    self.gather()
                    for message in self._free():
                        senders.submit(self._sent, message)
                except AuguryError as error:  # the store is away: the next look finds what this one missed
                    _log.warning("no look at the news", code=error.code)

    def gather(self) -> int:
        """Write down what is new for every address; returns how many messages that made."""
        webhooks = self.store.webhooks.list(enabled=True)
        desk = NewsDesk(self.store.engine, self.clock, HOME)
        return desk.gather(webhooks) + self._quotas(desk, webhooks)

    def send_due(self) -> int:
        """Send what is due, one after the other; returns how many attempts were made."""
        due = self.store.webhooks.due()
        return sum(self.send(message.id) for message in due)

    def send(self, message_id: str) -> bool:
        """Make one attempt; False when somebody else does."""
        taken = self.store.webhooks.claim(message_id)
        if taken is None:
            return False
        message, webhook = taken
        now = self.clock.now()
        body = canonical_json(message.payload).encode()
        signed = headers(webhook.secrets, message.id, now, body)
        try:
            answer = post(webhook.url, body, signed, allow=self.allow, timeout_s=TIMEOUT_S)
        except AuguryError as error:
            self._note(message, webhook, None, error.message, now, final=isinstance(error, UsageError))
        else:
            self._note(message, webhook, answer, f"answered {answer.status}", now)
        return True

    def _note(
        self, message: Message, webhook: Webhook, answer: Answer | None, said: str, now: datetime, *,
        final: bool = False,
    ) -> None:  # fmt: skip
        webhooks, status = self.store.webhooks, answer.status if answer else None
        if status is not None and 200 <= status < 300:
            webhooks.tried(message, DELIVERED, status=status)
        elif status == 410:
            webhooks.tried(message, FAILED, status=status, error="gone (410): told nothing more")
            webhooks.disable(webhook.id, "gone: the address answered 410")
        else:
            next_at = None if final else next_attempt(message.attempts, now, answer.retry_after if answer else "")
            webhooks.tried(message, WAITING if next_at else FAILED, next_at=next_at, status=status, error=said)
        _log.info("webhook", webhook=webhook.id, message=message.id, attempt=message.attempts, status=status)

    def _free(self) -> Sequence[Message]:
        """Choose due messages whose addresses are not busy, and mark them as being sent here."""
        chosen = []
        with self._lock:
            for message in self.store.webhooks.due():
                if self._busy[message.webhook_id] < PER_WEBHOOK and self._busy.total() < SENDERS:
                    self._busy[message.webhook_id] += 1
                    chosen.append(message)
        return chosen

    def _sent(self, message: Message) -> None:
        try:
            self.send(message.id)
        except AuguryError as error:  # the store is away: the lease runs out and somebody sends it again
            _log.warning("an attempt was not noted", message=message.id, code=error.code)
        finally:
            with self._lock:
                self._busy[message.webhook_id] -= 1

    def _quotas(self, desk: NewsDesk, webhooks: Sequence[Webhook]) -> int:
        tenants = sorted({one.tenant_id for one in webhooks if "quota.warning" in one.events})
        if not tenants:
            return 0
        now, told = self.clock.now(), 0
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        for tenant_id, used in desk.units_since(tenants, day).items():
            allowed = PLANS[self.store.people.tenant(tenant_id).plan].per_day
            for percent in QUOTAS:
                if used * 100 >= allowed * percent:
                    data = {"day": f"{day:%Y-%m-%d}", "percent": percent, "used": used, "allowed": allowed}
                    # The same warning whatever is used by now: its subject is told once.
                    told += desk.tell(
                        webhooks, "quota.warning", News(f"{day:%Y-%m-%d} {percent}", now, data, tenant_id)
                    )
        return told


def next_attempt(attempts: int, now: datetime, retry_after: str = "") -> datetime | None:
    """Say when to try again after so many attempts; None when there is no further one.

    Parameters
    ----------
    attempts : int
        Made so far, >= 1.
    now : datetime
    retry_after : str
        What the address asked for, in seconds; a longer wait than planned is granted, up to a day.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    >>> [(next_attempt(made, noon) or noon) - noon for made in (1, 2)], next_attempt(10, noon)
    ([datetime.timedelta(seconds=5), datetime.timedelta(seconds=300)], None)
    """
    if attempts >= len(PLAN_S):
        return None
    asked = int(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6 else 0
    return now + timedelta(seconds=max(PLAN_S[attempts], min(asked, PLAN_S[-1])))

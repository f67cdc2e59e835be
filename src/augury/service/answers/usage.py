"""What a tenant used: calls, days, and the same as CSV."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.records.accounts.usage import Call
from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import PLANS
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer

DAYS_MAX = 366
COLUMNS = ("at", "method", "route", "status", "latency_ms", "units", "key_id", "user_id", "request_id")


class CallAnswer(Answer):
    """One call; ``latency_ms`` in milliseconds, ``units`` is what it is billed as."""

    at: datetime
    method: str
    route: str
    status: int
    latency_ms: float
    units: int
    key_id: str | None
    user_id: str | None
    request_id: str


class UsagePage(Answer):
    """Calls, the newest first; ``next`` is the cursor of the page behind this one, null on the last."""

    calls: list[CallAnswer]
    next: str | None


class DayAnswer(Answer):
    """One UTC day: calls let through, what they are billed as, refused by a limit, failed; mean time in ms."""

    day: date
    calls: int
    units: int
    refused: int
    failed: int
    latency_ms: float


class UsageDays(Answer):
    """The days of a tenant, the newest first, and what its plan allows a day."""

    plan: str
    calls_per_day: int
    days: list[DayAnswer]


def usage(
    backend: Backend, caller: Caller, *, since: date | None = None, until: date | None = None,
    key_id: str | None = None, cursor: str | None = None, limit: int = 100,
) -> UsagePage:  # fmt: skip
    """Return calls of the caller's tenant; ``since`` and ``until`` are UTC days, both counted.

    Raises
    ------
    UsageError
        ``until`` lies before ``since``, or the cursor belongs to another question.
    """
    _ordered(since, until)
    question = {"of": "usage", "since": since, "until": until, "key": key_id, "tenant": caller.tenant_id}
    question = {name: None if value is None else str(value) for name, value in question.items()}
    after = read_cursor(cursor, question, int)
    rows = backend.workspace.store.usage.list(
        caller.tenant_id, since=_moment(since), until=_moment(until, 1), key_id=key_id,
        before=after[0] if after else None, limit=limit + 1,
    )  # fmt: skip
    more = write_cursor(question, [rows[limit - 1][0]]) if len(rows) > limit else None
    return UsagePage(calls=[call_answer(call) for _, call in rows[:limit]], next=more)


def usage_days(backend: Backend, caller: Caller, *, since: date | None = None, until: date | None = None) -> UsageDays:
    """Roll the calls of the caller's tenant up by day, the last 31 days unless said otherwise.

    Raises
    ------
    UsageError
        ``until`` lies before ``since``, or more than 366 days were asked for.
    """
    last = until or backend.workspace.clock.now().date()
    first = since or last - timedelta(days=30)
    _ordered(first, last)
    days = backend.workspace.store.usage.daily(caller.tenant_id, since=first, until=last)
    return UsageDays(
        plan=caller.plan, calls_per_day=PLANS[caller.plan].per_day,
        days=[
            DayAnswer(
                day=one.day, calls=one.calls, units=one.units, refused=one.refused, failed=one.failed,
                latency_ms=one.latency_ms,
            )
            for one in days
        ],
    )  # fmt: skip


def usage_csv(backend: Backend, caller: Caller, *, since: date | None = None, until: date | None = None) -> str:
    """Write at most 100,000 calls of the caller's tenant as CSV, the newest first.

    Raises
    ------
    UsageError
        ``until`` lies before ``since``.
    """
    _ordered(since, until)
    rows = backend.workspace.store.usage.list(
        caller.tenant_id, since=_moment(since), until=_moment(until, 1), limit=100_000
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(call, name)) for name in COLUMNS] for _, call in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    return iso(value) if isinstance(value, datetime) else value


def _ordered(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and not timedelta(0) <= until - since <= timedelta(days=DAYS_MAX):
        raise UsageError(f"since={since} until={until}: until is 0 to {DAYS_MAX} days after since")


def _moment(day: date | None, days: int = 0) -> datetime | None:
    return None if day is None else datetime.fromisoformat(f"{day + timedelta(days=days)}T00:00:00+00:00")


def call_answer(call: Call) -> CallAnswer:
    """Say what is known of a call."""
    return CallAnswer(**{name: getattr(call, name) for name in COLUMNS})

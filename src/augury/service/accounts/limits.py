"""Limits: how many calls a key and its tenant may make, in a minute, in a day and at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from fastapi.concurrency import run_in_threadpool

from augury.core.clock import Clock, SystemClock
from augury.records.accounts.usage import Usage
from augury.service.accounts.caller import Caller
from augury.service.accounts.cells import Cells, Day, MemoryCells, RedisCells, Subject, Taken

WARN_PERCENT: Final = (80, 100)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows.

    Parameters
    ----------
    per_minute, burst : int
        Calls a minute on average, and how many of them at once.
    per_day : int
        Calls a UTC day.
    jobs : int
        Jobs that run or wait at the same time.
    at_once : int
        Calls that are being answered at the same time, by each process.
    """

    per_minute: int
    burst: int
    per_day: int
    jobs: int
    at_once: int

    @property
    def interval_s(self) -> float:
        """Seconds between two calls at the average rate."""
        return 60.0 / self.per_minute


PLANS: Final = {
    "free": Plan(60, 60, 1_000, 1, 64),
    "pro": Plan(600, 600, 50_000, 4, 128),
    "partner": Plan(600_000, 60_000, 1_000_000_000, 16, 1_024),
}
SANDBOX: Final = PLANS["free"]
"""What a sandbox key may, whatever the plan of its tenant."""


@dataclass(frozen=True, slots=True)
class Decision:
    """May this call pass, and how many more.

    Parameters
    ----------
    allowed : bool
    limit, remaining : int
        Calls a ``window``, and how many are left at once.
    reset_s : float
        Seconds until all of them are there again.
    retry_after_s : float
        Seconds until the next call passes; 0 when this one does.
    window : str
        ``minute``, ``day`` or ``at once``.
    subject : str
        ``caller`` (the key or the person) or ``tenant`` (all of them together).
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: float
    retry_after_s: float
    window: str = "minute"
    subject: str = ""


@dataclass
class Limits:
    """The limits of all callers.

    Parameters
    ----------
    cells : Cells
    usage : Usage, optional
        What was used before this process began; without it, counting begins at zero.
    warn : callable, optional
        Told (tenant, day, percent, used, limit) when a part of a day's calls is used.
    """

    cells: Cells
    usage: Usage | None = None
    warn: Callable[[str, date, int, int, int], None] | None = None
    clock: Clock = field(default_factory=SystemClock)
    _running: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(
        cls, redis_url: str = "", usage: Usage | None = None,
        warn: Callable[[str, date, int, int, int], None] | None = None,
    ) -> Limits:  # fmt: skip
        """Count in this process, or in Redis when several processes serve.

        Raises
        ------
        MissingExtra
            Redis was asked for and its client is not installed.
        """
        cells = RedisCells(redis_url) if redis_url else MemoryCells()
        return cls(cells, usage, warn, usage.clock if usage else SystemClock())

    async def take(self, caller: Caller) -> Decision:
        """Count one call against the key (or the person) and against the tenant; whoever is let in must leave.

        A refused call counts against neither.
        """
        plan, tenant = PLANS[caller.plan], caller.tenant_id
        running = self._running.get(tenant, 0)
        if running >= plan.at_once:
            return Decision(False, plan.at_once, 0, 1.0, 1.0, "at once", "tenant")
        self._running[tenant] = running + 1
        own = SANDBOX if caller.sandbox else plan
        subjects = (
            Subject(f"caller:{caller.key_id or caller.user_id or tenant}", own.interval_s, own.burst),
            Subject(f"tenant:{tenant}", plan.interval_s, plan.burst),
        )
        decision: Decision | None = None
        try:
            decision = await self._decide(caller, plan, subjects)
        finally:
            if decision is None or not decision.allowed:
                self.leave(caller)
        return decision

    def leave(self, caller: Caller) -> None:
        """Say that a call that was let in has been answered."""
        left = self._running.get(caller.tenant_id, 0) - 1
        if left > 0:
            self._running[caller.tenant_id] = left
        else:
            self._running.pop(caller.tenant_id, None)

    async def _decide(self, caller: Caller, plan: Plan, subjects: tuple[Subject, Subject]) -> Decision:
        now = self.clock.now()
        today = now.date()
        left_s = 86_400.0 - now.timestamp() % 86_400.0
        day = Day(f"day:{caller.tenant_id}:{today}", plan.per_day, left_s)
        while (taken := await self.cells.take(subjects, day)) is None:
            used, ahead_s = await run_in_threadpool(self._before, caller.tenant_id, subjects[1], now)
            await self.cells.begin(day, used, ahead_s)
        if taken.allowed and self.warn is not None:
            for percent in WARN_PERCENT:
                if taken.used == -(-plan.per_day * percent // 100):
                    self.warn(caller.tenant_id, today, percent, taken.used, plan.per_day)
        return _decision(taken, subjects, plan, left_s)

    def _before(self, tenant_id: str, tenant: Subject, now: datetime) -> tuple[int, dict[str, float]]:
        """Return the calls of the day so far, and how far ahead the subjects are, from the usage rows."""
        if self.usage is None:
            return 0, {}
        since = now - timedelta(seconds=tenant.interval_s * tenant.burst)
        arrivals: dict[str, float] = {}
        for own, at in self.usage.arrivals(tenant_id, since):
            for name in (f"caller:{own}", tenant.name):
                moment = (at - now).total_seconds()
                arrivals[name] = max(arrivals.get(name, moment), moment) + tenant.interval_s
        midnight = datetime.combine(now.date(), time(), UTC)
        ahead_s = {name: ahead for name, ahead in arrivals.items() if ahead > 0}
        return self.usage.calls_on(tenant_id, midnight.date()), ahead_s


def _decision(taken: Taken, subjects: tuple[Subject, Subject], plan: Plan, left_s: float) -> Decision:
    if taken.subject < 0:
        return Decision(False, plan.per_day, 0, left_s, taken.retry_s, "day", "tenant")
    name, interval_s, burst = subjects[taken.subject]
    remaining = max(0, int(burst - taken.ahead_s / interval_s + 1e-4)) if taken.allowed else 0
    limit = round(60.0 / interval_s)
    return Decision(taken.allowed, limit, remaining, taken.ahead_s, taken.retry_s, "minute", name.partition(":")[0])

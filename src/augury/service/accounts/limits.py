"""Limits: how many calls a key and its tenant may make (GCRA, one number a subject)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final, Protocol

from augury.service.accounts.caller import Caller


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows: calls a minute, the burst of them, calls a day, jobs at once."""

    per_minute: int
    burst: int
    per_day: int
    jobs: int


PLANS: Final = {
    "free": Plan(60, 60, 1_000, 1),
    "pro": Plan(600, 600, 50_000, 4),
    "partner": Plan(600_000, 60_000, 1_000_000_000, 16),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """May this call pass, and how many more."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: float
    retry_after_s: float
    window: str = "minute"
    subject: str = ""


class Cells(Protocol):
    """Where the theoretical arrival times are kept."""

    async def take(self, subject: str, interval_s: float, burst: int) -> tuple[bool, float, float]:
        """Take one; return (allowed, how far ahead of now the subject is in s, s until the next is free)."""
        ...


@dataclass
class MemoryCells:
    """In this process. The event loop runs one call at a time, so no lock is needed."""

    _arrivals: dict[str, float] = field(default_factory=dict)

    async def take(self, subject: str, interval_s: float, burst: int) -> tuple[bool, float, float]:
        """See :class:`Cells`."""
        now = time.monotonic()
        arrival = max(self._arrivals.get(subject, now), now) + interval_s
        ahead, room = arrival - now, interval_s * burst
        if ahead > room + 1e-9:
            return False, ahead - interval_s, ahead - room
        self._arrivals[subject] = arrival
        return True, ahead, 0.0


@dataclass
class Limits:
    """The limits of all callers."""

    cells: Cells

    @classmethod
    def open(cls, redis_url: str = "") -> Limits:
        """Count in this process, or in Redis when several processes serve."""
        return cls(MemoryCells())

    async def take(self, caller: Caller) -> Decision:
        """Count one call against the key (or the person) and against the tenant."""
        plan = PLANS[caller.plan]
        own = caller.key_id or caller.user_id or caller.tenant_id
        interval = 60.0 / plan.per_minute
        for subject in (f"caller:{own}", f"tenant:{caller.tenant_id}"):
            allowed, ahead, retry = await self.cells.take(subject, interval, plan.burst)
            remaining = max(0, int((interval * plan.burst - ahead) / interval + 1e-9))
            if not allowed:
                break
        return Decision(allowed, plan.per_minute, remaining, ahead, retry, subject=subject.partition(":")[0])

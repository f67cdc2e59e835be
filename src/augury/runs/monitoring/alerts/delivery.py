"""Bringing messages to people: taken from the store, sent, tried again, noted; each by one process only.

A message is written down in the transaction that decides it, so a killed process loses none: the
next one sends what is left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from augury.core.clock import Clock
from augury.core.errors import AuguryError, TemporaryError
from augury.records.loop.alerts import Alerts, Delivery
from augury.runs.monitoring.alerts.channel import Channel
from augury.runs.monitoring.alerts.wording import message

TRIES: Final = 3
"""In a row; what still fails waits for the next round."""
ATTEMPTS_MAX: Final = 9
PAUSE_S: Final = 1.0
LATE: Final = timedelta(days=1)


@dataclass(frozen=True)
class Delivered:
    """What became of the messages of one round."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Courier:
    """Sends the messages that are due.

    Parameters
    ----------
    alerts : Alerts
    channels : mapping
        Name to channel.
    clock : Clock
    sleep : callable
        Waits so many seconds between two tries; a test passes its own.
    jitter : random.Random
        Spreads the pauses.
    """

    alerts: Alerts
    channels: Mapping[str, Channel]
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    jitter: random.Random = field(default_factory=random.Random)

    def send(self) -> Delivered:
        """Send what is due and return what became of it; a channel that fails holds up no other."""
        ended = [self._one(delivery) for delivery in self.alerts.due()]
        return Delivered(ended.count("sent"), ended.count("due"), ended.count("failed"))

    def _one(self, delivery: Delivery) -> str:
        # Noticed before it is taken: a channel of another process's environment is left to that process.
        if delivery.channel not in self.channels and self.clock.now() - delivery.at < LATE:
            return "due"
        if not self.alerts.claim(delivery.id):
            return "taken"
        if delivery.channel not in self.channels:
            self.alerts.tried(delivery.id, "failed", delivery.attempts, "no such channel for a day")
            return "failed"
        return self._tried(delivery)

    def _tried(self, delivery: Delivery) -> str:
        attempts, reason = delivery.attempts, ""
        for number in range(TRIES):
            attempts += 1
            try:
                self._sent(delivery)
            except TemporaryError as error:
                reason = error.message
                if attempts >= ATTEMPTS_MAX:
                    break
                if number + 1 < TRIES:
                    self.sleep(PAUSE_S * 2**number * self.jitter.uniform(0.5, 1.5))
            except AuguryError as error:
                self.alerts.tried(delivery.id, "failed", attempts, error.message)
                return "failed"
            else:
                self.alerts.tried(delivery.id, "sent", attempts)
                return "sent"
        state = "failed" if attempts >= ATTEMPTS_MAX else "due"
        self.alerts.tried(delivery.id, state, attempts, reason)
        return state

    def _sent(self, delivery: Delivery) -> None:
        now = self.clock.now()
        said = message(delivery.alert, delivery.kind, now)
        self.channels[delivery.channel].send(said, f"alert_{delivery.id}", int(now.timestamp()))

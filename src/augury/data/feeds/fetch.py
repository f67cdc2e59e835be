"""One way to ask a vendor's server: bounded in time and size, patient where it helps, never believing an error page.

Every source that needs the network asks through a :class:`Fetcher`. The HTTP library is imported at
the first request.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from augury.core.clock import Clock, SystemClock
from augury.core.errors import AuguryError, TemporaryError
from augury.core.extras import require
from augury.data.feeds.reply import Limits, Passing, Reply, believed, one_try

__all__ = ["Fetcher", "Limits", "Passing"]

T = TypeVar("T")


@dataclass(frozen=True)
class Fetcher:
    """Asks for JSON over HTTP.

    Parameters
    ----------
    limits : Limits
    clock : Clock
        Only reads dates in Retry-After.
    elapsed : callable
        Seconds since some moment, never going back; a test passes its own.
    sleep : callable
        Waits so many seconds; a test passes its own.
    jitter : random.Random
        Spreads the pauses, so that many clients do not come back at the same moment.

    Examples
    --------
    >>> Fetcher(Limits(tries=1)).json("http://127.0.0.1:9/bars")
    Traceback (most recent call last):
        ...
    augury.core.errors.TemporaryError: 127.0.0.1 /bars: connection refused (1 try)
    """

    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    elapsed: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: random.Random = field(default_factory=random.Random)

    def json(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> Any:
        """Return the JSON a server answers.

        Parameters
        ----------
        url : str
            Without query.
        params, headers : mapping, optional
        secrets : sequence of str
            Keys among them: masked wherever the server's own words are quoted.

        Raises
        ------
        TemporaryError
            Exit 75: unreachable, silent, busy, or an answer that is no JSON, cut or too large;
            ``facts`` hold host, status, attempts and, when the server named one, retry_after_s.
        NotFound
            Status 404.
        UsageError
            Another 4xx: the request is wrong, or the key is.
        MissingExtra
            ``httpx`` is not installed.
        """
        httpx = require("httpx", extra="sources")

        def ask(left_s: float) -> Any:
            reply = _beside(lambda: one_try(httpx, url, params, headers, self.limits), left_s, self.limits)
            return believed(reply, secrets, self.clock)

        return self.patiently(f"{urlsplit(url).hostname} {urlsplit(url).path}", ask)

    def patiently(self, where: str, ask: Callable[[float], T]) -> T:
        """Call ``ask`` until it answers, at most ``tries`` times and no longer than ``total_s``.

        Parameters
        ----------
        where : str
            Host, then what was asked of it; begins every message.
        ask : callable
            Takes the seconds left; raises :class:`Passing` when another try may help.

        Raises
        ------
        TemporaryError
            The last try failed too, or the server asks for a longer pause than is left.
        """
        ends, attempt = self.elapsed() + self.limits.total_s, 0
        while True:
            attempt += 1
            try:
                return ask(ends - self.elapsed())
            except Passing as failed:
                pause = self._pause(attempt, failed, ends)
                if pause is None:
                    raise _given_up(where, failed, attempt) from failed
                self.sleep(pause)
            except AuguryError as error:
                error.message = f"{where}: {error.message}"
                error.facts |= {"host": where.partition(" ")[0], "attempts": attempt}
                raise

    def _pause(self, attempt: int, failed: Passing, ends: float) -> float | None:
        """Seconds to wait before the next try; None when there is none."""
        usual = self.limits.pause_s * 2 ** (attempt - 1) * self.jitter.uniform(0.5, 1.5)
        # What the server asks for is the least: coming back earlier only makes it angrier.
        pause = max(usual, failed.wait_s or 0.0)
        return pause if attempt < self.limits.tries and self.elapsed() + pause < ends else None


def _beside(call: Callable[[], Reply | Passing], left_s: float, limits: Limits) -> Reply:
    """Run one try beside the caller, who waits no longer than is left.

    Timeouts of a socket count from its last byte: a server that sends one byte a second, or a name
    that takes a minute to resolve, is only bounded from outside.
    """
    found: list[Reply | Passing] = []
    worker = threading.Thread(target=lambda: found.append(call()), daemon=True)
    worker.start()
    worker.join(max(0.0, left_s))
    if not found:
        raise Passing(f"no complete answer within {limits.total_s:g} s")
    if isinstance(found[0], Passing):
        raise found[0]
    return found[0]


def _given_up(where: str, failed: Passing, attempts: int) -> TemporaryError:
    waited = f"; it asks to wait {failed.wait_s:g} s" if failed.wait_s else ""
    tries = f"{attempts} tries" if attempts > 1 else "1 try"
    return TemporaryError(
        f"{where}: {failed.reason}{waited} ({tries})",
        host=where.partition(" ")[0],
        status=failed.status,
        attempts=attempts,
        retry_after_s=failed.wait_s,
    )

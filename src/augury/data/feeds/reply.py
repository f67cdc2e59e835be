"""One try at a vendor's server: what came back, and whether it may be believed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from augury.core.clock import Clock
from augury.core.errors import NotFound, TemporaryError, UsageError
from augury.core.extras import require

if TYPE_CHECKING:
    import ssl

_AGENT: Final = "Mozilla/5.0 (compatible; augury)"
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that say "not now": the same request may succeed in a moment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one request may take.

    Parameters
    ----------
    connect_s, read_s : float
        Seconds to reach the server, and between two pieces of its answer.
    total_s : float
        Seconds for all tries and pauses together; the caller has an answer or an error by then. The
        default leaves a second for the fallback, so that ten seconds after a question something is known.
    tries : int
        How often a request that failed for a passing reason is made.
    pause_s : float
        Mean of the first pause; each next one is twice as long, all jittered by half.
    bytes_max : int
        Largest answer after decompression.
    """

    connect_s: float = 3.0
    read_s: float = 4.0
    total_s: float = 9.0
    tries: int = 3
    pause_s: float = 0.5
    bytes_max: int = 64 * 2**20


class Passing(Exception):
    """One try failed for a reason that may pass; ``wait_s`` is what the server asked for."""

    def __init__(self, reason: str, status: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.status, self.wait_s = reason, status, wait_s


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer, its content not yet looked at."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def one_try(
    httpx: Any,
    url: str,
    params: Mapping[str, str | int] | None,
    headers: Mapping[str, str] | None,
    limits: Limits,
) -> Reply | Passing:
    """Ask once; a failure of the line or of the limits is returned, not raised, as it is told to another thread.

    Parameters
    ----------
    httpx : module
    url : str
    params, headers : mapping, optional
    limits : Limits
    """
    logging.getLogger("httpx").addFilter(_without_query)
    ends = time.monotonic() + limits.total_s
    timeout = httpx.Timeout(limits.read_s, connect=limits.connect_s)
    try:
        with (
            httpx.Client(timeout=timeout, verify=_tls()) as client,
            client.stream("GET", url, params=params, headers={"User-Agent": _AGENT, **(headers or {})}) as answer,
        ):
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > limits.bytes_max:
                    return Passing(f"more than {limits.bytes_max:,} bytes", answer.status_code)
                if time.monotonic() > ends:
                    return Passing(f"no complete answer within {limits.total_s:g} s", answer.status_code)
            return Reply(answer.status_code, answer.headers, bytes(body))
    except httpx.TimeoutException as error:
        return Passing({"ConnectTimeout": "cannot be reached in time"}.get(type(error).__name__, "no answer in time"))
    except httpx.ConnectError as error:
        return Passing("connection refused" if "refused" in str(error).lower() else "cannot be reached")
    except httpx.RemoteProtocolError:
        return Passing("the answer was cut off")
    except httpx.DecodingError:
        return Passing("the answer is not what its encoding says")
    except httpx.TransportError as error:
        return Passing(f"connection lost ({type(error).__name__})")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; the context is made once.
    found: ssl.SSLContext = require("httpx", extra="sources").create_ssl_context()
    return found


def _without_query(record: logging.LogRecord) -> bool:
    """Cut the query, where some vendors want the key, out of the lines the HTTP library logs."""
    if isinstance(record.args, tuple):
        record.args = tuple(str(arg).partition("?")[0] if "?" in str(arg) else arg for arg in record.args)
    return True


def believed(reply: Reply, secrets: Sequence[str], clock: Clock) -> Any:
    """Return the JSON of an answer, or raise what the status or the content says.

    Parameters
    ----------
    reply : Reply
    secrets : sequence of str
        Masked in the server's words.
    clock : Clock
        Reads a date in Retry-After.

    Raises
    ------
    Passing
        Another try may help.
    TemporaryError, NotFound, UsageError
        It will not.
    """
    status = reply.status
    if status in _LATER:
        words = "asks for fewer requests (429)" if status == 429 else f"cannot answer now ({status})"
        raise Passing(words, status, _retry_after(reply.headers.get("retry-after", ""), clock))
    if 300 <= status < 400:
        # Not followed: the key would travel to another host.
        raise TemporaryError(f"answers with a redirect ({status}), which is not followed", status=status)
    content = _parsed(reply.body)
    complaint = _masked(_complaint(content), secrets)
    if status == 404:
        raise NotFound(f"not found{complaint} (404)", status=status)
    if status in (401, 403):
        raise UsageError(f"the key is refused or not allowed to ask this{complaint} ({status})", status=status)
    if status >= 400:
        raise UsageError(f"refuses the request{complaint} ({status})", status=status)
    if content is None:
        raise Passing(f"not JSON but {_kind(reply.body)}", status)
    if complaint:
        raise TemporaryError(f"answers with an error{complaint}", status=status)
    return content


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _kind(body: bytes) -> str:
    if body.lstrip()[:1] == b"<":
        return "HTML"
    return "a cut or broken answer" if body else "an empty answer"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _complaint(content: Any) -> str:
    """What the server says went wrong, shortened; empty when it does not complain.

    Vendors write it under ``error``, ``error_message``, ``message`` or ``msg``, some with status 200.
    """
    if not isinstance(content, dict):
        return ""
    if len(content) == 1 and isinstance(next(iter(content.values())), dict):
        content = next(iter(content.values()))  # Yahoo wraps everything in one object
    for name in ("error", "error_message", "message", "msg"):
        found = content.get(name)
        if isinstance(found, dict):
            found = found.get("description") or found.get("message") or found.get("code")
        if isinstance(found, str) and found:
            return f": {' '.join(found.split())[:160]}"
    return ""


def _masked(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text


def _retry_after(value: str, clock: Clock) -> float | None:
    """Seconds asked for by a Retry-After header: a number of seconds or a date."""
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - clock.now()).total_seconds())

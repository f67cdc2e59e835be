"""Lines of the access log: one JSON document a call, many of them in one write.

What stands in a line was written by this installation (ids, declared routes, numbers), so it is plain text and
short. A line that is not goes the way of every other event, where keys are masked and long texts are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import structlog

from augury.records.accounts.usage import Call

LINE_MAX: Final = 1_000
_SECRETS: Final = (b"aug_", b"whsec_")
_NAME: Final = "augury.access"
_log = structlog.get_logger(_NAME)


def write_lines(calls: Sequence[Call]) -> None:
    """Write one line a call to where the log goes.

    Parameters
    ----------
    calls : sequence of Call
        In the order in which they were answered.
    """
    lines: list[bytes] = []
    for call in calls:
        event = _event(call)
        line = orjson.dumps(event, option=orjson.OPT_UTC_Z)
        if _plain(line):
            lines.append(line)
        else:
            del event["event"], event["level"], event["timestamp"]
            _log.info("call", **event)
    if lines:
        structlog.get_config()["logger_factory"](_NAME).info(b"\n".join(lines).decode())


def _event(call: Call) -> dict[str, Any]:
    return {
        "tenant_id": call.tenant_id, "key_id": call.key_id, "user_id": call.user_id, "request_id": call.request_id,
        "method": call.method, "route": call.route, "status": call.status, "latency_ms": call.latency_ms,
        "units": call.units, "event": "call", "level": "info", "timestamp": call.at,
    }  # fmt: skip


def _plain(line: bytes) -> bool:
    return len(line) <= LINE_MAX and line.isascii() and not any(secret in line for secret in _SECRETS)

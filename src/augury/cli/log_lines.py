"""Log lines: one JSON document a line, no secret in it, nothing longer than it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

TEXT_MAX: Final = 2_000
TRACE_MAX: Final = 20_000
_SECRET: Final = re.compile(r"\b(aug_(?:live|test|invite)_[0-9A-Za-z_-]{4})[0-9A-Za-z_-]+|\b(whsec_)[0-9A-Za-z+/=_-]+")


def processors() -> Sequence[Any]:
    """Return what structlog does with every event, in order."""
    import structlog

    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        inert,
        structlog.processors.JSONRenderer(),
    ]


def inert(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Cut long texts and mask keys; the JSON around them escapes line ends and terminal codes.

    Parameters
    ----------
    logger, method : object
        Structlog's.
    event : dict
        Changed in place.

    Examples
    --------
    >>> inert(None, "info", {"event": "x" * 5_000 + "aug_live_" + "A" * 38})["event"][-20:]
    'xxxxxxxxxx… (+3,047)'
    >>> inert(None, "info", {"detail": "no symbol aug_live_abcd" + "A" * 34})
    {'detail': 'no symbol aug_live_abcd…'}
    """
    for name, value in event.items():
        if isinstance(value, int | float | None):
            continue
        text = value if isinstance(value, str) else str(value)
        shown = _shown(text, TRACE_MAX if name == "exception" else TEXT_MAX)
        if shown is not text:
            event[name] = shown
    return event


def _shown(text: str, most: int) -> str:
    if "aug_" in text or "whsec_" in text:
        text = _SECRET.sub(lambda found: f"{found[1] or found[2]}…", text)
    return text if len(text) <= most else f"{text[:most]}… (+{len(text) - most:,})"

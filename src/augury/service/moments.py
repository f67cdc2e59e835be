"""Moments in addresses and bodies: RFC 3339 with a zone, and nothing else.

Left to itself the schema reads ``until=0`` as 1970: a mistake that looks like an empty answer.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field

_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")


def _said(value: Any) -> Any:
    if isinstance(value, str) and not _FORM.fullmatch(value):
        raise ValueError("a moment is written 2026-11-20T21:00:00Z, with its zone")
    if isinstance(value, int | float):
        raise ValueError("a moment is text: 2026-11-20T21:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_said), Field(strict=False, examples=["2026-11-20T21:00:00Z"])]
"""A moment with its zone; what comes out is a datetime in the zone it was written in."""

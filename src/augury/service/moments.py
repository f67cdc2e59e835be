"""Moments and days in addresses and bodies: RFC 3339, moments with a zone, and nothing else.

Left to itself the schema reads ``until=0`` as 1970: a mistake that looks like an empty answer.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")


def _said(value: Any) -> Any:
    if isinstance(value, str) and not _FORM.fullmatch(value):
        raise ValueError("a moment is written 2026-11-20T21:00:00Z, with its zone")
    if isinstance(value, int | float):
        raise ValueError("a moment is text: 2026-11-20T21:00:00Z")
    return value


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies beyond every calendar") from None


Moment = Annotated[
    AwareDatetime, BeforeValidator(_said), AfterValidator(_utc), Field(strict=False, examples=["2026-11-20T21:00:00Z"])
]
"""A moment with its zone; what comes out is a datetime in UTC, whatever zone it was written in."""


_DAY_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _day_said(value: Any) -> Any:
    if not isinstance(value, date) and not (isinstance(value, str) and _DAY_FORM.fullmatch(value)):
        raise ValueError("a day is written 2026-11-20")
    return value


Day = Annotated[
    date, BeforeValidator(_day_said), Field(ge=date(1900, 1, 1), le=date(2200, 1, 1), examples=["2026-11-20"])
]
"""A UTC day between 1900 and 2200."""

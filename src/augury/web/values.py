"""Values on screens: with sign, unit and the right number of digits; what is not known is a dash."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from augury.core.clock import iso

UNKNOWN: Final = "–"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a fraction as percent.

    Examples
    --------
    >>> percent(0.012), percent(None)
    ('1.2 %', '–')
    """
    return UNKNOWN if value is None else f"{value * 100:.{digits}f} %".replace("-", "−")


def signed(value: float | None, digits: int = 2) -> str:
    """Write a fraction as percent with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-0.004)
    ('+1.23 %', '−0.40 %')
    """
    return UNKNOWN if value is None else f"{value * 100:+.{digits}f} %".replace("-", "−")


def points(value: float | None) -> str:
    """Write a difference of two shares in percentage points.

    Examples
    --------
    >>> points(0.034)
    '+3.4 pt'
    """
    return UNKNOWN if value is None else f"{value * 100:+.1f} pt".replace("-", "−")


def number(value: float | None, digits: int = 3) -> str:
    """Write a number.

    Examples
    --------
    >>> number(1234.5, 1), number(0.0213)
    ('1,234.5', '0.021')
    """
    return UNKNOWN if value is None else f"{value:,.{digits}f}".replace("-", "−")


def count(value: int | None) -> str:
    """Write a whole number.

    Examples
    --------
    >>> count(12500)
    '12,500'
    """
    return UNKNOWN if value is None else f"{value:,}"


def price(value: float | None) -> str:
    """Write a price with as many digits as it needs.

    Examples
    --------
    >>> price(2506.85), price(1.14532)
    ('2,506.85', '1.1453')
    """
    return UNKNOWN if value is None else f"{value:,.{2 if abs(value) >= 100 else 4}f}".replace("-", "−")


def bar(value: datetime | None) -> str:
    """Name a bar by its opening: daily and weekly ones open at midnight UTC and are named by their session's day.

    Shown as a moment, such a day would turn into the evening before in New York.

    Examples
    --------
    >>> from datetime import UTC
    >>> bar(datetime(2018, 12, 31, tzinfo=UTC)), bar(datetime(2018, 12, 31, 15, tzinfo=UTC))
    ('2018-12-31', '2018-12-31 15:00 UTC')
    """
    if value is None:
        return UNKNOWN
    midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
    return f"{value:%Y-%m-%d}" if midnight else when(value)


def when(value: datetime | None) -> str:
    """Write a moment in UTC to the minute.

    Examples
    --------
    >>> from datetime import UTC
    >>> when(datetime(2018, 12, 31, 21, tzinfo=UTC))
    '2018-12-31 21:00 UTC'
    """
    return UNKNOWN if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def at_exchange(value: datetime | None, zone: str) -> str:
    """Write a moment as a market's own clock shows it.

    Examples
    --------
    >>> from datetime import UTC
    >>> at_exchange(datetime(2018, 12, 31, 21, tzinfo=UTC), "America/New_York")
    '2018-12-31 16:00 New York'
    """
    if value is None:
        return UNKNOWN
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {city}"


def machine(value: datetime | None) -> str:
    """Write a moment for the ``datetime`` attribute."""
    return "" if value is None else iso(value)


def prose(text: str) -> Markup:
    """Write text of a docstring: what stands between backticks is code.

    Examples
    --------
    >>> str(prose("``next`` of <that> page"))
    '<code>next</code> of &lt;that&gt; page'
    """
    return Markup(re.sub(r"(`+)([^`]+)\1", r"<code>\2</code>", str(escape(text))))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "percent": percent, "signed": signed, "points": points, "number": number, "count_of": count, "price": price,
    "when": when, "bar": bar, "machine": machine,
    "at_exchange": at_exchange, "prose": prose,
}  # fmt: skip

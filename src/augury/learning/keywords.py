"""The settings of a catalogue's entry are its keyword arguments; one it does not have is an error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean


def keywords_of(make: Callable[..., Any]) -> list[str]:
    """List what can be set by name only.

    Examples
    --------
    >>> keywords_of(lambda base, *, floor=0.0, period=1: base)
    ['floor', 'period']
    """
    found = inspect.signature(make).parameters.values()
    return [parameter.name for parameter in found if parameter.kind is inspect.Parameter.KEYWORD_ONLY]


def refuse_unknown(what: str, make: Callable[..., Any], names: Iterable[str]) -> None:
    """Refuse settings an entry does not have.

    Raises
    ------
    UsageError
        With the nearest name and all known ones.
    """
    known = keywords_of(make)
    for name in names:
        if name not in known:
            raise UsageError(
                f"{what} has no setting '{name}'{did_you_mean(name, known)} (known: {', '.join(known) or 'none'})"
            )

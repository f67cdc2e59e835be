"""How a text file writes what has no fixed form: declared by the user, or else detected and reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.core.errors import UsageError

_ALLOWED: Final = {"separator": (",", ";", "\t", "|"), "decimal": (".", ","), "dates": ("dmy", "mdy")}


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""What is declared about a text file; None means "find it out and say so".

    Parameters
    ----------
    separator : str, optional
        Between cells: ``,``, ``;``, ``|`` or a tab.
    decimal : str, optional
        ``.`` or ``,``; ``1,234`` alone does not tell a thousand from a fraction.
    dates : str, optional
        ``dmy`` or ``mdy``; ``03/04/2018`` alone does not tell April from March.

    Raises
    ------
    UsageError
        A value that is none of these.

    Examples
    --------
    >>> Dialect(dates="dmy").dates
    'dmy'
    """

    separator: str | None = None
    decimal: str | None = None
    dates: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            given = getattr(self, name)
            if given is not None and given not in allowed:
                raise UsageError(f"{name} {given!r} is not understood: one of {', '.join(map(repr, allowed))}")


UNDECLARED: Final = Dialect()
"""Nothing was declared."""

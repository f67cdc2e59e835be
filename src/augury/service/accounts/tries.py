"""Wrong tries: how many wrong keys, names and passwords an address or a name may show.

A try is counted before it is looked at and given back when it was right, so that two hundred at once
are no more than fifteen one after the other.
"""

from __future__ import annotations

import hashlib
from typing import Final

from augury.core.errors import LimitReached
from augury.service.accounts.cells import Cells, Subject

WRONG_MAX: Final = 15
"""Wrong tries in a row that are answered with a reason; the promise is twenty."""
AGAIN_S: Final = 30.0
"""Seconds until one more is."""


def by_address(client: object) -> Subject:
    """Return the subject of the address a connection comes from; no header can choose it.

    Examples
    --------
    >>> by_address(("10.0.0.7", 50123)).name
    'wrong:address:10.0.0.7'
    """
    host = client[0] if isinstance(client, tuple | list) and client else "unknown"
    return Subject(f"wrong:address:{host}", AGAIN_S, WRONG_MAX)


def by_name(said: str) -> Subject:
    """Return the subject of a name that somebody signs in with, whether it exists or not."""
    return Subject(f"wrong:name:{hashlib.sha256(said.strip().lower().encode()).hexdigest()[:32]}", AGAIN_S, WRONG_MAX)


async def count_try(cells: Cells, *subjects: Subject) -> None:
    """Count a try as wrong; give it back to the cells when it was right.

    Raises
    ------
    LimitReached
        Too many wrong ones: this one is not looked at.
    """
    taken = await cells.take(subjects)
    if taken is not None and not taken.allowed:
        raise LimitReached(
            f"too many wrong tries: the next one is looked at in {taken.retry_s:.0f} s",
            fix="wait, then try again", retry_after_s=max(taken.retry_s, 1.0),
        )  # fmt: skip

"""Cursors: where the next page begins, as a text that only this service understands.

A cursor holds the key of the last row that was shown, so that rows written meanwhile shift nothing. It
belongs to the question it was made for, and one that was edited or goes with another question is refused.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.hashing import canonical_json, sha256_bytes, sha256_json
from augury.core.typing import Json

LENGTH_MAX: Final = 300
_SUM: Final = 16


def write_cursor(question: Json, after: list[Any]) -> str:
    """Write where the next page of a question begins.

    Parameters
    ----------
    question : dict
        The noun and every filter.
    after : list
        Key of the last row that was shown: texts and whole numbers.

    Examples
    --------
    >>> read_cursor(write_cursor({"of": "models"}, [7]), {"of": "models"}, int)
    [7]
    """
    said = canonical_json([sha256_json(question)[:16], *after]).encode()
    return urlsafe_b64encode(_sum(said) + said).decode().rstrip("=")


def read_cursor(cursor: str | None, question: Json, *kinds: type) -> list[Any] | None:
    """Read where a page begins; None for the first one.

    Parameters
    ----------
    cursor : str or None
    question : dict
        As it was given to :func:`write_cursor`.
    *kinds : type
        Of the parts of the key.

    Raises
    ------
    UsageError
        It is no cursor, was edited, or belongs to another question.

    Examples
    --------
    >>> read_cursor(write_cursor({"of": "models"}, [7]), {"of": "bars"}, int)
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: the cursor belongs to another question -> run: ask without cursor
    """
    if cursor is None:
        return None
    question_hash, *after = _opened(cursor)
    if question_hash != sha256_json(question)[:16]:
        raise UsageError("the cursor belongs to another question", fix="ask without cursor")
    if [type(part) for part in after] != list(kinds):
        raise _broken()
    return after


def _opened(cursor: str) -> list[Any]:
    if len(cursor) > LENGTH_MAX:
        raise _broken()
    try:
        content = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        said = content[_SUM:]
        if content[:_SUM] != _sum(said):
            raise _broken()
        found: list[Any] = json.loads(said)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _broken() from error
    return found


def _sum(said: bytes) -> bytes:
    return sha256_bytes(b"augury cursor " + said)[:_SUM].encode()


def _broken() -> UsageError:
    return UsageError("the cursor is broken: take `next` of the page before as it is", fix="ask without cursor")

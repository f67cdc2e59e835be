"""What a key looks like: ``aug_live_`` + 32 letters and digits + 6 of a checksum.

The checksum lets a mistyped or made-up key be refused without a look at the store, and lets tools
that search for leaked secrets know ours.
"""

from __future__ import annotations

import secrets
import string
import zlib
from typing import Final

from augury.core.errors import NotSignedIn

PREFIXES: Final = ("aug_live_", "aug_test_")
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY: Final = 32
_SUM: Final = 6
HINT: Final = len(PREFIXES[0]) + 4


def new_key(prefix: str = PREFIXES[0]) -> str:
    """Make a key; it holds 190 random bits.

    Examples
    --------
    >>> key = new_key()
    >>> key.startswith("aug_live_"), len(key), read_key(key) == key
    (True, 47, True)
    """
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_BODY))
    return body + checksum(body)


def read_key(text: str) -> str:
    """Return a key whose form and checksum are right.

    Raises
    ------
    NotSignedIn
        It is none; the message does not repeat it.

    Examples
    --------
    >>> read_key("aug_live_" + "A" * 38)
    Traceback (most recent call last):
        ...
    augury.core.errors.NotSignedIn: this is not a key of Augury: its checksum is wrong -> run: augury keys list
    """
    body, said = text[:-_SUM], text[-_SUM:]
    formed = body.startswith(PREFIXES) and len(body) == len(PREFIXES[0]) + _BODY and text.isascii()
    if not formed or checksum(body) != said:
        raise NotSignedIn("this is not a key of Augury: its checksum is wrong", fix="augury keys list")
    return text


def checksum(body: str) -> str:
    """Write the CRC-32 of a text in six letters and digits.

    Examples
    --------
    >>> checksum("aug_live_")
    '1WyWii'
    """
    rest, out = zlib.crc32(body.encode()), ""
    for _ in range(_SUM):
        rest, digit = divmod(rest, len(_ALPHABET))
        out = _ALPHABET[digit] + out
    return out

"""Passwords: argon2, and a rule for what is one."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from augury.core.errors import UsageError

SHORTEST: Final = 12


@lru_cache(maxsize=1)
def hasher() -> PasswordHasher:
    """Return the hasher with the library's default costs; tests put a cheaper one in its place."""
    return PasswordHasher()


def hash_password(password: str) -> str:
    """Hash a password.

    Raises
    ------
    UsageError
        Too short; the message does not repeat it.
    """
    if len(password) < SHORTEST:
        raise UsageError(f"a password has {SHORTEST} characters or more, found {len(password)}")
    return hasher().hash(password)


def right(password: str, password_hash: str | None) -> bool:
    """Check a password; without a hash the same work is done, so that no time tells which names exist."""
    try:
        return hasher().verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return hasher().hash("a password that nobody has")

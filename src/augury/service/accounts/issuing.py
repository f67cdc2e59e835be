"""Issuing keys: made, written down by their hash, handed out once. The command line and the API do it here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from augury.core.errors import Forbidden, UsageError
from augury.records.accounts.api_keys import ApiKey
from augury.records.accounts.people import hashed
from augury.records.store import Store
from augury.service.accounts.caller import KEY_SCOPES, SANDBOX_SCOPES
from augury.service.accounts.keys import HINT, PREFIXES, new_key

NAME_MAX: Final = 100
OVERLAP_HOURS_MAX: Final = 168


def issue(
    store: Store, *, tenant_id: str, user_id: str | None, name: str, scopes: Sequence[str],
    allowed: Collection[str] = KEY_SCOPES, days: int | None = None, sandbox: bool = False,
) -> tuple[str, ApiKey]:  # fmt: skip
    """Make a key and return it with what is known of it; nobody can show it again.

    Parameters
    ----------
    store : Store
    tenant_id : str
    user_id : str or None
        Who makes it; a disabled user's keys open nothing, and a lowered role lowers them.
    name : str
        1..100 characters.
    scopes : sequence of str
        ``read``, ``predict``, ``train``, ``admin``.
    allowed : collection of str
        What its maker may: a key never may more.
    days : int, optional
        After which it ends; None means it does not.
    sandbox : bool
        ``aug_test_…``: it reads and has answers computed; nothing of it is written.

    Raises
    ------
    UsageError
        No such scope, none at all, or no name.
    Forbidden
        A scope that its maker has not.
    """
    if not (said := name.strip()) or len(said) > NAME_MAX or not said.isprintable():
        raise UsageError(f"a key's name has 1 to {NAME_MAX} printable characters")
    unknown = sorted(set(scopes) - set(KEY_SCOPES))
    if unknown or not scopes:
        raise UsageError(f"unknown scope {', '.join(unknown) or '(none given)'} (known: {', '.join(KEY_SCOPES)})")
    if beyond := sorted(set(scopes) - set(allowed)):
        raise Forbidden(f"a key may not more than its maker: {', '.join(beyond)}")
    if sandbox and (beyond := sorted(set(scopes) - SANDBOX_SCOPES)):
        raise UsageError(f"a sandbox key may {', '.join(sorted(SANDBOX_SCOPES))} only, not {', '.join(beyond)}")
    key = new_key(PREFIXES[1] if sandbox else PREFIXES[0])
    ends = None if days is None else store.clock.now() + timedelta(days=days)
    made = store.api_keys.add(
        hashed(key), key[:HINT], tenant_id=tenant_id, user_id=user_id, name=said, scopes=tuple(set(scopes)),
        expires_at=ends,
    )  # fmt: skip
    return key, made


def reissue(store: Store, key_id: str, tenant_id: str, overlap: timedelta) -> tuple[str, ApiKey]:
    """Put a new key in the place of an old one, which goes on opening for the overlap.

    Raises
    ------
    NotFound, UsageError
        As :meth:`ApiKeys.rotate`.
    """
    old = store.api_keys.get(key_id, tenant_id)
    key = new_key(next(prefix for prefix in PREFIXES if old.hint.startswith(prefix)))
    return key, store.api_keys.rotate(key_id, tenant_id, hashed(key), key[:HINT], overlap)

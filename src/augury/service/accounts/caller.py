"""The caller: who asks, whose they are, and what they may."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from augury.records.account_tables import HOME

ROLE_SCOPES: Final = {
    "reader": frozenset({"read"}),
    "trader": frozenset({"read", "predict", "train"}),
    "admin": frozenset({"read", "predict", "train", "admin"}),
}
KEY_SCOPES: Final = ("read", "predict", "train", "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    tenant_id : str
        Whose rows they see.
    plan : str
        What their tenant's limits are.
    name : str
        The user's name, or the key's.
    scopes : frozenset of str
        What they may; ``operate`` only in the home tenant.
    user_id : str or None
    key_id : str or None
        None for a session.
    csrf : str
        The token of our own pages; empty for a key.
    """

    tenant_id: str
    plan: str
    name: str
    scopes: frozenset[str]
    user_id: str | None = None
    key_id: str | None = None
    csrf: str = ""


def scopes_in(tenant_id: str, scopes: frozenset[str]) -> frozenset[str]:
    """Add ``operate`` for those who rule the home tenant."""
    return scopes | {"operate"} if tenant_id == HOME and "admin" in scopes else scopes


def csrf_token(session_token: str) -> str:
    """Derive the token of a session's pages; whoever does not know the session cannot."""
    return hashlib.sha256(b"csrf:" + session_token.encode()).hexdigest()[:32]

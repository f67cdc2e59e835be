"""The caller: who asks, whose they are, and what they may."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from augury.records.accounts.audit_trail import person, program
from augury.records.accounts.tables import HOME

ROLE_SCOPES: Final = {
    "reader": frozenset({"read"}),
    "trader": frozenset({"read", "predict", "train"}),
    "admin": frozenset({"read", "predict", "train", "admin"}),
}
KEY_SCOPES: Final = ("read", "predict", "train", "admin")
SANDBOX_SCOPES: Final = frozenset({"read", "predict"})
"""What a sandbox key (``aug_test_…``) may at most: it reads and has answers computed; nothing of it is written."""


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
        What they may. ``record`` (what was computed is written down) comes with ``predict``, but not for
        sandbox keys; ``operate`` comes with ``admin`` in the home tenant.
    user_id : str or None
    key_id : str or None
        None for a session.
    csrf : str
        The token of our own pages; empty for a key.
    sandbox : bool
        True for ``aug_test_…``.
    """

    tenant_id: str
    plan: str
    name: str
    scopes: frozenset[str]
    user_id: str | None = None
    key_id: str | None = None
    csrf: str = ""
    sandbox: bool = False

    @property
    def actor(self) -> str:
        """How the audit trail writes who did something: by an opaque id, so that a name can be forgotten."""
        if self.key_id:
            return program(self.key_id)
        return person(self.user_id) if self.user_id else self.name

    @property
    def reader(self) -> str:
        """Whom an A/B test draws a version for: the person, with whichever key or page they come."""
        return self.user_id or self.key_id or f"{self.tenant_id} {self.name}"


def scopes_in(tenant_id: str, scopes: frozenset[str], *, sandbox: bool = False) -> frozenset[str]:
    """Add what follows from scopes: ``record`` from ``predict``, ``operate`` from ``admin`` in the home tenant.

    Examples
    --------
    >>> sorted(scopes_in("home", frozenset({"predict", "admin"})))
    ['admin', 'operate', 'predict', 'record']
    >>> sorted(scopes_in("home", frozenset({"predict", "admin"}), sandbox=True))
    ['predict']
    """
    if sandbox:
        return scopes & SANDBOX_SCOPES
    more = {"record"} if "predict" in scopes else set()
    if tenant_id == HOME and "admin" in scopes:
        more.add("operate")
    return scopes | more


def csrf_token(session_token: str) -> str:
    """Derive the token of a session's pages; whoever does not know the session cannot."""
    return hashlib.sha256(b"csrf:" + session_token.encode()).hexdigest()[:32]

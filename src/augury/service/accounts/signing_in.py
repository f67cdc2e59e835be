"""Signing in: one answer for every reason why not."""

from __future__ import annotations

from augury.core.errors import NotSignedIn
from augury.service.accounts.passwords import hash_password, right
from augury.service.backend import Backend


def sign_in(backend: Backend, name: str, password: str) -> str:
    """Open a session and return its token.

    Raises
    ------
    NotSignedIn
        The name, the password or the account is not right: the message does not say which.
    """
    store = backend.workspace.store
    user = store.people.named(name)
    if not right(password, user.password_hash if user else None) or user is None or user.disabled_at is not None:
        raise NotSignedIn("name or password is not right")
    store.audit_trail.add(user.tenant_id, user.name, "signed in", user.name)
    return store.sessions.open(user.id)


def accept(backend: Backend, code: str, name: str, password: str) -> str:
    """Make the account of an invitation and return the token of its first session.

    Raises
    ------
    NotSignedIn
        The invitation is not known, was used or has run out.
    UsageError
        The name is taken, or the password is too short.
    """
    store = backend.workspace.store
    user = store.people.accept(code, name, hash_password(password))
    store.audit_trail.add(user.tenant_id, user.name, "joined", user.name, data={"role": user.role})
    return store.sessions.open(user.id)

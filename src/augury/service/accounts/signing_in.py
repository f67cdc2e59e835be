"""Signing in: one answer for every reason why not, the same work for names that exist and that do not.

These functions run in the thread of a handler that is not ``async``: hashing a password takes long.
"""

from __future__ import annotations

from anyio import from_thread

from augury.core.errors import NotSignedIn
from augury.records.accounts.audit_trail import person
from augury.service.accounts.passwords import hash_password, right
from augury.service.accounts.tries import by_address, by_name, count_try
from augury.service.backend import Backend


def sign_in(backend: Backend, name: str, password: str, *, client: object = None, old: str = "") -> str:
    """Open a session and return its token.

    Parameters
    ----------
    backend : Backend
    name, password : str
    client : (host, port), optional
        ``request.client``: wrong tries are counted by name and by address.
    old : str
        Token of the session the browser came with; it ends, so that none lives on beside the new one.

    Raises
    ------
    NotSignedIn
        The name, the password or the account is not right: the message does not say which.
    LimitReached
        Too many wrong tries.
    """
    tries = (by_address(client), by_name(name))
    from_thread.run(count_try, backend.limits.cells, *tries)
    store = backend.workspace.store
    user = store.people.named(name)
    if not right(password, user.password_hash if user else None) or user is None or user.disabled_at is not None:
        raise NotSignedIn("name or password is not right")
    from_thread.run(backend.limits.cells.give_back, tries)
    if old:
        store.sessions.close(old)
        backend.doorkeeper.forget()
    store.audit_trail.add(user.tenant_id, person(user.id), "signed in", person(user.id))
    return store.sessions.open(user.id)


def accept(backend: Backend, code: str, name: str, password: str, *, client: object = None) -> str:
    """Make the account of an invitation and return the token of its first session.

    Raises
    ------
    NotSignedIn
        The invitation is not known, was used or has run out.
    UsageError
        The name is taken, or the password is too short.
    LimitReached
        Too many wrong codes.
    """
    tries = (by_address(client),)
    from_thread.run(count_try, backend.limits.cells, *tries)
    store = backend.workspace.store
    store.people.invited(code)
    from_thread.run(backend.limits.cells.give_back, tries)
    user = store.people.accept(code, name, hash_password(password))
    store.audit_trail.add(user.tenant_id, person(user.id), "joined", person(user.id), data={"role": user.role})
    return store.sessions.open(user.id)

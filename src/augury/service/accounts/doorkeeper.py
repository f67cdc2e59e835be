"""The doorkeeper: whose a key or a session is, remembered for less than a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fastapi.concurrency import run_in_threadpool

from augury.core.errors import NotSignedIn
from augury.records.accounts.people import hashed
from augury.records.store import Store
from augury.service.accounts.caller import ROLE_SCOPES, Caller, csrf_token, scopes_in
from augury.service.accounts.keys import PREFIXES, read_key

REMEMBERED_S: Final = 0.5
"""A key that is revoked in another process opens nothing after this; the promise is a second."""
_REMEMBERED_MAX: Final = 10_000
_SESSION_MAX: Final = 100


@dataclass
class Doorkeeper:
    """Knows whose a key or a session is.

    Parameters
    ----------
    store : Store
    """

    store: Store
    _known: dict[str, tuple[float, Caller]] = field(default_factory=dict)

    async def by_key(self, header: str) -> Caller:
        """Return whose the key of an ``Authorization`` header is.

        Raises
        ------
        NotSignedIn
            Not ``Bearer``, a key with a wrong checksum (no look at the store), or one that opens nothing.
        """
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("the Authorization header is not 'Bearer aug_…'", fix="augury keys create --name laptop")
        key = text.strip()
        return await self._remembered(hashed(key), self._from_key, key)

    async def by_session(self, token: str) -> Caller:
        """Return whose a session is.

        Raises
        ------
        NotSignedIn
        """
        if len(token) > _SESSION_MAX:
            raise _ended()
        return await self._remembered("session:" + hashed(token), lambda _: self._from_session(token))

    def forget(self) -> None:
        """Look at the store again for everybody: somebody was signed out or a key was revoked."""
        self._known.clear()

    async def _remembered(self, key: str, look: Callable[[str], Caller], said: str | None = None) -> Caller:
        # The moment before looking: what changed while we looked is seen half a second later at most.
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        if said is not None:
            read_key(said)  # made-up keys are refused without a look at the store
        caller = await run_in_threadpool(look, key)
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        self._known[key] = (now + REMEMBERED_S, caller)
        return caller

    def _from_key(self, key_hash: str) -> Caller:
        found = self.store.api_keys.opens(key_hash)
        if found is None:
            raise NotSignedIn("this key opens nothing: it is unknown, revoked or has run out", fix="augury keys list")
        key, plan, role = found
        # Somebody whose role was lowered lowers their keys with it.
        scopes = frozenset(key.scopes) & (ROLE_SCOPES[role] if role else frozenset(key.scopes))
        sandbox = not key.hint.startswith(PREFIXES[0])
        scopes = scopes_in(key.tenant_id, scopes, sandbox=sandbox)
        return Caller(key.tenant_id, plan, key.name, scopes, user_id=key.user_id, key_id=key.id, sandbox=sandbox)

    def _from_session(self, token: str) -> Caller:
        found = self.store.sessions.opens(token)
        if found is None:
            raise _ended()
        user, plan = found
        scopes = scopes_in(user.tenant_id, ROLE_SCOPES[user.role])
        return Caller(user.tenant_id, plan, user.name, scopes, user_id=user.id, csrf=csrf_token(token))


def _ended() -> NotSignedIn:
    return NotSignedIn("the session has ended", fix="sign in again")

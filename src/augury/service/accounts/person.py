"""What belongs to a person and not to a tenant: watchlists and paper positions."""

from __future__ import annotations

from augury.core.errors import Forbidden
from augury.service.accounts.caller import Caller


def person_of(caller: Caller) -> str:
    """Return the id of the person who asks.

    Raises
    ------
    Forbidden
        A key that nobody's account made.
    """
    if caller.user_id is None:
        raise Forbidden(
            f"the key '{caller.name}' belongs to nobody: a watchlist or a position is a person's",
            fix="make the key on the page Developer",
        )
    return caller.user_id

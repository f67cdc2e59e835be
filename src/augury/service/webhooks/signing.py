"""Secrets and signatures of Standard Webhooks: whoever knows the secret can tell that a message is ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from augury.records.accounts.webhooks import Secret

PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """Make a secret of 256 random bits.

    Examples
    --------
    >>> new_secret().startswith("whsec_"), len(new_secret())
    (True, 50)
    """
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """Sign ``id.timestamp.body`` by HMAC-SHA256.

    Examples
    --------
    >>> from datetime import UTC
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...      datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    said = f"{message_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def headers(known: Sequence[Secret], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Write the headers of an attempt, signed with every secret that is in force at its moment."""
    in_force = [secret.text for secret in known if secret.until is None or at < secret.until]
    return {
        "content-type": "application/json",
        "user-agent": "Augury",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(sign(secret, message_id, at, body) for secret in in_force),
    }

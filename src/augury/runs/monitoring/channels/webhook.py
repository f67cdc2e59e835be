"""Any server of the user's own: JSON, signed as the Standard Webhooks say."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from augury.core.egress import Answer, check_url, post
from augury.core.errors import TemporaryError, UsageError
from augury.core.hashing import canonical_json
from augury.runs.monitoring.alerts.channel import SECRET, Address, Channel
from augury.runs.monitoring.alerts.wording import Message

_LATER: Final = (408, 425, 429)


class WebhookChannel:
    """Posts the alert as JSON with ``webhook-id``, ``webhook-timestamp`` and, given a secret, ``webhook-signature``.

    Parameters
    ----------
    address : Address
    """

    def __init__(self, address: Address) -> None:
        check_url(address.url, address.allow)
        self._address = address
        self._key = _key(address)

    def send(self, message: Message, delivery: str, stamp: int) -> None:
        """Post the message.

        Raises
        ------
        TemporaryError
            The server cannot be reached, is busy or broken.
        UsageError
            It refuses, or may not be reached.
        """
        body = canonical_json({"type": message.data["event"], "timestamp": stamp, "data": message.data}).encode()
        headers = {"Content-Type": "application/json", "webhook-id": delivery, "webhook-timestamp": str(stamp)}
        if self._key:
            headers["webhook-signature"] = signature(self._key, delivery, stamp, body)
        accepted(self._address.name, post(self._address.url, body, headers, allow=self._address.allow))


def signature(key: bytes, delivery: str, stamp: int, body: bytes) -> str:
    """Sign as ``v1,base64(HMAC-SHA256(key, id.timestamp.body))``.

    References
    ----------
    Standard Webhooks, https://www.standardwebhooks.com

    Examples
    --------
    >>> signature(b"key", "msg_1", 1614265330, b"{}")[:6]
    'v1,Wo+'
    """
    signed = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def accepted(name: str, answer: Answer) -> None:
    """Let 2xx pass.

    Raises
    ------
    TemporaryError
        5xx, 408, 425 or 429: another try may help.
    UsageError
        Anything else, redirects too: they are never followed.
    """
    if 200 <= answer.status < 300:
        return
    if answer.status >= 500 or answer.status in _LATER:
        raise TemporaryError(f"channel {name}: the server answered {answer.status}", status=answer.status)
    moved = " (a redirect, not followed)" if 300 <= answer.status < 400 else ""
    raise UsageError(f"channel {name}: the server answered {answer.status}{moved}", status=answer.status)


def _key(address: Address) -> bytes:
    if not address.secret:
        return b""
    try:
        return base64.b64decode(address.secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        variable = SECRET + address.name.upper()
        raise UsageError(f"{variable} is no secret of a webhook: whsec_ and base64") from None


def CHANNEL(address: Address) -> Channel:  # noqa: N802 - the public name of every channel
    """Make the channel of an address."""
    return WebhookChannel(address)

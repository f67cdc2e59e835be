"""A webhook that takes Slack's messages: Slack, Mattermost, Rocket.Chat and others."""

from __future__ import annotations

from augury.core.egress import check_url, post
from augury.core.hashing import canonical_json
from augury.runs.monitoring.alerts.channel import Address, Channel
from augury.runs.monitoring.alerts.wording import Message
from augury.runs.monitoring.channels.webhook import accepted


class SlackChannel:
    """Posts ``{"text": …}``; the path of its address is the secret.

    Parameters
    ----------
    address : Address
    """

    def __init__(self, address: Address) -> None:
        check_url(address.url, address.allow)
        self._address = address

    def send(self, message: Message, delivery: str, stamp: int) -> None:
        """Post the message.

        Raises
        ------
        TemporaryError, UsageError
            As for every webhook.
        """
        body = canonical_json({"text": _escaped(message.text)}).encode()
        accepted(
            self._address.name,
            post(self._address.url, body, {"Content-Type": "application/json"}, allow=self._address.allow),
        )


def _escaped(text: str) -> str:
    # Slack reads <!channel> and links out of a text; a symbol or a version must not be able to speak so.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def CHANNEL(address: Address) -> Channel:  # noqa: N802 - the public name of every channel
    """Make the channel of an address."""
    return SlackChannel(address)

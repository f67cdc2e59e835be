"""Who can be told: the channels that the environment names. Their addresses are secrets and stay there.

    SLACK_WEBHOOK_URL          the channel "slack": a webhook that takes Slack's messages
    AUGURY_ALERT_URL_<NAME>    the channel <name>: https://… (signed webhook), mailto://… or another of Apprise
    AUGURY_ALERT_SECRET_<NAME> whsec_…: what messages to that webhook are signed with
    AUGURY_EGRESS_ALLOW        networks that may be reached although they are not public

The channel "file" is always there: ``logs/alerts.jsonl`` in the data folder. Neither the store, a log
nor an error ever holds an address; a channel is known by its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from augury.core.catalog import Catalog
from augury.core.egress import Network, networks
from augury.core.errors import UsageError
from augury.runs.monitoring.alerts.wording import Message

SLACK: Final = "SLACK_WEBHOOK_URL"
URL: Final = "AUGURY_ALERT_URL_"
SECRET: Final = "AUGURY_ALERT_SECRET_"
ALLOW: Final = "AUGURY_EGRESS_ALLOW"
FILE: Final = "file"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Channel(Protocol):
    """Brings one message to people."""

    def send(self, message: Message, delivery: str, stamp: int) -> None:
        """Send a message, or raise.

        Parameters
        ----------
        message : Message
        delivery : str
            Id of the delivery, the same at every try.
        stamp : int
            Seconds since 1970.

        Raises
        ------
        TemporaryError
            Another try may help.
        AuguryError
            It will not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where one channel leads; prints without its secrets.

    Parameters
    ----------
    name : str
    url, secret : str
        Never shown.
    allow : tuple of networks
        May be reached although they are not public.
    data_dir : Path
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False, default="")
    allow: tuple[Network, ...] = ()
    data_dir: Path = field(repr=False, default=Path())


KINDS: Final[Catalog[Callable[[Address], Channel]]] = Catalog(
    "kind of channel", ("augury.runs.monitoring.channels",), "CHANNEL"
)


def channels(environ: Mapping[str, str], data_dir: Path) -> dict[str, Channel]:
    """Return the channels the environment names, by name; ``file`` is always among them.

    Parameters
    ----------
    environ : mapping
    data_dir : Path
        Of the workspace.

    Raises
    ------
    UsageError
        A name or an address that is not understood; the message names the variable, never its value.
    MissingExtra
        Apprise is needed and not installed.
    """
    allow = networks(environ.get(ALLOW, ""))
    found = {FILE: KINDS.load("file")(Address(FILE, "", data_dir=data_dir))}
    if environ.get(SLACK):
        found["slack"] = KINDS.load("slack")(Address("slack", environ[SLACK], allow=allow))
    for variable in sorted(environ):
        if variable.startswith(URL) and environ[variable]:
            name = variable.removeprefix(URL).lower()
            if not _NAME.fullmatch(name) or name in found:
                raise UsageError(
                    f"{variable} names the channel '{name}', which is taken or no name (rule: a-z, 0-9, _)"
                )
            address = Address(name, environ[variable], environ.get(SECRET + name.upper(), ""), allow, data_dir)
            found[name] = KINDS.load(_kind(address.url))(address)
    return found


def _kind(url: str) -> str:
    """Which kind of channel an address belongs to."""
    if url.startswith("https://hooks.slack.com/"):
        return "slack"
    return "webhook" if url.partition("://")[0] in ("http", "https") else "service"

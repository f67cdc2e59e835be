"""Mail and every other service that Apprise speaks to: ``mailto://…``, ``tgram://…``, ``discord://…``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from augury.core.egress import resolve
from augury.core.errors import TemporaryError, UsageError
from augury.core.extras import require
from augury.runs.monitoring.alerts.channel import URL, Address, Channel
from augury.runs.monitoring.alerts.wording import Message

_OWN: Final = ("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises")
"""Apprise's own webhooks: they would go out without being looked at; an https address is given instead."""
_LOGGERS: Final = ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "requests")
_KINDS: Final = {"resolved": "success", "info": "info", "warning": "warning", "critical": "failure"}


class ServiceChannel:
    """Sends through Apprise, which follows no redirect here, writes no file and logs nothing.

    A service of one's own (a mail server, Mattermost) is looked at like a webhook: an address inside
    our own networks must be allowed.

    Parameters
    ----------
    address : Address
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._plugin()

    def send(self, message: Message, delivery: str, stamp: int) -> None:
        """Hand the message to the service.

        Raises
        ------
        TemporaryError
            The service did not take it; Apprise does not say why.
        UsageError
            It may not be reached.
        """
        apprise = require("apprise", extra="push")
        plugin = self._plugin()
        for host in _hosts(plugin):
            resolve(host, plugin.port or 443, self._address.allow)
        with _silence():
            # Apprise raises nothing: whatever went wrong comes back as False.
            sent = plugin.notify(
                title=message.title, body=message.body, notify_type=apprise.NotifyType(_KINDS[message.severity])
            )
        if not sent:
            raise TemporaryError(f"channel {self._address.name}: the service did not take the message")

    def _plugin(self) -> Any:
        apprise = require("apprise", extra="push")
        scheme = self._address.url.partition("://")[0].lower()
        asset = apprise.AppriseAsset(
            app_id="Augury", app_desc="Augury", http_redirects=False, secure_logging=True, storage_mode="memory"
        )
        with _silence():
            plugin = None if scheme in _OWN else apprise.Apprise.instantiate(self._address.url, asset=asset)
        if plugin is None:
            variable = URL + self._address.name.upper()
            raise UsageError(f"{variable} is no address Apprise understands: mailto://…, or https://… for a webhook")
        plugin.redirects = False
        return plugin


def _hosts(plugin: Any) -> list[str]:
    """The hosts an address names; where a service has one fixed place, that part holds a token instead."""
    if "host" not in plugin.template_tokens:
        return []
    return list(dict.fromkeys(host for host in (getattr(plugin, "smtp_host", None) or plugin.host,) if host))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep libraries from logging addresses: Apprise quotes what it cannot read, urllib3 every path."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            # Loading its plug-ins, Apprise imports what Python is about to drop; that is not the caller's affair.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was


def CHANNEL(address: Address) -> Channel:  # noqa: N802 - the public name of every channel
    """Make the channel of an address."""
    return ServiceChannel(address)

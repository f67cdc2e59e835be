"""A test message to the channels: do the addresses work?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from augury.core.clock import iso
from augury.core.errors import AuguryError, UnknownName
from augury.core.suggestion import did_you_mean
from augury.runs.monitoring.alerts.channel import channels
from augury.runs.monitoring.alerts.wording import Message
from augury.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a test message: ``sent``, ``failed`` or, on a dry run, ``would send``."""

    channel: str
    state: str
    error: str | None = None


def try_channels(
    workspace: Workspace, environ: Mapping[str, str], only: str | None = None, *, dry_run: bool = False
) -> list[Trial]:
    """Send one message to each channel, once.

    Parameters
    ----------
    workspace : Workspace
    environ : mapping
        Names the channels.
    only : str, optional
        Default all of them.
    dry_run : bool
        Send nothing.

    Raises
    ------
    UnknownName
        No such channel.
    """
    known = channels(environ, workspace.settings.data_dir)
    if only is not None and only not in known:
        hint = did_you_mean(only, known)
        raise UnknownName(f"unknown channel '{only}'{hint} (known: {', '.join(sorted(known))})", name=only)
    now = workspace.clock.now()
    facts = {"event": "alert.test", "at": iso(now), "severity": "info"}
    message = Message("[info] test", f"A test message of Augury, sent at {iso(now)}.", "info", facts)
    found = []
    for name in sorted(known) if only is None else [only]:
        if dry_run:
            found.append(Trial(name, "would send"))
            continue
        try:
            known[name].send(message, f"test_{int(now.timestamp())}", int(now.timestamp()))
            found.append(Trial(name, "sent"))
        except AuguryError as error:
            found.append(Trial(name, "failed", error.message))
    return found

"""How the service is reached: read once from the settings and passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BODY_BYTES_MAX: Final = 5 * 1024 * 1024
HEADER_BYTES_MAX: Final = 16 * 1024
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """How the service is reached.

    Parameters
    ----------
    host : str
        Address to listen on; loopback unless somebody says otherwise.
    port : int
    hosts : tuple of str
        Names a request may be for; anything else is refused, so that a page on another name cannot
        talk to this service through a visitor's browser.
    secure : bool
        True behind TLS: cookies travel over https only.
    redis_url : str
        Where limits are counted when several processes serve; empty counts in this process.
    body_bytes_max : int
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = field(default=LOOPBACK)
    secure: bool = False
    redis_url: str = ""
    body_bytes_max: int = BODY_BYTES_MAX

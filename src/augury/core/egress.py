"""The one way out: a message posted to an address that somebody gave us.

An address that a person types in may point back into our own network: at the machine itself, at a
neighbour, at the service of a cloud that hands out credentials. So the name is resolved once, every
address it has is looked at, and the connection goes to the address that was looked at and to no other.
Redirects are not followed: they would lead past the look.

The path of such an address is often its secret (Slack): no message here repeats more than the host.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from augury.core.errors import AuguryError, TemporaryError, UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

TIMEOUT_S: Final = 10.0
REPLY_BYTES_MAX: Final = 2048
"""What is read of an answer: enough to say what went wrong."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Parameters
    ----------
    status : int
        Of HTTP; 3xx are answers like any other, never followed.
    text : str
        The beginning of the body.
    retry_after : str
        The header as it came, empty when there was none.
    """

    status: int
    text: str
    retry_after: str = ""


def networks(text: str) -> tuple[Network, ...]:
    """Read a list of networks that may be reached although they are not public, e.g. ``10.0.0.0/8, ::1``.

    Raises
    ------
    UsageError
        A part that is no network.

    Examples
    --------
    >>> networks("127.0.0.1, 10.0.0.0/8")
    (IPv4Network('127.0.0.1/32'), IPv4Network('10.0.0.0/8'))
    """
    found = []
    for part in text.replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise UsageError(f"'{part}' is no network: write addresses such as 10.0.0.0/8, parted by commas") from error
    return tuple(found)


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the open internet; an IPv4 address inside an IPv6 one is looked at too.

    Examples
    --------
    >>> [is_public(ipaddress.ip_address(text)) for text in ("93.184.216.34", "169.254.169.254", "::ffff:10.0.0.1")]
    [True, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int, allow: Sequence[Network] = ()) -> Address:
    """Return an address of a host that may be reached.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
    allow : sequence of networks
        Reached although they are not public.

    Raises
    ------
    UsageError
        One of its addresses lies in a private, local or reserved network: a name with one such
        address is refused whole.
    TemporaryError
        The name is not known.
    """
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TemporaryError(f"{host}: the name is not known") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in known]
    for address in addresses:
        if not is_public(address) and not any(address in network for network in allow):
            raise UsageError(
                f"{host} is {address}, an address inside our own networks: nothing is sent there unless it is allowed",
                fix=f"AUGURY_EGRESS_ALLOW={address} augury alerts test",
            )
    return addresses[0]


def check_url(url: str, allow: Sequence[Network] = ()) -> SplitResult:
    """Read the address of a webhook.

    Raises
    ------
    UsageError
        Not https (plain http only where ``allow`` names networks), no host, or a login inside the address.

    Examples
    --------
    >>> check_url("https://hooks.example.com/T000/B000").hostname
    'hooks.example.com'
    """
    try:
        parts = urlsplit(url)
        port_known = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise UsageError("the address of a webhook is not understood: write https://host/path") from None
    if parts.scheme not in (("https", "http") if allow else ("https",)) or not parts.hostname or not port_known:
        raise UsageError(f"the address of a webhook begins with https://host/, found '{parts.scheme or 'nothing'}:'")
    if parts.username or parts.password:
        raise UsageError(f"the address at {parts.hostname} holds a login: a webhook takes a secret, no login")
    return parts


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow: Sequence[Network] = (),
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Post a body and return what the server says.

    Parameters
    ----------
    url : str
    body : bytes
    headers : mapping
    allow : sequence of networks
        Reached although they are not public.
    timeout_s : float
        For all of it, the name included.

    Raises
    ------
    UsageError
        The address may not be reached.
    TemporaryError
        The server cannot be reached, is too slow or does not speak HTTP.
    """
    parts = check_url(url, allow)
    said: list[Answer | AuguryError] = []

    def ask() -> None:
        try:
            said.append(_asked(parts, body, headers, allow, timeout_s))
        except AuguryError as error:
            said.append(error)

    # Beside the caller: timeouts of a socket count from its last byte, and resolving a name has none.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(timeout_s)
    if not said:
        raise TemporaryError(f"{parts.hostname}: no complete answer within {timeout_s:g} s")
    if isinstance(said[0], AuguryError):
        raise said[0]
    return said[0]


def _asked(
    parts: SplitResult, body: bytes, headers: Mapping[str, str], allow: Sequence[Network], timeout_s: float
) -> Answer:
    host = str(parts.hostname)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address = resolve(host, port, allow)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        # Connected here, to the address that was looked at: the name may mean another one by now.
        connection.sock = socket.create_connection((str(address), port), timeout_s)
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        connection.request("POST", path, body, dict(headers))
        reply = connection.getresponse()
        text = reply.read(REPLY_BYTES_MAX).decode("utf-8", "replace")
        return Answer(reply.status, text, reply.headers.get("Retry-After", ""))
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Not the words of the error: some repeat the whole address.
        raise TemporaryError(f"{host}: {_reason(error)}") from None
    finally:
        connection.close()


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError):
        return "too slow"
    if isinstance(error, ssl.SSLError):
        return "no trusted certificate"
    return f"cannot be reached ({type(error).__name__})"

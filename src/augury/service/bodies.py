"""Bodies: what a request sends is counted while it arrives, and has to arrive in time."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

ARRIVES_S: Final = 15.0
"""Seconds a body may take; the server cuts the connection a little later."""
_CLOSE: Final = {"connection": "close"}


class Body:
    """The body of one request on its way in.

    Parameters
    ----------
    receive : ASGI receive
    bytes_max : int
    """

    __slots__ = ("_bytes_max", "_read", "_receive", "_until", "_whole")

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self._receive, self._bytes_max = receive, bytes_max
        self._read, self._until, self._whole = 0, 0.0, False

    async def receive(self) -> Message:
        """Receive one message.

        Raises
        ------
        HTTPException
            413: it is larger than a body may be; 408: it took too long.
        """
        if self._whole:  # what comes now is only that the caller has left
            return await self._receive()
        if not self._until:
            self._until = asyncio.get_running_loop().time() + ARRIVES_S
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"the body did not arrive within {ARRIVES_S:.0f} s", _CLOSE) from None
        self._read += len(message.get("body", b""))
        if self._read > self._bytes_max:
            raise HTTPException(413, f"the body holds more than {self._bytes_max} bytes", _CLOSE)
        self._whole = not message.get("more_body", False)
        return message

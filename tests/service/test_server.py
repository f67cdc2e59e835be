"""The server's own layer: what is written in one turn of the loop leaves at once."""

from __future__ import annotations

import asyncio

from augury.service.server import Joined


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_head_and_body_of_an_answer_are_one_write_and_a_stream_is_not_held_back() -> None:
    wire = Wire()

    async def answered() -> None:
        joined = Joined(wire, asyncio.get_running_loop())
        joined.write(b"head ")
        joined.write(b"body")
        assert wire.sent == [b"head body"]
        joined.write(b"event")
        await asyncio.sleep(0)
        assert wire.sent[1:] == [b"event"]
        joined.write(b"last")
        joined.close()
        assert joined.is_closing()
        await asyncio.sleep(0)

    asyncio.run(answered())
    assert wire.sent == [b"head body", b"event", b"last"]

"""A load generator: so many keep-alive connections on loopback, each asking again as soon as it is answered.

    python benchmarks/load.py --port 8000 --path /v1/forecasts --connections 16 --seconds 5 < requests.json

Written on asyncio protocols and bytes, so that it takes little of the cores it shares with what it measures. Prints
one JSON line: requests a second, percentiles of the latency in ms, and how many answers were not 2xx.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Load:
    """What was asked and how it was answered."""

    requests: Sequence[bytes]
    until: float
    pause_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    asked: int = 0

    def next(self) -> bytes:
        """The next request, in turn."""
        self.asked += 1
        return self.requests[self.asked % len(self.requests)]


class Connection(asyncio.Protocol):
    """One keep-alive connection that asks until the time is up."""

    def __init__(self, load: Load, done: asyncio.Future[None]) -> None:
        self.load, self.done = load, done
        self.waiting, self.began = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self.transport: Any = transport
        self.ask()

    def ask(self) -> None:
        """Send the next request, or stop when the time is up."""
        self.began = time.perf_counter()
        if self.began >= self.load.until:
            self.transport.close()
            return
        self.transport.write(self.load.next())

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; with a whole one, write down how long it took and ask again."""
        self.waiting = self.waiting + data if self.waiting else data
        head, found, body = self.waiting.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(body) < length:
            return
        self.waiting = b""
        self.load.latencies_s.append(time.perf_counter() - self.began)
        status = int(head[9:12])
        self.load.statuses[status] = self.load.statuses.get(status, 0) + 1
        rest = self.began + self.load.pause_s - time.perf_counter()
        if rest > 0:
            asyncio.get_running_loop().call_later(rest, self.ask)
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that this connection is over; one that broke counts as a failure."""
        if error is not None or time.perf_counter() < self.load.until:
            self.load.statuses[0] = self.load.statuses.get(0, 0) + 1
        if not self.done.done():
            self.done.set_result(None)


def request(method: str, path: str, port: int, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """Write one HTTP/1.1 request."""
    said = {"host": f"127.0.0.1:{port}", **(headers or {})}
    if body:
        said |= {"content-type": "application/json", "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def ask(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, rate: float = 0.0
) -> dict[str, Any]:
    """Ask over so many connections at once for so long, at most ``rate`` times a second where it is given."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    load = Load(requests, began + seconds, connections / rate if rate else 0.0)
    ends = []
    for _ in range(connections):
        done = loop.create_future()
        await loop.create_connection(lambda done=done: Connection(load, done), "127.0.0.1", port)  # type: ignore[misc]
        ends.append(done)
    await asyncio.wait_for(asyncio.gather(*ends), seconds + 60)
    return summary(load, time.perf_counter() - began)


def summary(load: Load, seconds: float) -> dict[str, Any]:
    """Figures of a load."""
    ordered = sorted(load.latencies_s)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3) if ordered else float("nan")

    good = sum(n for status, n in load.statuses.items() if 200 <= status < 300)
    return {
        "rps": round(len(ordered) / seconds, 1), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
        "n": len(ordered), "not_2xx": sum(load.statuses.values()) - good,
        "errors_5xx": sum(n for status, n in load.statuses.items() if status >= 500 or status == 0),
    }  # fmt: skip


def main() -> None:
    """Read requests as JSON from standard input, ask, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=0.0, help="Requests a second at most; 0: as many as answered.")
    asked = parser.parse_args()
    given = json.load(sys.stdin)
    made = [
        request(one["method"], one["path"], asked.port, one.get("headers"), one.get("body", "").encode())
        for one in given
    ]  # fmt: skip
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    print(json.dumps(asyncio.run(ask(asked.port, made, asked.connections, asked.seconds, asked.rate))))


if __name__ == "__main__":
    main()

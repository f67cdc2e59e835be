"""A small market, a lake to write into, and a few bars by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import sin
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, unquote

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.data.calendar import market_calendar
from augury.data.feeds.fetch import Fetcher, Limits
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket

PAYLOADS = Path(__file__).parent / "payloads"


@pytest.fixture(scope="session")
def market() -> SyntheticMarket:
    return SyntheticMarket(n_symbols=3, n_bars=120)


@pytest.fixture(scope="session")
def bars(market: SyntheticMarket) -> Bars:
    return market.bars()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def frame_of() -> Callable[..., pl.DataFrame]:
    """Sixty plain bars on sessions of XNYS, with some cells replaced: ``frame_of(close={3: 0.0})``."""

    def build(symbol: str = "AAA", n: int = 60, **cells: dict[int, Any]) -> pl.DataFrame:
        sessions = market_calendar("XNYS").sessions(
            datetime(2018, 1, 2, tzinfo=UTC), datetime(2018, 12, 31, tzinfo=UTC)
        )
        close = [100.0 + 3.0 * sin(at) for at in range(n)]
        columns: dict[str, list[Any]] = {
            "symbol": [symbol] * n,
            "ts": sessions.head(n).to_list(),
            "open": [value - 0.5 for value in close],
            "high": [value + 1.0 for value in close],
            "low": [value - 1.0 for value in close],
            "close": close,
            "volume": [1000.0 + at for at in range(n)],
        }
        for name, changes in cells.items():
            for at, value in changes.items():
                columns[name][at] = value
        return pl.DataFrame(columns, schema=BAR_SCHEMA)

    return build


# A vendor on this machine


@dataclass
class Reply:
    """What the vendor answers: a body, or nothing at all when ``hang``; ``cut`` ends it early."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hang: bool = False
    drip: bool = False


class Vendor:
    """A server on 127.0.0.1: answers the replies of a path in order, the last one again and again."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.closing = threading.Event()
        self.base = ""

    def on(self, path: str, *replies: Reply | str) -> None:
        """Answer a path with replies, or with recorded payloads by name."""
        self.replies[path] = [
            Reply((PAYLOADS / reply).read_bytes()) if isinstance(reply, str) else reply for reply in replies
        ]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        self.asked.append((path, dict(parse_qsl(query)), {k.lower(): v for k, v in handler.headers.items()}))
        queue = self.replies[unquote(path)]
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if reply.hang:
            self.closing.wait(5)
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        if reply.drip:
            for byte in reply.body:
                handler.wfile.write(bytes([byte]))
                if self.closing.wait(0.05):
                    return
            return
        handler.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A local server to replay recorded payloads from."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):
                found.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    found.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that fetchers would have slept."""
    return []


@pytest.fixture
def fetcher(pauses: list[float]) -> Callable[..., Fetcher]:
    """A fetcher with short limits and a clock of its own, which its pauses move: nothing sleeps."""

    def build(**limits: Any) -> Fetcher:
        return Fetcher(
            Limits(**{"connect_s": 0.2, "read_s": 0.2, "total_s": 10.0} | limits),
            clock=FixedClock(datetime(2024, 6, 12, 20, tzinfo=UTC)),
            elapsed=lambda: sum(pauses),
            sleep=pauses.append,
            jitter=Random(7),
        )

    return build

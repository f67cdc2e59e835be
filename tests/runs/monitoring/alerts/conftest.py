"""A store with a clock that tests move, and servers of their own on this machine."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from augury.core.settings import Settings
from augury.runs.workspace import Workspace

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class MovedClock:
    """Stands still until a test moves it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def stored(tmp_path: Path, clock: MovedClock, database_url: str) -> Iterator[Workspace]:
    """An empty store in each of the two databases."""
    settings = Settings.load({"data_dir": tmp_path, "database_url": database_url}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=clock) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path, clock: MovedClock) -> Iterator[Workspace]:
    """An empty store in SQLite: for what does not depend on the database."""
    settings = Settings.load({"data_dir": tmp_path}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=clock) as opened:
        yield opened


@dataclass
class Posted:
    """One request a server was sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hooks:
    """A web server that keeps what it is sent and answers what a test wants, the last answer again and again."""

    answers: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    url: str = ""

    def answer(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    kept = Hooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posted.append(Posted(self.path, dict(self.headers), body))
            self.send_response(kept.answer())
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None: ...

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        kept.url = f"http://127.0.0.1:{port}"
        yield kept


@pytest.fixture
def mails() -> Iterator[tuple[int, list[str]]]:
    """A mail server's port, and the mails it took."""
    taken: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines: list[str] = []
                    while (text := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(text)
                    taken.append("".join(lines))
                self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
                if word == "QUIT":
                    return

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, taken


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def no_pause() -> tuple[list[float], Callable[[float], None]]:
    """The pauses that were asked for, and what to pass as ``sleep``."""
    pauses: list[float] = []
    return pauses, pauses.append

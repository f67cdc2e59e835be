"""``augury up``: the service, a worker and the schedule, in one tree of processes."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Annotated, Final

import typer

from augury.cli.serve import AllowHost, Host, Port, RedisUrl, Secure, listen
from augury.cli.session import SESSION
from augury.core.errors import EXIT_INTERRUPTED
from augury.core.extras import installed

GRACE_S: Final = 20.0
"""What is left of the children after this is ended the hard way."""
FIRST_S: Final = 15.0
"""The others do not wait longer than this for the service."""
STEADY_S: Final = 30.0
"""A child that lived so long is started again at once; one that dies sooner waits, longer each time."""
PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_PR_SET_PDEATHSIG: Final = 1


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury up --port 8000")(up)


def up(
    host: Host = "127.0.0.1", port: Port = 8000, allow_host: AllowHost = None, secure: Secure = False,
    redis: RedisUrl = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for training; default: the cores.")] = None,
) -> None:  # fmt: skip
    """Start the service, a worker and the schedule; one that dies is started again.

    Ctrl-C and SIGTERM end all of them, and so does the death of this process. The address, and once the link that
    makes the first account, are printed.
    """
    installed("uvicorn", extra="serve")
    installed("dbos", extra="jobs")
    listen(host, port).close()  # told here once instead of by a child again and again
    flags = ["--host", host, "--port", str(port), *(["--secure"] if secure else [])]
    flags += ["--redis", redis] if redis else []
    for name in allow_host or []:
        flags += ["--allow-host", name]
    children = [
        Child("serve", ["serve", *flags]),
        Child("worker", ["worker", *(["--workers", str(workers)] if workers else [])]),
        Child("schedule", ["scheduler"]),
    ]
    raise typer.Exit(Family(children, [sys.executable, "-m", "augury", *_front()]).run())


def _front() -> list[str]:
    """The global flags of this invocation, for the children."""
    front = ["--data-dir", str(SESSION.data_dir)] if SESSION.data_dir else []
    front += ["--config", str(SESSION.config)] if SESSION.config else []
    return front + (["--debug"] if SESSION.debug else [])


@dataclass
class Child:
    """One process of the family.

    Parameters
    ----------
    name : str
        Stands before each of its lines.
    arguments : list of str
        Behind ``augury``.
    """

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    start_at: float = 0.0


@dataclass
class Family:
    """Keeps children alive until told to end, and then ends every one of them.

    Parameters
    ----------
    children : list of Child
        The first one is started first; the others when it has said its first words, so that it has the
        machine for itself until it answers.
    program : list of str
        What each of them runs, before its own arguments.
    """

    children: list[Child]
    program: list[str]
    _stop: int = 0
    _chosen: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _answers: bool = False

    def run(self) -> int:
        """Keep them alive; returns the exit code."""
        wake_r, wake_w = os.pipe()
        os.set_blocking(wake_w, False)
        signal.set_wakeup_fd(wake_w)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told)
        self._chosen.register(wake_r, selectors.EVENT_READ, None)
        try:
            while not self._stop:
                self._tend()
                self._listen(0.2)
        finally:
            self._end()
            signal.set_wakeup_fd(-1)
            os.close(wake_r)
            os.close(wake_w)
        return EXIT_INTERRUPTED if self._stop == signal.SIGINT else 0

    def _told(self, number: int, frame: object) -> None:
        self._stop = self._stop or number

    def _tend(self) -> None:
        now = time.monotonic()
        for place, child in enumerate(self.children):
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            elif child.process is None and child.start_at <= now and (place == 0 or self._first_answers(now)):
                self._start(child, now)

    def _first_answers(self, now: float) -> bool:
        first = self.children[0]
        return self._answers or (first.began > 0.0 and now - first.began > FIRST_S)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            [*self.program, *child.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )
        child.began = now
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._chosen.register(child.process.stdout, selectors.EVENT_READ, (child, bytearray()))

    def _bury(self, child: Child, now: float) -> None:
        """Say that a child died, and when it is started again."""
        assert child.process is not None
        code = child.process.returncode
        self._drain(child.process.stdout)
        _end_group(child.process.pid, signal.SIGKILL)  # its own children do not outlive it
        child.deaths = 0 if now - child.began > STEADY_S else child.deaths + 1
        pause = 0.0 if child.deaths == 0 else PAUSES_S[min(child.deaths, len(PAUSES_S)) - 1]
        child.process, child.start_at = None, now + pause
        SESSION.say(f"{child.name:8} | ended with {code}: started again in {pause:g} s")

    def _listen(self, timeout_s: float) -> None:
        for key, _ in self._chosen.select(timeout_s):
            if key.data is None:
                os.read(key.fd, 64)
                continue
            child, rest = key.data
            said = os.read(key.fd, 65536)
            if not said:
                self._chosen.unregister(key.fileobj)
                continue
            self._forward(child, rest, said)

    def _forward(self, child: Child, rest: bytearray, said: bytes) -> None:
        rest += said
        *lines, last = bytes(rest).split(b"\n")
        rest[:] = last
        for line in lines:
            text = line.decode("utf-8", "replace")
            self._answers = self._answers or (child is self.children[0] and text.startswith("Augury answers"))
            if not SESSION.quiet:
                print(f"{child.name:8} | {text}", file=sys.stderr, flush=True)  # noqa: T201 - the children's voice

    def _drain(self, pipe: IO[bytes] | None) -> None:
        """Forward what a child said last."""
        if pipe is None:
            return
        if pipe in self._chosen.get_map():
            child, rest = self._chosen.get_key(pipe).data
            self._forward(child, rest, (pipe.read() or b"") + b"\n" * bool(rest))
            self._chosen.unregister(pipe)
        pipe.close()

    def _end(self) -> None:
        """Ask every child to end, give them time, and end what is left of their groups."""
        alive = [child.process for child in self.children if child.process is not None]
        for process in alive:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until and any(process.poll() is None for process in alive):
            self._listen(0.1)
        for process in alive:
            _end_group(process.pid, signal.SIGKILL)
            process.wait()
            self._drain(process.stdout)


def _end_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _die_with(parent: int) -> Callable[[], None]:
    """Let the kernel end a child when this process dies, however it dies (Linux)."""
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if library is not None:
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before the line above
                os._exit(0)

    return prepare

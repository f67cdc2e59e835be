"""The real app over half a year of forecasts of the S&P 500 and the Nasdaq, as it stood at the end of 2018.

Filled by the product itself from the bundled bars, on a clock moved by hand: what was forecast then was not known
then. ``pages.py`` measures what it shows and ``screens.py`` pictures it; this file also serves it for looking at:

    python benchmarks/demo_site.py FOLDER [--port 8010]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import uvicorn
from sqlalchemy import update

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.settings import Settings
from augury.data.calendar.availability import known_at
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket
from augury.records.accounts.people import hashed
from augury.records.accounts.tables import HOME, tenants
from augury.records.database import transaction
from augury.runs.cells import Cell
from augury.runs.durable.submission import submit
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.all_cells import forecast_all
from augury.runs.forecasts.evaluation import mature
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.provenance import from_source, remembered
from augury.runs.recipes import RECIPES
from augury.runs.simulated.market import SteppedClock
from augury.runs.training import train
from augury.runs.workspace import Workspace
from augury.service.access import COOKIE
from augury.service.accounts.keys import HINT, new_key
from augury.service.accounts.passwords import hash_password
from augury.service.backend import Backend
from augury.service.config import ServiceConfig
from augury.web.app import site

CHROMIUM = os.environ.get("CHROME_PATH", "/usr/bin/chromium")
CELLS = [
    *(Cell(symbol, "d1", horizon) for symbol in ("^GSPC", "^IXIC") for horizon in ("5d", "15d", "30d")),
    *(Cell("^GSPC", "w1", horizon) for horizon in ("30d", "90d")),
]
SAID_DAYS = 36
"""Sessions that forecasts are said on, one after the other; a version that is older than 60 days says nothing more."""
LONG_BARS = 10_000
PERSON, PASSWORD = "ada", "a long walk by the sea"


@dataclass(frozen=True)
class DemoSite:
    """Where the app answers, and how to come in."""

    url: str
    key: str
    token: str

    @property
    def cookie(self) -> dict[str, str]:
        """The session, as browsers take it."""
        return {"name": COOKIE, "value": self.token, "url": self.url}

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask the API; with a body by POST."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers)) as answer:
            return json.load(answer)

    def pages(self) -> dict[str, str]:
        """Return every kind of page by name, with what the folder holds."""
        cell = urlencode({"symbol": "^GSPC", "timeframe": "d1", "horizon": "5d"})
        at = f"/symbols/{quote('^GSPC')}?timeframe=d1"
        why = self.ask(f"/v1/forecasts?{cell}&view=latest")["forecasts"][0]["id"]
        new, old = (one["version"] for one in self.ask(f"/v1/models?{cell}")["versions"][:2])
        tested = self.ask("/v1/backtests")["backtests"][0]["id"]
        job = self.ask("/v1/jobs")["jobs"][0]["id"]
        data = self.ask("/v1/bars?symbol=%5EGSPC&timeframe=d1&limit=1")["data_version"]
        return {
            "overview": "/", "symbols": "/symbols", "symbol": at, "horizons": f"{at}&view=horizon",
            "consensus": f"{at}&view=consensus&why={why}#views", "watchlist": "/watchlist", "portfolio": "/portfolio",
            "models": "/models", "cell": f"/models/cell?{cell}", "version": f"/models/versions/{new}",
            "compare": f"/models/compare?{cell}&a={old}&b={new}", "rollback": f"/models/confirm?act=rollback&{cell}",
            "proof": "/proof", "drift": "/drift", "drift-cell": "/drift?symbol=%5EGSPC&timeframe=d1",
            "lineage": f"/drift/lineage?hash={data}", "backtests": "/backtests", "backtest": f"/backtests/{tested}",
            "runs": "/runs", "job": f"/runs/{job}", "developer": "/developer", "api": "/docs/api",
            "operations": "/docs/api/forecasts", "errors": "/docs/errors", "words": "/docs/words",
            "settings": "/settings", "patterns": "/patterns", "search": "/search?q=gs", "missing": "/nothing-here",
            "offline": "/offline", "sign-in": "/sign-in", "welcome": "/welcome",
        }  # fmt: skip


STRANGERS = ("sign-in", "welcome")
"""Pages that are looked at before the door."""


def fill(folder: Path) -> datetime:
    """Fill a folder and return the moment its clock stands at: an hour after the last bundled close."""
    indices = [bars for name in ("^GSPC", "^IXIC") for bars in [SOURCES.load("arch").load([name])]]
    daily = indices[0]
    closes = known_at(daily.frame["ts"].unique().sort(), daily.timeframe, daily.calendar).to_list()
    clock = SteppedClock(closes[-SAID_DAYS - 1] + timedelta(hours=1))
    with _opened(folder, clock) as workspace:
        for bars in indices:
            workspace.lake.write(_until(bars, clock.now()))
        _train(workspace, CELLS)
        clock.at += timedelta(minutes=5)
        _train(workspace, CELLS[:1])
        for close in closes[-SAID_DAYS:]:
            clock.at = close + timedelta(hours=1)
            for bars in indices:
                known = _until(bars, clock.now())
                with remembered(workspace.store.lineage, workspace.lake, known, from_source(known, "arch")):
                    workspace.lake.write(known)
            forecast_all(workspace, CELLS)
        mature(workspace)
        run_daily_drift_check(workspace=workspace)
        long = SyntheticMarket(n_symbols=1, n_bars=LONG_BARS, start=datetime(1978, 1, 3, tzinfo=UTC))
        workspace.lake.write(long.bars())
        cancelled = submit(workspace, "forecast", {"symbols": ["^GSPC"]}, by="cli")
        workspace.store.jobs.end(cancelled.id, "cancelled", "on second thoughts")
        submit(workspace, "train", {"symbols": ["^IXIC"], "timeframes": ["d1"]}, by=PERSON)
    return clock.now()


def _opened(folder: Path, clock: Any) -> Workspace:
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder.parent)
    return Workspace.open(settings, clock=clock)


def _until(bars: Bars, moment: datetime) -> Bars:
    known = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    return bars.with_frame(bars.frame.filter(known <= moment))


def _train(workspace: Workspace, cells: list[Cell]) -> None:
    for outcome in train(workspace, cells, RECIPES["demo"], executor=Inline()):
        if outcome.error is not None:
            raise RuntimeError(f"{outcome.cell}: {outcome.error}")


@contextlib.contextmanager
def demo_site(folder: Path, moment: datetime) -> Iterator[DemoSite]:
    """Serve a filled folder from a process of its own, with a person, a key, and a few things written."""
    key = new_key()
    with _opened(folder, FixedClock(moment)) as workspace:
        people = workspace.store.people
        user = people.named(PERSON) or people.add_user(PERSON, hash_password(PASSWORD), "admin")
        scopes = ["read", "predict", "train", "admin"]
        workspace.store.api_keys.add(
            hashed(key), key[:HINT], tenant_id=HOME, user_id=user.id, name="laptop", scopes=scopes
        )
        token = workspace.store.sessions.open(user.id)
        workspace.store.heartbeats.beat("worker-1", ["default"])  # as ``augury up`` has one beside the service
        with transaction(workspace.store.engine) as connection:  # more than sixty calls a minute are made here
            connection.execute(update(tenants).where(tenants.c.id == HOME).values(plan="partner"))
    _positions(folder, user.id, moment)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, __file__, str(folder), "--port", str(port), "--moment", moment.isoformat()]
    log = (folder / "serve.log").open("wb")
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        shown = DemoSite(f"http://127.0.0.1:{port}", key, token)
        _wait(shown, server)
        _written(shown)
        yield shown
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        log.close()


def _positions(folder: Path, user_id: str, moment: datetime) -> None:
    """Decisions of three autumn days; the account replays them over the bars that followed."""
    decided = [(80, "^GSPC", 12, 2900.0), (35, "^IXIC", 4, 7100.0), (14, "^GSPC", -6, 2650.0)]
    for days, symbol, quantity, price in decided:
        with _opened(folder, FixedClock(moment - timedelta(days=days))) as workspace:
            if len(workspace.store.positions.list(user_id)) < len(decided):
                workspace.store.positions.open(user_id, HOME, symbol, "d1", quantity, price)


def _wait(shown: DemoSite, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{shown.url}/healthz").close()
        except (urllib.error.URLError, ConnectionError):
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the app did not start: see serve.log in its folder")


def _written(shown: DemoSite) -> None:
    """What a person wrote, by the API."""
    notes = {"^GSPC": "the benchmark: five days ahead", "^IXIC": "moves more than the rest", "SYN001": ""}
    for symbol, note in notes.items():
        address = f"{shown.url}/v1/watchlist/{quote(symbol)}"
        headers = {"authorization": f"Bearer {shown.key}", "content-type": "application/json"}
        asked = urllib.request.Request(address, json.dumps({"note": note}).encode(), headers, method="PUT")
        urllib.request.urlopen(asked).close()
    for rule in ("reversal_5d", "momentum_12_1"):
        shown.ask("/v1/backtests", {"symbols": ["^GSPC", "^IXIC"], "rule": rule})


def main() -> None:
    """Serve a folder; fill it first when it is empty."""
    reader = argparse.ArgumentParser(description="Serve the demo's pages")
    reader.add_argument("folder", type=Path)
    reader.add_argument("--port", type=int, default=8010)
    reader.add_argument("--moment", type=datetime.fromisoformat)
    asked = reader.parse_args()
    moment = asked.moment or filled(asked.folder)
    with _opened(asked.folder, FixedClock(moment)) as workspace:
        app = site(Backend.open(workspace, ServiceConfig(port=asked.port)))
        uvicorn.run(app, port=asked.port, access_log=False, server_header=False, log_level="error")


def filled(folder: Path) -> datetime:
    """Fill a folder unless that was done before, and return the moment its clock stands at."""
    said = folder / "moment.txt"
    if not said.exists():
        folder.mkdir(parents=True, exist_ok=True)
        said.write_text(fill(folder).isoformat())
    return datetime.fromisoformat(said.read_text())


if __name__ == "__main__":
    main()

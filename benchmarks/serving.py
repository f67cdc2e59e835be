"""The service under load, measured over loopback from a second process; one JSON line.

    python benchmarks/serving.py [--peers .peers/mlflow/bin/python] [--seconds 6] [--soak MINUTES] [--parts stored,busy]

A real server (``augury serve``) with a real key, its limits, its access log in a file and its metering.

single    one forecast from a 168-feature ensemble of RF + GB + LightGBM, one caller, predicted anew every time
          (``Cache-Control: no-cache``): p50 and p99 in ms.
stored    forecasts of the ledger, 16 callers, beside a bare async FastAPI endpoint asked in turns with it.
mlflow    one LightGBM of 158 features asked for one row, 16 callers, through key, limits and meter, beside MLflow's
          scoring server with the very same trees; the body is the same too. Null without ``--peers``.
batch     100 windows in one call over one window in one call, the middle of both.
busy      stored and single forecasts of 4 callers while two trainings (nice 10, as the worker is) hold both cores.
soak      with ``--soak``: half of ``stored_rps`` for so many minutes; growth of memory after the first tenth.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from sqlalchemy import update

from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.synthetic import SyntheticMarket
from augury.features import feature_sets
from augury.records.accounts.people import hashed
from augury.records.accounts.tables import HOME, tenants
from augury.records.database import transaction
from augury.records.registry.served_windows import publish
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.forecasting import forecast
from augury.runs.jobs.train import label_cell, linted
from augury.runs.simulated.market import SteppedClock
from augury.runs.training import train
from augury.runs.workspace import Workspace
from augury.service.accounts.keys import HINT, new_key

HERE = Path(__file__).parent
ENSEMBLE, SINGLE = Cell("SYN001", "d1", "5d"), Cell("SYN002", "d1", "5d")
FEATURES = {ENSEMBLE: 168, SINGLE: 158}
MEMBERS: dict[Cell, dict[str, dict[str, Any]]] = {ENSEMBLE: {"rf": {}, "gb": {}, "lgbm": {}}, SINGLE: {"lgbm": {}}}
PARTS = ("single", "stored", "mlflow", "batch", "busy")
KEYS = (
    "single_p50_ms", "single_p99_ms", "stored_rps", "stored_p99_ms", "bare_ratio", "mlflow_ratio", "batch100_ratio",
    "busy_p99_ms",
)  # fmt: skip
BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/bare")
async def bare() -> dict[str, str]:
    return {"status": "ok"}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""
BUSY = """
import os
os.nice(10)
import numpy as np
from augury.models.tabular.lgbm import LightGBM
rng = np.random.default_rng(7)
X, y = rng.normal(size=(5000, 158)).astype(np.float32), rng.integers(-1, 2, 5000)
while True:
    LightGBM(patience=1000).fit(X, y)
"""
SAVE = """
import sys, lightgbm, mlflow.lightgbm
mlflow.lightgbm.save_model(lightgbm.Booster(model_file=sys.argv[1]), sys.argv[2])
"""


def main() -> None:
    """Fill a folder, serve it, measure the parts, print one line."""
    asked = _arguments()
    line: dict[str, Any] = {"bench": "serving", **dict.fromkeys(KEYS)}
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), asked)
        bench.fill()
        with bench.serving():
            for part in asked.parts.split(","):
                line |= getattr(bench, part)()
            if asked.soak:
                line |= bench.soak(line["stored_rps"] or bench.stored()["stored_rps"])
    print(json.dumps(line))


class Bench:
    """A folder, the server on it, and what is asked of it."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.asked = folder, asked
        self.key, self.port, self.server = new_key(), _free_port(), 0
        self.row: list[float] = []
        self.names: tuple[str, ...] = ()
        self.booster = Path()
        self.windows = True

    def fill(self) -> None:
        """Train the two versions, forecast forty days, make a key, publish a model of windows."""
        market = SyntheticMarket(n_symbols=2, n_bars=2_500, ic=0.1, start=datetime(2016, 1, 4, tzinfo=UTC)).bars()
        closes = known_at(market.frame["ts"].unique().sort(), market.timeframe, market.calendar).to_list()
        clock = SteppedClock(closes[-1] + timedelta(hours=1))
        settings = Settings.load({"data_dir": self.folder / "data", "workers": 1}, environ={}, start=self.folder)
        with Workspace.open(settings, clock=clock) as workspace:
            workspace.lake.write(market)
            for cell, members in MEMBERS.items():
                self._train(workspace, cell, members)
            for close in closes[-40:]:
                clock.at = close + timedelta(hours=1)
                forecast(workspace, [*MEMBERS], allow_stale=True)
            self._let_in(workspace)
            self._publish(workspace)
            manifest = workspace.store.versions.get("SYN002", "d1", "5d", _champion(workspace, SINGLE)).manifest
            self.names = manifest.features.names
            folder, _ = workspace.store.artifacts.open("SYN002", "d1", "5d", manifest.version)
            self.booster = next(folder.rglob("model.txt"))
            rng = np.random.default_rng(7)
            self.row = rng.normal(size=len(self.names)).round(6).tolist()

    def _train(self, workspace: Workspace, cell: Cell, members: dict[str, dict[str, Any]]) -> None:
        # A set of exactly so many features exists for this benchmark only; a version carries its own manifest.
        whole = Recipe(name="bench", members=members, feature_set="all", folds=2, horizons=("5d",))
        useful, _ = linted(label_cell(workspace.lake.read([cell.symbol], Timeframe.D1), cell, whole), whole)
        names = useful.manifest.names[: FEATURES[cell]]
        feature_sets._SETS["bench"] = lambda: names
        for outcome in train(workspace, [cell], whole.replace(feature_set="bench"), executor=Inline()):
            if outcome.error is not None:
                raise outcome.error
            assert outcome.manifest is not None
            assert len(outcome.manifest.features.names) == FEATURES[cell]

    def _let_in(self, workspace: Workspace) -> None:
        workspace.store.api_keys.add(
            hashed(self.key), self.key[:HINT], tenant_id=HOME, user_id=None, name="bench", scopes=["read", "predict"]
        )
        with transaction(workspace.store.engine) as connection:
            connection.execute(update(tenants).where(tenants.c.id == HOME).values(plan="partner"))

    def _publish(self, workspace: Workspace) -> None:
        try:
            from augury.models.deep.windows.simple_lstm import SimpleLSTM
        except ImportError:
            self.windows = False
            _say("batch100_ratio is null: PyTorch is not installed")
            return
        X = _windows(120)
        model = SimpleLSTM(max_epochs=1, random_state=7, calibration=None)
        times = np.arange(120).astype("datetime64[D]")
        model.fit(X, ["up", "down"] * 60, times=times)
        model.save(workspace.settings.data_dir / "networks" / "bench")
        publish(workspace.settings.data_dir, "bench", workspace.clock)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Run the server."""
        command = ["-m", "augury", "--data-dir", str(self.folder / "data"), "serve", "--port", str(self.port)]
        # The caps above are for the filling: the server takes the threads it takes anywhere.
        own = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
        log = self.folder / "serve.log"
        with _process([sys.executable, *command], log, self.port, "/healthz", environ=own) as pid:
            self.server = pid
            yield

    def single(self) -> dict[str, Any]:
        """One forecast, predicted anew."""
        self._load([self._forecast_now()], 1, 2.0)
        found = self._load([self._forecast_now()], 1, self.asked.seconds)
        return {"single_p50_ms": found["p50_ms"], "single_p99_ms": found["p99_ms"]}

    def stored(self) -> dict[str, Any]:
        """Forecasts of the ledger, in turns with a bare endpoint."""
        port = _free_port()
        bare, own = [], []
        with _process([sys.executable, "-c", BARE, str(port)], self.folder / "bare.log", port, "/bare"):
            for _ in range(3):
                bare.append(_load([{"method": "GET", "path": "/bare"}], port, 16, self.asked.seconds))
                own.append(self._load(self._stored(), 16, self.asked.seconds))
        rps = statistics.median(one["rps"] for one in own)
        ratio = rps / statistics.median(one["rps"] for one in bare)
        p99 = statistics.median(one["p99_ms"] for one in own)
        return {"stored_rps": rps, "stored_p99_ms": p99, "bare_ratio": round(ratio, 3)}

    def mlflow(self) -> dict[str, Any]:
        """Rows of features, in turns with MLflow's scoring server."""
        python = self.asked.peers
        if python is None or not Path(python).exists():
            _say("mlflow_ratio is null: --peers names no Python with mlflow and lightgbm (make .peers/mlflow)")
            return {}
        model, port = self.folder / "mlflow", _free_port()
        subprocess.run([python, "-c", SAVE, str(self.booster), str(model)], check=True, capture_output=True)
        command = [str(Path(python).with_name("mlflow")), "models", "serve", "-m", str(model), "-p", str(port)]
        environ = os.environ | {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
        own, peer = [], []
        log = self.folder / "mlflow.log"
        with _process([*command, "--env-manager", "local"], log, port, "/ping", environ=environ):
            body = json.dumps({"dataframe_split": {"columns": self.names, "data": [self.row]}})
            there = {"method": "POST", "path": "/invocations", "body": body}
            for _ in range(2):
                peer.append(_load([there], port, 16, self.asked.seconds))
                own.append(self._load([self._score(1)], 16, self.asked.seconds))
        _say(f"mlflow {peer}; augury {own}")
        rps = statistics.median(one["rps"] for one in own)
        return {"mlflow_ratio": round(rps / statistics.median(one["rps"] for one in peer), 3)}

    def batch(self) -> dict[str, Any]:
        """100 windows over one."""
        if not self.windows:
            return {}
        times = []
        for n in (1, 100):
            body = json.dumps({"data": _windows(n).round(4).tolist()})
            asked = self._asked("POST", "/v1/predict", body)
            self._load([asked], 1, 1.0)
            times.append(self._load([asked], 1, self.asked.seconds)["p50_ms"])
        _say(f"one window {times[0]} ms, 100 windows {times[1]} ms")
        return {"batch100_ratio": round(times[1] / times[0], 2)}

    def busy(self) -> dict[str, Any]:
        """Everything at once while both cores train."""
        trainings = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 2)]
        try:
            time.sleep(3)
            found = self._load([*self._stored(), self._forecast_now()], 4, self.asked.seconds * 2)
        finally:
            for one in trainings:
                one.kill()
                one.wait()
        if found["errors_5xx"]:
            raise SystemExit(f"{found['errors_5xx']} answers of 5xx while a training ran")
        return {"busy_p99_ms": found["p99_ms"]}

    def soak(self, rps: float) -> dict[str, Any]:
        """Half load for some minutes."""
        seconds = self.asked.soak * 60
        self._load(self._stored(), 4, seconds / 10, rate=rps / 2)
        before = _memory_kib(self.server)
        found = self._load(self._stored(), 4, seconds * 0.9, rate=rps / 2)
        after = _memory_kib(self.server)
        _say(f"soak: {found}, {before} -> {after} KiB")
        return {"soak_growth": round(after / before - 1, 4)}

    def _stored(self) -> list[dict[str, Any]]:
        paths = [
            f"/v1/forecasts?symbol={cell.symbol}&horizon=5d&limit={limit}"
            for cell in MEMBERS
            for limit in (1, 5, 10, 20)
        ]
        return [self._asked("GET", path) for path in [*paths, "/v1/forecasts?view=latest", "/v1/forecasts/1"]]

    def _forecast_now(self) -> dict[str, Any]:
        body = {"symbol": "SYN001", "horizons": ["5d"], "days_on_chart": 30, "dry_run": True, "allow_stale": True}
        asked = self._asked("POST", "/v1/forecasts", json.dumps(body))
        asked["headers"]["cache-control"] = "no-cache"
        return asked

    def _score(self, rows: int) -> dict[str, Any]:
        body = {"dataframe_split": {"columns": self.names, "data": [self.row] * rows}}
        return self._asked("POST", "/v1/models/SYN002/d1/5d/score", json.dumps(body))

    def _asked(self, method: str, path: str, body: str = "") -> dict[str, Any]:
        return {"method": method, "path": path, "body": body, "headers": {"authorization": f"Bearer {self.key}"}}

    def _load(self, asked: Sequence[dict[str, Any]], n: int, seconds: float, *, rate: float = 0.0) -> dict[str, Any]:
        found = _load(asked, self.port, n, seconds, rate)
        if found["not_2xx"]:
            raise SystemExit(f"{found['not_2xx']} of {found['n']} answers were not 2xx: {asked[0]['path']}")
        return found


def _load(asked: Sequence[dict[str, Any]], port: int, n: int, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "load.py"), "--port", str(port), "--connections", str(n)]
    command += ["--seconds", str(seconds), "--rate", str(rate)]
    done = subprocess.run(command, input=json.dumps(list(asked)), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def _process(
    command: Sequence[str], log: Path, port: int, ready: str, *, environ: dict[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the end of the block; wait until it answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{command[0]} does not answer:\n{log.read_text()[-2000:]}") from None
                time.sleep(0.2)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _windows(n: int) -> Any:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(rng.normal(0, 0.01, (n, 105)).cumsum(axis=1))
    opens = np.concatenate([np.full((n, 1), 100.0), close[:, :-1]], axis=1)
    bars = np.stack([opens, np.maximum(opens, close) * 1.002, np.minimum(opens, close) * 0.998, close], axis=2)
    return bars.round(4)  # prices as vendors write them


def _champion(workspace: Workspace, cell: Cell) -> str:
    found = workspace.store.versions.champion(cell.symbol, cell.timeframe, cell.horizon)
    if found is None:
        raise SystemExit(f"{cell} has no champion")
    return found


def _memory_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = HERE.parent / ".peers/mlflow/bin/python"
    parser.add_argument("--peers", default=default if default.exists() else None, help="Python with mlflow, lightgbm.")
    parser.add_argument("--seconds", type=float, default=6.0, help="Of each load.")
    parser.add_argument("--soak", type=float, default=0.0, help="Minutes.")
    parser.add_argument("--parts", default=",".join(PARTS))
    return parser.parse_args()


if __name__ == "__main__":
    main()

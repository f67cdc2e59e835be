"""Library, command line and API give equal numbers: the same question asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient

from augury.cli.app import run
from augury.core import clock
from augury.core.clock import FixedClock
from augury.records.loop.alerts import Move
from augury.runs import workspace as workspaces
from augury.runs.workspace import Workspace
from augury.service.app import api
from augury.service.backend import Backend

Headers = dict[str, dict[str, str]]
Said = Callable[..., Any]


@pytest.fixture
def client(backend: Backend) -> Iterator[TestClient]:
    """The API alone, without pages."""
    with TestClient(api(backend), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def cli(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command line on the same folder at the same moment; return the JSON it prints."""
    now = workspace.clock.now()
    for module in (workspaces, clock):
        monkeypatch.setattr(module, "SystemClock", lambda: FixedClock(now))
    # The site runs in this process, too: the log stays its own.
    monkeypatch.setattr(structlog, "configure", lambda **said: None)

    def said(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        ended = run([*words, "--json", "--data-dir", str(workspace.settings.data_dir)], environ={})
        told = capsys.readouterr()
        assert ended == code, told.err
        return json.loads(told.out)

    return said


@pytest.fixture
def http(client: TestClient, keys: Headers) -> Said:
    def said(address: str, **query: Any) -> Any:
        answer = client.get(address, params=query, headers=keys["read"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    return said


def equal(here: Any, there: Any, place: str = "") -> None:
    """Every fact of the command line stands in the answer: texts equal, numbers to 1e-12."""
    if isinstance(here, dict):
        assert set(here) <= set(there), (place, set(here) - set(there))
        for name, value in here.items():
            equal(value, there[name], f"{place}.{name}")
    elif isinstance(here, list):
        assert len(here) == len(there), place
        for at, (one, other) in enumerate(zip(here, there, strict=True)):
            equal(one, other, f"{place}[{at}]")
    elif isinstance(here, float) and isinstance(there, float):
        assert there == pytest.approx(here, rel=0, abs=1e-12), place
    else:
        assert here == there, place


def test_forecasts(cli: Said, http: Said) -> None:
    quantiles = ("q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975")
    rows = cli("forecasts", "list", "--symbol", "SYN001", "--limit", "30")
    found = http("/v1/forecasts", symbol="SYN001", limit=30)["forecasts"]
    assert len(rows) == len(found) == 24
    shared = set(rows[0]) & set(found[0])
    assert shared >= {"id", "p_bullish", "expected_return", "confidence", "current_price", "made_at", "version"}
    for row, other in zip(rows, found, strict=True):
        equal({name: row[name] for name in shared}, other)
        equal({name: row[name] for name in quantiles if name in row}, other["quantiles"])


def test_models(cli: Said, http: Said) -> None:
    rows = cli("models", "list")
    found = {row["version"]: row for row in http("/v1/models", limit=500)["versions"]}
    assert len(rows) == len(found)
    for row in rows:
        equal(row, found[row["version"]])
    manifest = cli("models", "info", "SYN001", "d1", "5d")
    said = http(f"/v1/versions/{manifest['version']}")
    deflated = manifest.pop("deflated")
    equal(manifest, said["manifest"])
    scores = {score["name"]: score for score in said["scores"]}
    equal([score for score in manifest["scores"] if score["slice"] == "report"], said["scores"])
    for name, one in deflated.items():
        beside = scores[name]["deflated"]
        assert (one is None) == (beside is None)
        if one is not None:
            equal({key: one[key] for key in ("luck", "dsr", "pbo", "trials")}, beside)
    equal(manifest["verdict"]["gates"], said["gates"])


def test_comparisons(cli: Said, http: Said) -> None:
    a, b = [row["version"] for row in http("/v1/models/SYN001/d1/1d")["versions"]]
    here = cli("models", "compare", "SYN001", "d1", "1d", a, b)
    there = http("/v1/models/SYN001/d1/1d/compare", a=a, b=b)
    assert (here["a"], here["b"], here["verdict"]) == (there["a"]["version"], there["b"]["version"], there["verdict"])
    for row in there["scores"]:
        equal(here["scores"][row["name"]], [row["a"], row["b"]])
    equal(here["settings"], {row["name"]: [row["a"], row["b"]] for row in there["settings"]})
    equal(here["weights"], {row["member"]: [row["a"], row["b"]] for row in there["weights"]})
    equal(here["paired"], there["paired"])


def test_drift(cli: Said, http: Said) -> None:
    here = cli("drift", "status", "--days", "30")
    assert here
    equal(here, http("/v1/drift", days=30)["cells"])


def test_consensus(cli: Said, http: Said) -> None:
    here = cli("consensus", "SYN001")
    there = http("/v1/consensus", symbol="SYN001")["consensus"]
    assert here
    equal([{name: value for name, value in row.items() if name != "timeframe"} for row in here], there)


def test_the_time_machine(cli: Said, http: Said) -> None:
    row = http("/v1/forecasts", symbol="SYN001", limit=30)["forecasts"][-1]
    day = row["data_until"][:10]
    here = cli("asof", "SYN001", day)
    there = http("/v1/asof", symbol="SYN001", day=day, rebuild=True)["rows"]
    for said, other in zip(here, there, strict=True):
        equal({name: said[name] for name in ("content_hash", "rebuilt_hash", "reason")}, other)
        equal({name: said[name] for name in ("id", "p_bullish", "expected_return", "row_hash")}, other["forecast"])
        came, beside = said["outcome"], other["forecast"]["outcome"]
        assert (came is None) == (beside is None)
        if came is not None:
            equal({name: came[name] for name in beside}, beside)


def test_explanations(cli: Said, http: Said) -> None:
    number = http("/v1/forecasts", symbol="SYN001", horizon="5d")["forecasts"][0]["id"]
    equal(cli("explain", str(number)), http(f"/v1/explanations/{number}"))


def test_alerts(cli: Said, http: Said, workspace: Workspace) -> None:
    fired = Move("alerting", "warning", 0.3, "drift score 0.3", {"rows": [1, 2]}, "fire", ("file",))
    workspace.store.alerts.move([("drift", "SYN001 d1", lambda standing: fired)])
    equal(cli("alerts", "list", "--all"), http("/v1/alerts", **{"all": True})["alerts"])
    rules = cli("alerts", "rules")
    for row, other in zip(rules, http("/v1/alerts/rules")["rules"], strict=True):
        equal(row | {"channels": [name for name in row["channels"] if name != "all"]}, other)


def test_trials_and_holdout(cli: Said, http: Said) -> None:
    here, there = cli("trials", "list"), http("/v1/proof/trials", limit=20)["trials"]
    assert here
    for row, other in zip(here, there, strict=True):
        same = ("dataset", "kind", "metric", "value", "dsr", "pbo", "trials", "scored_at")
        equal({name: row[name] for name in same}, other)
        assert (row["score"], row["config"]) == (other["text"], other["config_hash"][:12])
    cli_seal = cli("holdout", "seal", "d1/SYN002", "--from", "2026-11-01")
    status = cli("holdout", "status")
    (sealed,) = http("/v1/proof/holdout")["holdout"]
    assert (status[0]["state"], status[0]["openings"]) == (sealed["state"], sealed["openings"])
    assert cli_seal["sealed_from"] == status[0]["sealed_from"] == sealed["sealed_from"]


def test_calibration(cli: Said, http: Said) -> None:
    here = cli("evaluate", "--bands", "--by", "symbol", "--by", "horizon", "--replays")
    there = http("/v1/proof/calibration", by=["symbol", "horizon"], replays=True)["rows"]
    assert here
    for row, other in zip(here, there, strict=True):
        equal({name: row[name] for name in ("group", "n", "n_eff", "insufficient", "crps", "pit", "pinball")}, other)
        equal(
            row["coverage"],
            {f"{one['level']:.2f}": [one["share"], one["low"], one["high"]] for one in other["coverage"]},
        )
        equal(row["winkler"], {f"{one['level']:.2f}": one["winkler"] for one in other["coverage"]})


def test_gates(cli: Said, http: Said) -> None:
    here = cli("validate", "--symbol", "SYN001", "--timeframe", "d1")
    gates = {
        (f"{row['symbol']} {row['timeframe']} {row['horizon']}", gate["code"]): gate | {"verdict": row["verdict"]}
        for row in http("/v1/proof/gates", symbol="SYN001")["verdicts"]
        for gate in row["gates"]
    }
    assert len(here) == len(gates)
    for row in here:
        other = gates[row["cell"], row["gate"]]
        equal({name: row[name] for name in ("verdict", "passed", "value", "limit", "message")}, other)


def test_data(cli: Said, http: Said) -> None:
    there = http("/v1/data")["series"]
    code = 5 if any(row["alarming"] for row in there) else 0
    equal(cli("data", "health", code=code), there)
    for row, other in zip(cli("data", "list"), there, strict=True):
        equal(row | {"data_version": other["data_version"]}, other)
        assert other["data_version"].startswith(row["data_version"])


def test_ab_tests(cli: Said, http: Said) -> None:
    a, b = [row["version"] for row in http("/v1/models/SYN001/d1/1d")["versions"]]
    words = ("spring", "--symbols", "SYN001", "--timeframe", "d1", "--horizon", "1d", "--a", a, "--b", b)
    cli("ab", "start", *words)
    here, there = cli("ab", "status", "spring"), http("/v1/ab/spring")
    equal(
        {name: here[name] for name in ("n", "required_n", "shares_ok", "bounds", "days", "verdict", "metrics")}, there
    )
    equal(here["arms"], there["test"]["arms"])

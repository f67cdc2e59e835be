"""Promote, roll back, compare, pin, test and report from the command line; RUN-11."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from augury.runs.registry import legacy


@pytest.fixture
def trained(call, market, recipe, tmp_path):
    """A cell trained twice; returns the call and the two versions, the newer one first."""
    assert call("train", "--symbol", "SYN001", "--timeframe", "d1", "--recipe", recipe).code in (0, 5)
    other = tmp_path / "other.yaml"
    other.write_text("members: {gb: {n_estimators: 8, max_depth: 2}}\nfolds: 2\nhorizons: [5d]\n")
    assert call("train", "--symbol", "SYN001", "--timeframe", "d1", "--recipe", str(other)).code in (0, 5)
    versions = [row["version"] for row in json.loads(call("models", "list", "--json").out)]
    return call, *versions


def champion(call) -> str:
    return next(row["version"] for row in json.loads(call("models", "list", "--json").out) if row["champion"])


CELL = ("SYN001", "d1", "5d")


def test_three_commands_handle_an_incident(trained, tmp_path):
    call, new, old = trained
    assert champion(call) == new
    told = json.loads(call("models", "rollback", *CELL, "--reason", "odd", "--dry-run", "--json").out)
    assert (told[0]["version"], champion(call)) == (old, new)
    assert call("models", "rollback", *CELL, "--reason", "odd").code == 0
    assert champion(call) == old
    assert call("models", "rollback", *CELL).code == 4
    assert call("models", "pin", *CELL).code == 0
    refused = call("models", "promote", *CELL, "--version", new)
    assert (refused.code, "augury models unpin SYN001 d1 5d" in refused.err) == (5, True)
    report = json.loads(call("incident", "report", "--json").out)
    assert [entry["kind"] for entry in report["journal"]] == ["promotion", "promotion", "rollback", "pin"]
    assert call("incident", "report", "--out", str(tmp_path / "i.html")).code == 0
    assert Path(tmp_path / "i.html").read_text().startswith("<!doctype html>")
    assert call("incident", "report", "--out", str(tmp_path / "i.pdf")).code == 2
    assert call("models", "unpin", *CELL).code == 0
    assert call("models", "promote", *CELL, "--version", new, "--expected", new).code == 75
    assert call("models", "promote", *CELL, "--version", new, "--expected", old).code == 0
    assert champion(call) == new


def test_a_challenger_is_tried_compared_and_tested(trained):
    call, new, old = trained
    assert call("models", "challenge").err.startswith("no challengers")
    assert call("models", "compare", *CELL).code == 4
    assert call("models", "challenge", *CELL, "--version", old).code == 0
    (judged,) = json.loads(call("models", "challenge", "--json").out)
    assert (judged["state"], judged["n"]) == ("insufficient", 0)
    compared = json.loads(call("models", "compare", *CELL, "--json").out)
    assert (compared["a"], compared["b"]) == (new, old)
    assert call("models", "compare", *CELL).code == 0
    dry = call("ab", "start", "spring", "--symbols", "SYN001", "--dry-run", "--json")
    assert json.loads(dry.out) == {"required_n": 7729}
    begun = call("ab", "start", "spring", "--symbols", "SYN001")
    assert (begun.code, "7,729 matured forecasts" in begun.err) == (0, True)
    assert json.loads(call("ab", "status", "spring", "--json").out)["verdict"] == "insufficient"
    assert json.loads(call("ab", "status", "--json").out)[0]["state"] == "running"
    assert call("ab", "conclude", "spring", "--promote").code == 5
    assert call("ab", "conclude", "spring").code == 0
    assert call("ab", "status", "winter").code == 4


def test_members_are_admitted_by_what_is_live(trained):
    call, *_ = trained
    rows = {row["member"]: row for row in json.loads(call("members", "policy", "SYN001", "d1", "--json").out)}
    assert {name: row["admitted"] for name, row in rows.items()} == {
        "rf": True, "gb": True, "arima_garch": False, "trend_season": False, "lstm": False,
    }  # fmt: skip
    assert call("members", "policy", "SYN001", "--log").code == 0
    journal = json.loads(call("incident", "report", "--json").out)["journal"]
    assert [entry["data"]["member"] for entry in journal if entry["kind"] == "policy"] == [
        "arima_garch", "trend_season", "lstm",
    ]  # fmt: skip


def test_a_file_that_is_no_model_is_refused(call, tmp_path, monkeypatch):
    for name in legacy._SERVING:
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "old.pkl").write_bytes(b"not a pickle")
    assert call("models", "import-legacy", str(tmp_path / "old.pkl")).code == 4
    assert call("models", "import-legacy", str(tmp_path / "none.pkl")).code == 4


def test_paused_forecasts_are_refused_while_reads_go_on(trained):
    call, *_ = trained
    assert call("jobs", "pause", "forecast").code == 0
    refused = call("forecast", "--symbol", "SYN001", "--timeframe", "d1", "--horizon", "5d")
    assert (refused.code, "augury jobs resume forecast" in refused.err) == (75, True)
    assert call("models", "list").code == 0
    assert call("jobs", "resume", "forecast").code == 0
    assert call("forecast", "--symbol", "SYN001", "--timeframe", "d1", "--horizon", "5d").code == 0

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)


def test_a_rule_is_set_checked_and_acknowledged(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("alerts", "set", "storage_low", "storage_free < 100%", "--severity", "critical").code == 0
    dry = call("alerts", "check", "--dry-run", "--json")
    assert (dry.code, json.loads(dry.out)[0]["rule"]) == (5, "storage_low")
    assert json.loads(call("alerts", "list", "--json").out) == []
    assert call("alerts", "check").code == 5
    assert call("alerts", "check").code == 0
    (row,) = json.loads(call("alerts", "list", "--json").out)
    assert (row["state"], row["subject"]) == ("alerting", "data folder")
    assert call("alerts", "ack", str(row["id"]), "--by", "ann").code == 0
    assert json.loads(call("alerts", "list", "--json").out)[0]["acknowledged_by"] == "ann"


def test_a_condition_that_is_not_understood_is_exit_2_and_pointed_at(call: Any) -> None:
    said = call("alerts", "set", "slow", "latency_p95 > 200")
    assert (said.code, said.out) == (2, "")
    assert "at character 15" in said.err


def test_a_test_message_goes_to_the_file_and_a_dry_run_nowhere(call: Any, tmp_path: Any) -> None:
    path = tmp_path / "store" / "logs" / "alerts.jsonl"
    assert json.loads(call("alerts", "test", "--dry-run", "--json").out)[0]["state"] == "would send"
    assert not path.exists()
    assert call("alerts", "test").code == 0
    assert json.loads(path.read_text())["event"] == "alert.test"


def test_a_channel_that_cannot_be_reached_is_exit_75_without_its_address(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://127.0.0.1:9/services/T0/B0/XyZsecret")
    said = call("alerts", "test", "--channel", "slack", "--debug")
    assert (said.code, "XyZsecret" in said.out + said.err) == (75, False)


def test_unknown_alerts_rules_and_channels_are_named(call: Any) -> None:
    assert call("alerts", "ack", "7").code == 4
    assert call("alerts", "remove", "nothing", "--yes").code == 4
    assert call("alerts", "test", "--channel", "fil").code == 2
    assert "accuracy < 0.8" in call("alerts", "rules").out

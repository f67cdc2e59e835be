"""Which version answers: changed only by who may, only as it was seen, and written down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.score import GateResult, Verdict
from augury.runs.workspace import Workspace
from augury.service.app import api
from augury.service.backend import Backend

Headers = dict[str, dict[str, str]]
CELL = "/v1/models/SYN001/d1/1d"
WHERE = ("SYN001", "d1", "1d")
ACTS: dict[str, dict[str, Any]] = {
    "promote": {"version": "@challenger"},
    "challenge": {"version": "20261121T105800Z-1a2b3c"},
    "rollback": {},
    "pin": {},
    "unpin": {},
}


@pytest.fixture
def client(backend: Backend) -> Iterator[TestClient]:
    """The API alone, without pages."""
    with TestClient(api(backend), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def older(workspace: Workspace) -> str:
    """The version of the cell that does not answer."""
    return next(row.version for row in workspace.store.versions.list("SYN001", "d1")
                if row.horizon == "1d" and not row.champion)  # fmt: skip


def champion(workspace: Workspace) -> str:
    found = workspace.store.versions.champion(*WHERE)
    assert found is not None
    return found


def test_only_operators_move_an_alias(client: TestClient, keys: Headers, workspace: Workspace, older: str) -> None:
    before = champion(workspace)
    for act, body in ACTS.items():
        for who in ("read", "predict", "train", "other"):
            answer = client.post(f"{CELL}/{act}", json=body, headers=keys[who])
            assert answer.status_code == 403, (act, who, answer.text)
        assert client.post(f"{CELL}/{act}", json=body).status_code == 401
    assert champion(workspace) == before
    assert not workspace.store.audit_trail.list("home")


def test_a_promotion_answers_and_is_written_down(
    client: TestClient, keys: Headers, workspace: Workspace, older: str
) -> None:
    before = champion(workspace)
    seen = client.get(f"{CELL}/champion", headers=keys["read"])
    asked = {"version": older, "reason": "better last month"}
    done = client.post(f"{CELL}/promote", json=asked, headers=keys["all"] | {"if-match": seen.headers["etag"]})
    assert done.status_code == 200, done.text
    assert (done.json()["version"], done.json()["previous"], champion(workspace)) == (older, before, older)
    now = client.get(f"{CELL}/champion", headers=keys["read"])
    assert done.headers["etag"] == now.headers["etag"] == done.json()["champion_tag"] != seen.headers["etag"]
    line = workspace.store.audit_trail.list("home")[0]
    assert (line.actor, line.action, line.subject) == ("all key", "version.promote", "SYN001 d1 1d")
    assert line.data == {"version": older, "previous": before, "reason": "better last month"}
    assert line.request_id == done.headers["x-request-id"]
    history = client.get(CELL, headers=keys["read"]).json()["history"]
    assert (history[0]["version"], history[0]["previous"], history[0]["by"]) == (older, before, "all key")


def test_what_moved_since_it_was_seen_is_left_alone(
    client: TestClient, keys: Headers, workspace: Workspace, older: str
) -> None:
    before = champion(workspace)
    seen = client.get(f"{CELL}/champion", headers=keys["read"]).headers["etag"]
    workspace.store.versions.promote(*WHERE, older, by="somebody")
    workspace.store.versions.promote(*WHERE, before, by="somebody")  # there and back is a move, too
    for act, body in (ACTS | {"promote": {"version": older}, "challenge": {"version": older}}).items():
        answer = client.post(f"{CELL}/{act}", json=body, headers=keys["all"] | {"if-match": seen})
        assert (answer.status_code, answer.json()["code"]) == (412, "ChangedMeanwhile"), (act, answer.text)
    assert champion(workspace) == before
    assert not workspace.store.audit_trail.list("home")


def test_of_two_who_saw_the_same_one_wins(client: TestClient, keys: Headers, workspace: Workspace, older: str) -> None:
    seen = client.get(f"{CELL}/champion", headers=keys["read"]).headers["etag"]
    found: list[int] = []

    def promote() -> None:
        answer = client.post(f"{CELL}/promote", json={"version": older}, headers=keys["all"] | {"if-match": seen})
        found.append(answer.status_code)

    threads = [threading.Thread(target=promote) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert champion(workspace) == older
    assert sorted(found)[0] == 200
    assert set(found) <= {200, 412}
    assert len([move for move in workspace.store.versions.history(*WHERE) if move.by == "all key"]) == 1


def test_a_rollback_brings_the_version_before_back(
    client: TestClient, keys: Headers, workspace: Workspace, older: str
) -> None:
    before = champion(workspace)
    said = client.post(f"{CELL}/rollback", json={"reason": "collapsed"}, headers=keys["all"])
    assert said.status_code == 200, said.text
    assert champion(workspace) == older
    again = client.post(f"{CELL}/rollback", json={}, headers=keys["all"])
    assert again.status_code == 404
    back = client.post(f"{CELL}/rollback", json={"to": before}, headers=keys["all"])
    assert (back.status_code, champion(workspace)) == (200, before)
    assert [line.action for line in workspace.store.audit_trail.list("home")] == ["version.rollback"] * 2


def test_a_rejected_version_does_not_answer_and_the_gates_say_why(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    manifest = workspace.store.versions.get(*WHERE, champion(workspace)).manifest
    gate = GateResult("SUSPECT_LEAK", False, "refuse", "ic +0.670 beyond 0.15 (suspect leak)", 0.67, 0.15)
    bad = replace(manifest, version="20261116T210000Z-badbad", verdict=Verdict.of((gate,)))
    workspace.store.versions.register(bad, promote=False, by="test")
    for act in ("promote", "challenge", "pin"):
        answer = client.post(f"{CELL}/{act}", json={"version": bad.version}, headers=keys["all"])
        assert answer.status_code == 409, (act, answer.text)
        assert answer.json()["errors"] == [{"field": "SUSPECT_LEAK", "row": None, "message": gate.message}]
    assert client.post(f"{CELL}/rollback", json={"to": bad.version}, headers=keys["all"]).status_code == 409


def test_a_pin_holds_a_cell_until_it_is_taken_off(
    client: TestClient, keys: Headers, workspace: Workspace, older: str
) -> None:
    before = champion(workspace)
    assert client.post(f"{CELL}/pin", json={"reason": "audit"}, headers=keys["all"]).status_code == 200
    assert client.get(CELL, headers=keys["read"]).json()["pinned"] == before
    refused = client.post(f"{CELL}/promote", json={"version": older}, headers=keys["all"])
    assert (refused.status_code, champion(workspace)) == (409, before)
    assert client.post(f"{CELL}/unpin", json={}, headers=keys["all"]).status_code == 200
    assert client.post(f"{CELL}/unpin", json={}, headers=keys["all"]).status_code == 404
    assert client.post(f"{CELL}/promote", json={"version": older}, headers=keys["all"]).status_code == 200


def test_a_challenger_is_compared_with_the_champion(client: TestClient, keys: Headers, older: str) -> None:
    tried = client.post(f"{CELL}/challenge", json={"version": older}, headers=keys["all"])
    assert tried.status_code == 200, tried.text
    found = client.get(f"{CELL}/compare", headers=keys["read"])
    assert found.status_code == 200, found.text
    said = found.json()
    assert (said["a"]["champion"], said["b"]["version"]) == (True, older)
    assert {row["name"] for row in said["scores"]} >= {"accuracy", "coverage80"}
    assert all({"low", "high", "n", "baseline"} <= set(row["a"]) for row in said["scores"])
    assert said["verdict"]


@pytest.mark.parametrize(
    "body", [{}, {"version": 7}, {"version": ""}, {"version": "@nobody"}, {"version": "x", "force": True}, [], "x"]
)
def test_a_wish_that_is_not_understood_changes_nothing(
    client: TestClient, keys: Headers, workspace: Workspace, body: Any
) -> None:
    before = champion(workspace)
    answer = client.post(f"{CELL}/promote", json=body, headers=keys["all"])
    assert answer.status_code in (404, 422), answer.text
    missing = client.post(f"{CELL}/promote", json={"version": "../../etc/passwd"}, headers=keys["all"])
    assert (missing.status_code, champion(workspace)) == (404, before)


def test_an_ab_test_is_begun_looked_at_and_ended(
    client: TestClient, keys: Headers, workspace: Workspace, older: str
) -> None:
    plan = {"name": "spring", "symbols": ["SYN001"], "timeframe": "d1", "horizon": "1d", "b": older}
    assert client.post("/v1/ab", json=plan, headers=keys["other"]).status_code == 403
    begun = client.post("/v1/ab", json=plan, headers=keys["all"])
    assert (begun.status_code, begun.json()["state"]) == (201, "running")
    assert client.post("/v1/ab", json=plan, headers=keys["all"]).status_code == 422
    assert client.post("/v1/ab", json=plan | {"share": 1.5}, headers=keys["all"]).status_code == 422
    looked = client.get("/v1/ab/spring", headers=keys["read"]).json()
    assert (looked["verdict"], looked["required_n"]) == ("insufficient", begun.json()["required_n"])
    refused = client.post("/v1/ab/spring/conclude", json={"promote": True}, headers=keys["all"])
    assert refused.status_code == 409
    ended = client.post("/v1/ab/spring/conclude", json={}, headers=keys["all"]).json()
    assert ended["test"]["state"] == "concluded"
    assert [line.action for line in workspace.store.audit_trail.list("home")] == ["ab.conclude", "ab.start"]


def test_an_alert_is_looked_after_by_who_says_so(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    from augury.records.loop.alerts import Move

    fired = Move("alerting", "warning", 0.3, "drift score 0.3", message="fire", channels=("file",))
    workspace.store.alerts.move([("drift", f"SYN00{at} d1", lambda standing: fired) for at in (1, 2, 3)])
    first = client.get("/v1/alerts", params={"limit": 2}, headers=keys["read"]).json()
    rest = client.get("/v1/alerts", params={"limit": 2, "cursor": first["next"]}, headers=keys["read"]).json()
    shown = [row["subject"] for row in first["alerts"] + rest["alerts"] if row["rule"] == "drift"]
    assert shown == ["SYN003 d1", "SYN002 d1", "SYN001 d1"]
    number = first["alerts"][0]["id"]
    assert client.post(f"/v1/alerts/{number}/ack", headers=keys["read"]).status_code == 403
    assert client.post(f"/v1/alerts/{number}/ack", headers=keys["all"]).json()["acknowledged_by"] == "all key"
    assert client.post("/v1/alerts/99999/ack", headers=keys["all"]).status_code == 404
    assert workspace.store.audit_trail.list("home")[0].action == "alert.acknowledge"


def test_a_rule_is_read_and_not_written(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    rule = {"name": "slow", "condition": "latency_p95 > 150ms and error_rate > 1%"}
    said = client.post("/v1/alerts/rules/test", json=rule, headers=keys["all"]).json()
    assert said["reads"] == ["latency_p95", "error_rate"]
    bad = client.post("/v1/alerts/rules/test", json=rule | {"condition": "__import__('os')"}, headers=keys["all"])
    assert bad.status_code == 422
    assert not workspace.store.alerts.rules()

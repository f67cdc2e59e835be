"""Targets over HTTP and on the first page: the same rows, each with its n, and nothing of another tenant."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace

Headers = dict[str, dict[str, str]]


def test_the_page_and_the_api_say_the_same(
    client: TestClient, keys: Headers, signed_in: Callable[..., TestClient]
) -> None:
    said = client.get("/v1/targets", headers=keys["read"]).json()["targets"]
    names = ["forecasts_today", "forecasts_last_session", "hit_rate", "coverage80", "failed_jobs", "stale_champions"]
    assert [one["name"] for one in said] == [*names, "open_alerts"]
    page = signed_in("reader").get("/").text
    for one in said:
        assert one["text"] in page, one
    found = {one["name"]: one for one in said}
    assert found["forecasts_last_session"]["met"] is True
    assert found["hit_rate"]["value"] is None, "twelve sessions are not enough"
    assert found["coverage80"]["n"] > 0
    assert found["stale_champions"]["n"] == 4
    table = signed_in("reader").get("/?csv=targets").text
    assert table.splitlines()[0] == "name,wanted,text,n,state"


def test_jobs_of_another_tenant_are_not_counted(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    job = submit(workspace, "forecast", {"symbols": ["SYN001"]}, tenant_id="home")
    workspace.store.jobs.end(job.id, "failed", "by a test")
    counted = {
        who: {one["name"]: one for one in client.get("/v1/targets", headers=keys[who]).json()["targets"]}
        for who in ("read", "other")
    }
    assert counted["read"]["failed_jobs"]["met"] is False
    assert counted["other"]["failed_jobs"]["n"] == 0

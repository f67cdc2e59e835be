"""Jobs over the network: asked for, watched, stopped; each tenant sees its own."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace
from augury.service.backend import Backend

Keys = dict[str, dict[str, str]]
FORECAST = {"kind": "forecast", "settings": {"symbols": ["SYN001"]}}


def test_a_job_that_is_asked_for_is_accepted_with_its_address(client: TestClient, keys: Keys) -> None:
    answer = client.post("/v1/jobs", json=FORECAST, headers=keys["train"])
    said = answer.json()
    assert (answer.status_code, said["state"], said["installation"]) == (202, "queued", False)
    assert client.get(answer.headers["location"], headers=keys["read"]).json() == said
    log = client.get(f"/v1/jobs/{said['id']}/logs", headers=keys["read"]).json()["lines"]
    assert [line["text"] for line in log] == ["submitted by train key"]


def test_a_job_of_the_command_line_is_seen_at_once_by_those_who_run_the_installation(
    client: TestClient, keys: Keys, workspace: Workspace
) -> None:
    made = submit(workspace, "forecast", {"symbols": ["SYN001"]}, by="cli")
    assert client.get(f"/v1/jobs/{made.id}", headers=keys["read"]).json()["installation"] is True
    assert made.id in [one["id"] for one in client.get("/v1/jobs", headers=keys["read"]).json()["jobs"]]


def test_a_foreign_job_is_as_unknown_as_one_that_does_not_exist(
    client: TestClient, keys: Keys, workspace: Workspace
) -> None:
    made = submit(workspace, "forecast", {"symbols": ["SYN001"]}, tenant_id="home")
    own = submit(workspace, "forecast", {"symbols": ["SYN001"]})
    for verb, path in (("get", ""), ("get", "/logs"), ("get", "/events"), ("post", "/cancel"), ("post", "/retry")):
        bodies = []
        for job_id in (made.id, own.id, "20200101T000000Z-000000", made.id[:-1]):
            answer = getattr(client, verb)(f"/v1/jobs/{job_id}{path}", headers=keys["other"])
            assert answer.status_code == 404
            bodies.append({k: v for k, v in answer.json().items() if k not in ("instance", "request_id")})
        assert all(body == bodies[0] for body in bodies)
    assert client.get("/v1/jobs", headers=keys["other"]).json()["jobs"] == []


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("forecast", {"symbol": ["SPY"]}, "settings.symbol"),
        ("forecast", {"symbols": "SPY"}, "settings.symbols"),
        ("forecast", {"symbols": ["../etc"]}, "settings.symbols"),
        ("forecast", {"allow_stale": 1}, "settings.allow_stale"),
        ("train", {"recipe": "/etc/passwd.yaml"}, "settings.recipe"),
        ("train", {"timeframes": ["d9"]}, "settings.timeframes"),
        ("tune", {"study": "../x"}, "settings.study"),
        ("tune", {"data": {"file": "/etc/passwd"}}, "settings.data"),
        ("tune", {"folds": 1}, "settings.folds"),
        ("tune", {"trials": None}, "settings.trials"),
    ],
)
def test_a_wrong_setting_is_named(
    client: TestClient, keys: Keys, kind: str, settings: dict[str, object], field: str
) -> None:
    before = len(client.get("/v1/jobs", headers=keys["read"]).json()["jobs"])
    answer = client.post("/v1/jobs", json={"kind": kind, "settings": settings}, headers=keys["train"])
    assert answer.status_code == 422
    assert [entry["field"] for entry in answer.json()["errors"]] == [field]
    assert len(client.get("/v1/jobs", headers=keys["read"]).json()["jobs"]) == before


def test_kinds_that_change_the_installation_are_its_operators(client: TestClient, keys: Keys) -> None:
    body = {"kind": "backup"}
    assert client.post("/v1/jobs", json=body, headers=keys["train"]).status_code == 403
    assert client.post("/v1/jobs", json=body, headers=keys["other"]).status_code == 403
    assert client.post("/v1/jobs", json=body, headers=keys["all"]).status_code == 202
    assert client.post("/v1/jobs", json=body | {"settings": {"out": "/tmp"}}, headers=keys["all"]).status_code == 422
    assert client.post("/v1/jobs", json=FORECAST, headers=keys["read"]).status_code == 403
    release = {"kind": "release", "settings": {"version": "20261121T105800Z-1a2b3c", "cuts": 4}}
    assert client.post("/v1/jobs", json=release, headers=keys["train"]).status_code == 403
    assert client.post("/v1/jobs", json=release, headers=keys["all"]).status_code == 202
    for wrong in ({"version": "../x"}, {"cuts": 0}):
        assert client.post("/v1/jobs", json=release | {"settings": wrong}, headers=keys["all"]).status_code == 422
    needs = {one["kind"]: one["needs"] for one in client.get("/v1/jobs/kinds", headers=keys["read"]).json()["kinds"]}
    assert (needs["train"], needs["backup"]) == ("train", "operate")


def test_no_more_jobs_than_the_plan_allows_wait_at_once(client: TestClient, keys: Keys, backend: Backend) -> None:
    answers = [client.post("/v1/jobs", json=FORECAST, headers=keys["other"]) for _ in range(18)]
    assert [answer.status_code for answer in answers] == [202] * 16 + [429] * 2
    assert "allows 16 at once" in answers[-1].json()["detail"]
    assert int(answers[-1].headers["retry-after"]) > 0
    first = answers[0].json()["id"]
    assert client.post(f"/v1/jobs/{first}/cancel", headers=keys["other"]).json()["state"] == "cancelled"
    assert client.post("/v1/jobs", json=FORECAST, headers=keys["other"]).status_code == 202
    assert client.post(f"/v1/jobs/{first}/retry", headers=keys["other"]).status_code == 429


def test_cancelling_twice_is_as_good_as_once_and_an_ended_job_is_not_cancelled(
    client: TestClient, keys: Keys, workspace: Workspace
) -> None:
    made = client.post("/v1/jobs", json=FORECAST, headers=keys["train"]).json()["id"]
    for _ in range(2):
        answer = client.post(f"/v1/jobs/{made}/cancel", headers=keys["train"])
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    again = client.post(f"/v1/jobs/{made}/retry", headers=keys["train"])
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    workspace.store.jobs.end(made, "succeeded", "", result={})
    for act in ("cancel", "retry"):
        assert client.post(f"/v1/jobs/{made}/{act}", headers=keys["train"]).status_code == 409
    acts = [act.action for act in workspace.store.audit_trail.list("home")]
    assert acts[:3] == ["job retried", "job cancelled", "job submitted"]


def test_pages_of_jobs_hold_every_job_once(client: TestClient, keys: Keys) -> None:
    made = {client.post("/v1/jobs", json=FORECAST, headers=keys["other"]).json()["id"] for _ in range(5)}
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/jobs", params=query, headers=keys["other"]).json()
        seen += [one["id"] for one in page["jobs"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (len(seen), set(seen)) == (5, made)
    one = client.get("/v1/jobs", params={"state": "running"}, headers=keys["other"]).json()
    assert one["jobs"] == []
    assert client.get("/v1/jobs", params={"state": "sleeping"}, headers=keys["other"]).status_code == 422


def _events(text: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append(
            (fields["event"], json.loads(fields["data"]) | ({"_id": int(fields["id"])} if "id" in fields else {}))
        )
    return found


def test_the_stream_of_an_ended_job_tells_all_and_ends(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    jobs = workspace.store.jobs
    made = submit(workspace, "forecast", {"symbols": ["SYN001"]}, tenant_id="home")
    jobs.start(made.id)
    jobs.progressed(made.id, 0.5, "half\nis done")
    jobs.end(made.id, "succeeded", "", result={})
    answer = client.get(f"/v1/jobs/{made.id}/events", headers=keys["read"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = _events(answer.text)
    assert [(kind, said.get("text") or said.get("progress") or said.get("state")) for kind, said in told] == [
        ("log", "submitted by python"), ("log", "started"), ("log", "half\nis done"), ("log", "succeeded"),
        ("progress", 1.0), ("state", "succeeded"),
    ]  # fmt: skip
    ids = [said["_id"] for kind, said in told if kind == "log"]
    again = client.get(f"/v1/jobs/{made.id}/events", headers=keys["read"] | {"last-event-id": str(ids[1])})
    assert [said["text"] for kind, said in _events(again.text) if kind == "log"] == ["half\nis done", "succeeded"]
    done = client.get(f"/v1/jobs/{made.id}/events", headers=keys["read"] | {"last-event-id": str(ids[-1])})
    assert done.status_code == 204


def test_a_person_sees_jobs_on_a_page_and_starts_and_cancels_one_without_javascript(
    signed_in: Callable[..., TestClient], workspace: Workspace
) -> None:
    person = signed_in("trader")
    assert "Ask for a job" in person.get("/runs").text
    csrf = person.headers["x-csrf-token"]
    started = person.post("/runs", data={"kind": "forecast", "symbols": "SYN001", "csrf": csrf}, follow_redirects=False)
    assert started.status_code == 303
    shown = person.get(started.headers["location"])
    assert "queued" in shown.text
    assert "Cancel" in shown.text
    job_id = started.headers["location"].rpartition("/")[2]
    person.post(f"/runs/{job_id}/cancel", data={"csrf": csrf})
    assert workspace.store.jobs.get(job_id).state == "cancelled"

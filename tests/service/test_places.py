"""No answer says where on the disk the installation lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from augury.core.errors import DataError, NotFound
from augury.records.loop.jobs import Job
from augury.records.tracking import RESULTS
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.problems import without_places

Keys = dict[str, dict[str, str]]


def test_before_the_first_experiment_the_list_is_empty(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    answer = client.get("/v1/experiments", headers=keys["all"])
    assert (answer.status_code, answer.json()) == (200, {"experiments": []})
    none = client.get("/v1/experiments/compare?a=x&b=y", headers=keys["all"])
    assert none.status_code == 404
    assert str(workspace.settings.data_dir) not in none.text
    assert "nothing was tracked" in none.json()["detail"]


def test_a_damaged_file_is_named_without_its_folder(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    (workspace.settings.data_dir / RESULTS).write_text("no experiment\n")
    answer = client.get("/v1/experiments", headers=keys["all"])
    assert answer.status_code == 503
    assert f"the data folder/{RESULTS} line 1" in answer.json()["detail"]
    assert str(workspace.settings.data_dir) not in answer.text


def test_texts_lose_the_folder_and_nothing_else(backend: Backend) -> None:
    folder = backend.workspace.settings.data_dir
    assert without_places(backend, f"no file {folder}/lake/x and none at {folder.resolve()}") == (
        "no file the data folder/lake/x and none at the data folder"
    )
    assert without_places(backend, "no bars of SYN001") == "no bars of SYN001"


@pytest.mark.parametrize("kind", [NotFound, DataError])
def test_an_error_of_any_kind_says_nothing_of_it_in_any_field(
    client: TestClient, keys: Keys, backend: Backend, monkeypatch: pytest.MonkeyPatch, kind: type[NotFound]
) -> None:
    place = str(backend.workspace.settings.data_dir / "lake" / "SYN001.parquet")

    def refuse(*given: object, **named: object) -> None:
        raise kind(f"{place} is gone", fix=f"augury data import {place}")

    monkeypatch.setattr("augury.service.routes.bars.bars", refuse)
    said = client.get("/v1/bars?symbol=SYN001", headers=keys["read"])
    assert said.json()["detail"] == "the data folder/lake/SYN001.parquet is gone"
    assert str(backend.workspace.settings.data_dir) not in said.text
    page = client.get("/v1/bars?symbol=SYN001", headers=keys["read"] | {"accept": "text/html"})
    assert str(backend.workspace.settings.data_dir) not in page.text


def test_a_job_that_failed_says_why_without_the_folder(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    made: Job = submit(workspace, "forecast", {"symbols": ["SYN001"]}, by="test", tenant_id="home")
    folder: Path = workspace.settings.data_dir
    workspace.store.jobs.say(made.id, "copied", data={"out": [f"{folder}/backups/x"]})
    error = {"code": "CorruptArtifact", "message": f"{folder}/artifacts/x differs", "fix": f"ls {folder}"}
    workspace.store.jobs.end(made.id, "failed", f"{folder}/artifacts/x differs", error=error)
    for path in ("", "/logs", "/events"):
        said = client.get(f"/v1/jobs/{made.id}{path}", headers=keys["read"])
        assert str(folder) not in said.text, path
        assert "the data folder/artifacts/x differs" in said.text, path
    assert json.loads(client.get(f"/v1/jobs/{made.id}", headers=keys["read"]).text)["error"]["fix"] == (
        "ls the data folder"
    )

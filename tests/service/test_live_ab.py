"""While an A/B test runs a caller gets the version drawn for them, and nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.records.ledger.forecast_pages import ForecastPages
from augury.runs.cells import Cell
from augury.runs.forecasts.consensus import agree_and_write
from augury.runs.registry import ab
from augury.runs.registry.challenge import shadow
from augury.runs.workspace import Workspace
from augury.service.backend import Backend

Keys = dict[str, dict[str, str]]
CELL = Cell("SYN001", "d1", "1d")
BODY: dict[str, Any] = {"symbol": "SYN001", "timeframe": "d1", "days_on_chart": 5}


@pytest.fixture
def older(workspace: Workspace) -> str:
    """A version of the cell that does not answer."""
    rows = workspace.store.versions.list("SYN001", "d1")
    return next(row.version for row in rows if row.horizon == "1d" and not row.champion)


def posted(client: TestClient, key: dict[str, str], *, dry_run: bool = False) -> dict[str, Any]:
    answer = client.post("/v1/forecasts", json=BODY | {"dry_run": dry_run}, headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def drawing_b(workspace: Workspace, client: TestClient, keys: Keys, older: str) -> Iterator[str]:
    """A running test that draws B for the key that predicts; its name."""
    for number in range(64):
        name = f"spring-{number}"
        ab.start(workspace, name, [CELL], b=older, by="a test")
        told = posted(client, keys["predict"], dry_run=True)["metadata"]["tests"]
        assert told["1d"]["test"] == name
        assert told.keys() == {"1d"}
        if told["1d"]["arm"] == "B":
            yield name
            return
        ab.conclude(workspace, name, by="a test")
    pytest.fail("64 tests in a row drew A for one reader at even shares")


def test_the_arm_of_a_reader_stays_and_its_rows_are_nobody_elses_newest(
    client: TestClient, keys: Keys, workspace: Workspace, older: str, drawing_b: str
) -> None:
    pages = ForecastPages(workspace.store.engine)
    newest = {one.row.id for one in pages.page("SYN001", "d1", latest=True)}
    assert not any(workspace.store.ab.counts(drawing_b).values())  # a dry run is nobody's draw
    first, again = posted(client, keys["predict"]), posted(client, keys["predict"])
    for found in (first, again):
        assert found["metadata"]["tests"]["1d"] == {"test": drawing_b, "arm": "B", "version": older}
        said = {row["horizon"]: row for row in found["forecasts"]}
        assert said["1d"]["version"] == older
        assert {"ab", "shadow"} <= set(said["1d"]["flags"])
        assert not {"ab", "shadow"} & set(said["5d"]["flags"])
    assert workspace.store.ab.counts(drawing_b) == {"A": 0, "B": 1}
    mine = first["forecast_ids"][0]
    assert client.get(f"/v1/forecasts/{mine}", headers=keys["read"]).json()["version"] == older
    assert mine not in {one.row.id for one in pages.page("SYN001", "d1", limit=None)}
    shown = {one.row.id for one in pages.page("SYN001", "d1", latest=True)}
    assert {row for row in shown if pages.get(row).row.forecast.horizon == "1d"} <= newest
    (agreed, *_) = agree_and_write(workspace, ["SYN001"])
    assert workspace.store.ledger.verify().ok
    assert agreed.consensus.symbol == "SYN001"


def test_what_a_challenger_says_to_nobody_is_not_found(
    client: TestClient, keys: Keys, workspace: Workspace, older: str
) -> None:
    workspace.store.versions.challenge(*CELL_KEY, older, by="a test")
    ((silent,),) = [bundle.rows for bundle in shadow(workspace, [CELL])]
    assert "shadow" in silent.forecast.flags
    assert client.get(f"/v1/forecasts/{silent.id}", headers=keys["read"]).status_code == 404


def test_when_a_test_ends_everybody_gets_the_champion(
    client: TestClient, keys: Keys, workspace: Workspace, older: str, drawing_b: str
) -> None:
    assert posted(client, keys["predict"])["metadata"]["versions"]["1d"] == older
    ab.conclude(workspace, drawing_b, by="a test")
    after = posted(client, keys["predict"])
    assert after["metadata"]["tests"] == {}
    assert after["metadata"]["versions"]["1d"] == workspace.store.versions.champion(*CELL_KEY)


def test_an_arm_that_cannot_be_read_is_said_and_not_replaced(
    client: TestClient, keys: Keys, backend: Backend, older: str, drawing_b: str
) -> None:
    workspace = backend.workspace
    backend.parts.pop("desk")  # as after a restart: nothing is in memory
    folder = workspace.store.artifacts.place(*CELL_KEY, older)
    file = next(path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    found = posted(client, keys["predict"])
    assert [row["horizon"] for row in found["refused"]] == ["1d"]
    assert found["refused"][0]["code"] == "CorruptArtifact"
    assert [row["horizon"] for row in found["forecasts"]] == ["5d"]


CELL_KEY = (CELL.symbol, CELL.timeframe, CELL.horizon)

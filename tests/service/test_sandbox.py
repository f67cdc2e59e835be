"""A sandbox key reads and has answers computed; whatever it asks for, nothing is written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from augury.records.accounts.tables import HOME
from augury.records.database import reading
from augury.records.tables import metadata
from augury.runs.workspace import Workspace
from augury.service.accounts.issuing import issue
from augury.service.openapi import routes_of
from augury.service.routes import ROUTES
from augury.web.pages import PAGES

FORECAST = {"symbol": "SYN001", "timeframe": "d1"}
BACKTEST = {"symbols": ["SYN001"], "rule": "reversal_5d"}
PARTS = {"symbol": "SYN001", "timeframe": "d1", "horizon": "5d"}


@pytest.fixture
def sandbox(workspace: Workspace) -> dict[str, str]:
    """A sandbox key of somebody who may all by themselves."""
    ada = workspace.store.people.add_user("ada", "x", "admin")
    key, _ = issue(
        workspace.store, tenant_id=HOME, user_id=ada.id, name="try", scopes=["read", "predict"], sandbox=True
    )
    return {"authorization": f"Bearer {key}"}


def rows(workspace: Workspace) -> dict[str, int]:
    """How many rows each table holds; calls are counted whoever calls."""
    with reading(workspace.store.engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in ("usage", "idempotency")
        }


def test_a_forecast_is_computed_and_goes_into_no_ledger(
    client: TestClient, sandbox: dict[str, str], workspace: Workspace
) -> None:
    before = rows(workspace)
    refused = client.post("/v1/forecasts", json=FORECAST, headers=sandbox)
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")
    assert "record" in refused.json()["detail"]
    assert "--scope predict" in refused.json()["fix"]
    said = client.post("/v1/forecasts", json=FORECAST | {"dry_run": True}, headers=sandbox)
    assert said.status_code == 200, said.text
    assert said.json()["metadata"]["written"] is False
    assert client.post("/v1/backtests", json=BACKTEST, headers=sandbox).status_code == 403
    assert rows(workspace) == before


def test_no_verb_of_any_route_or_page_writes(client: TestClient, sandbox: dict[str, str], workspace: Workspace) -> None:
    document, before, tried = client.get("/openapi.json").json(), rows(workspace), 0
    for route in (*routes_of(ROUTES), *routes_of(PAGES)):
        place = re.sub(r"{(\w+)(?::\w+)?}", lambda part: PARTS.get(part[1], "1" * 32), route.path_format)
        for verb in sorted((route.methods or set()) - {"GET", "HEAD"}):
            answer = client.request(verb, place, headers=sandbox, **body_of(document, verb, route.path_format))
            assert answer.status_code < 500, (verb, place, answer.text)
            tried += 1
    assert tried > 40
    assert rows(workspace) == before


def test_what_a_person_keeps_is_changed_by_no_sandbox_key(client: TestClient, sandbox: dict[str, str]) -> None:
    refused = client.put("/v1/watchlist/SYN001", json={"note": "x"}, headers=sandbox)
    assert (refused.status_code, refused.json()["detail"]) == (403, "a sandbox key changes nothing")
    assert client.get("/v1/watchlist", headers=sandbox).json()["items"] == []


def body_of(document: dict[str, Any], verb: str, path: str) -> dict[str, Any]:
    operation = document["paths"].get(path, {}).get(verb.lower(), {})
    said = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = said.get("example") or next((one["value"] for one in said.get("examples", {}).values()), None)
    return {"json": example} if example is not None else {}

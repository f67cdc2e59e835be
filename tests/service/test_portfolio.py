"""The paper account over HTTP: it equals the ledger's valuation at the shown moment, and is one person's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.records.accounts.positions import Positions
from augury.runs.forecasts.paper import paper_book
from augury.runs.workspace import Workspace
from site_fixtures import NOW


@pytest.fixture
def earlier(workspace: Workspace) -> Positions:
    """Decisions made a week ago."""
    return Positions(workspace.store.engine, FixedClock(NOW - timedelta(days=7)))


def test_the_account_equals_the_ledgers_valuation(
    signed_in: Callable[..., TestClient], workspace: Workspace, earlier: Positions
) -> None:
    trader = signed_in("trader", name="ada")
    user = workspace.store.people.named("ada")
    assert user is not None
    earlier.open(user.id, "home", "SYN001", "d1", 40, 100.0)
    earlier.open(user.id, "home", "SYN002", "d1", -15, 100.0)
    for moment in ("2026-11-12T22:00:00Z", "2026-11-16T21:30:00Z"):
        shown = trader.get("/v1/portfolio", params={"at": moment}).json()
        book = paper_book(workspace, workspace.store.positions.list(user.id), at=datetime.fromisoformat(moment))
        assert (shown["equity"], shown["cash"]) == (book.equity, book.cash)
        assert [(one["symbol"], one["shares"]) for one in shown["holdings"]] == [("SYN001", 40), ("SYN002", -15)]
        held = sum(one["shares"] * one["close"] for one in shown["holdings"])
        assert shown["equity"] == pytest.approx(shown["cash"] + held, abs=1e-9)


def test_a_decision_waits_for_the_next_bar_and_is_on_the_page(signed_in: Callable[..., TestClient]) -> None:
    trader = signed_in("trader")
    answer = trader.post("/v1/portfolio/positions", json={"symbol": "SYN001", "quantity": 10})
    assert (answer.status_code, answer.json()["positions"][0]["state"]) == (201, "pending")
    shown = trader.get("/portfolio")
    assert shown.status_code == 200
    assert "pending" in shown.text
    ended = trader.post("/portfolio/end", data={"position": answer.json()["positions"][0]["id"]})
    assert ended.status_code == 200


def test_positions_are_one_persons(signed_in: Callable[..., TestClient]) -> None:
    ada, bob = signed_in("trader", name="ada"), signed_in("trader", name="bob")
    made = ada.post("/v1/portfolio/positions", json={"symbol": "SYN001", "quantity": 10}).json()["positions"][0]["id"]
    foreign, unknown = (bob.delete(f"/v1/portfolio/positions/{one}").json() for one in (made, "0" * 32))
    assert {**foreign, "request_id": "", "instance": "", "detail": ""} == {
        **unknown, "request_id": "", "instance": "", "detail": "",
    }  # fmt: skip
    assert bob.get("/v1/portfolio").json()["positions"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"symbol": "SYN001", "quantity": 0}, 422),
        ({"symbol": "NOPE", "quantity": 1}, 404),
        ({"symbol": "SYN001", "quantity": 1, "forecast_id": 999999}, 404),
        ({"symbol": "SYN001", "quantity": "1"}, 422),
        ({"symbol": "SYN001", "quantity": 1, "price": 1}, 422),
    ],
)
def test_a_wrong_wish_holds_nothing(signed_in: Callable[..., TestClient], body: dict[str, object], status: int) -> None:
    trader = signed_in("trader")
    assert trader.post("/v1/portfolio/positions", json=body).status_code == status
    assert trader.get("/v1/portfolio").json()["positions"] == []


def test_a_reader_may_look_and_not_decide(signed_in: Callable[..., TestClient]) -> None:
    reader = signed_in("reader")
    assert reader.get("/v1/portfolio").status_code == 200
    assert reader.post("/v1/portfolio/positions", json={"symbol": "SYN001", "quantity": 1}).status_code == 403

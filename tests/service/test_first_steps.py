"""The walk of a stranger: refused, let in, and shown what the ledger holds."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient


def test_a_stranger_reads_nothing_and_is_told_how_to_get_a_key(client: TestClient) -> None:
    answer = client.get("/v1/forecasts")
    said = answer.json()
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["fix"] == "augury keys create --name laptop"
    assert said["request_id"] == answer.headers["x-request-id"]


def test_a_reader_reads_the_ledger(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    rows = client.get("/v1/forecasts", params={"symbol": "SYN001"}, headers=keys["read"]).json()["forecasts"]
    assert rows
    assert {row["symbol"] for row in rows} == {"SYN001"}
    assert all(abs(row["p_bearish"] + row["p_neutral"] + row["p_bullish"] - 1) < 1e-6 for row in rows)


def test_a_person_who_is_not_signed_in_is_led_to_the_door_and_back(client: TestClient) -> None:
    answer = client.get("/?csv=forecasts", headers={"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/%3Fcsv%3Dforecasts")


def test_the_overview_shows_forecasts_without_javascript(signed_in: Callable[..., TestClient]) -> None:
    shown = signed_in("reader").get("/")
    assert shown.status_code == 200
    assert "SYN002" in shown.text

"""Backtests over the network: run, kept for their tenant, compared; the page shows the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Keys = dict[str, dict[str, str]]
BODY = {"symbols": ["SYN001", "SYN002"], "rule": "reversal_5d", "name": "one"}


@pytest.fixture
def made(client: TestClient, keys: Keys) -> dict[str, object]:
    answer = client.post("/v1/backtests", json=BODY, headers=keys["predict"])
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/backtests/{answer.json()['id']}"
    return dict(answer.json())


def test_a_backtest_is_kept_with_its_curve_and_shown_again(
    client: TestClient, keys: Keys, made: dict[str, object]
) -> None:
    again = client.get(f"/v1/backtests/{made['id']}", headers=keys["read"]).json()
    assert again == made
    assert again["curve"][0]["net"] == 1.0
    assert abs(again["curve"][-1]["net"] - 1 - again["total_return"]) < 1e-9
    assert (again["sharpe_low"] or 0) <= again["sharpe"] <= (again["sharpe_high"] or 0)
    listed = client.get("/v1/backtests", headers=keys["read"]).json()["backtests"]
    assert [one["id"] for one in listed] == [made["id"]]


def test_each_setting_changes_the_answer(client: TestClient, keys: Keys, made: dict[str, object]) -> None:
    for change in (
        {"every": 9}, {"side": "long"}, {"capital": 5000.0}, {"commission_bps": 50.0}, {"commission_min": 500.0},
        {"slippage_bps": 50.0}, {"borrow_rate": 0.5}, {"impact": 1.0}, {"margin": 1.0}, {"fill": "close"},
        {"fractional": True}, {"symbols": ["SYN001"]}, {"rule": "equal_weight"},
    ):  # fmt: skip
        other = client.post("/v1/backtests", json=BODY | change, headers=keys["predict"]).json()
        if change != {"margin": 1.0}:  # half of the equity stands behind it already: nothing is cut
            assert other["curve"] != made["curve"], change
        assert other["settings"] != made["settings"]


def test_a_foreign_backtest_is_unknown_also_side_by_side(
    client: TestClient, keys: Keys, made: dict[str, object]
) -> None:
    own = client.post("/v1/backtests", json=BODY, headers=keys["other"]).json()["id"]
    assert client.get(f"/v1/backtests/{made['id']}", headers=keys["other"]).status_code == 404
    query = {"id": [own, made["id"]]}
    assert client.get("/v1/backtests/compare", params=query, headers=keys["other"]).status_code == 404
    assert [one["id"] for one in client.get("/v1/backtests", headers=keys["other"]).json()["backtests"]] == [own]


def test_compared_backtests_say_where_they_differ(client: TestClient, keys: Keys, made: dict[str, object]) -> None:
    other = client.post("/v1/backtests", json=BODY | {"commission_bps": 50.0}, headers=keys["predict"]).json()
    query = {"id": [made["id"], other["id"]]}
    said = client.get("/v1/backtests/compare", params=query, headers=keys["read"]).json()
    assert (said["same_data"], said["differs"]) == (True, {"commission_bps": [10.0, 50.0]})


@pytest.mark.parametrize(
    "change", [{"rule": "no"}, {"symbols": []}, {"symbols": ["../x"]}, {"margin": 0}, {"fill": "mid"}, {"speed": 1}]
)
def test_a_wrong_setting_is_refused(client: TestClient, keys: Keys, change: dict[str, object]) -> None:
    assert client.post("/v1/backtests", json=BODY | change, headers=keys["predict"]).status_code == 422
    assert client.post("/v1/backtests", json=BODY | {"symbols": ["NONE"]}, headers=keys["predict"]).status_code == 404


def test_a_person_runs_and_compares_backtests_on_pages(signed_in: Callable[..., TestClient]) -> None:
    person = signed_in("trader")
    csrf = person.headers["x-csrf-token"]
    assert "No backtest yet" in person.get("/backtests").text
    ids = []
    for rule in ("reversal_5d", "equal_weight"):
        form = {"symbols": "SYN001, SYN002", "rule": rule, "csrf": csrf}
        answer = person.post("/backtests", data=form, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        shown = person.get(answer.headers["location"])
        assert "polyline" in shown.text
        ids.append(answer.headers["location"].rpartition("/")[2])
    assert "Where their settings differ" in person.get("/backtests", params={"id": ids}).text
    refused = person.post("/backtests", data={"symbols": "NONE", "rule": "reversal_5d", "csrf": csrf})
    assert refused.status_code == 404
    assert 'value="NONE"' in refused.text
    assert person.get(f"/backtests/{ids[0]}?csv=figures").text.startswith("figure,net,gross,buy_and_hold")

"""The ledger over HTTP: filters, pages, outcomes, views, and answers that are kept only while they are true."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.errors import NotFound
from augury.records.ledger.forecast_pages import ForecastPages
from augury.runs.workspace import Workspace
from augury.service.answers.views import consensus_weights, forecast_views
from augury.service.backend import Backend
from augury.service.routes import ROUTES
from augury.service.serving.freshness import freshness_of
from augury.service.serving.shelf import KEPT

Keys = dict[str, dict[str, str]]


def asked(client: TestClient, keys: Keys, path: str = "/v1/forecasts", **query: Any) -> Any:
    answer = client.get(path, params=query, headers=keys["read"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_filter_of_the_ledger_acts(client: TestClient, keys: Keys) -> None:
    whole = asked(client, keys, limit=1000)["forecasts"]
    versions = {row["version"] for row in whole}
    middle = sorted(row["made_at"] for row in whole)[len(whole) // 2]
    version = sorted(versions)[0]
    found = {
        "symbol": asked(client, keys, symbol="SYN002", limit=1000),
        "timeframe": asked(client, keys, timeframe="1d", limit=1000),
        "horizon": asked(client, keys, horizon="5d", limit=1000),
        "version": asked(client, keys, version=version, limit=1000),
        "since": asked(client, keys, since=middle, limit=1000),
        "until": asked(client, keys, until=middle, limit=1000),
        "view": asked(client, keys, view="latest", limit=1000),
    }
    rows = {name: page["forecasts"] for name, page in found.items()}
    assert {row["symbol"] for row in rows["symbol"]} == {"SYN002"}
    assert len(rows["timeframe"]) == len(whole)
    assert {row["horizon"] for row in rows["horizon"]} == {"5d"}
    assert {row["version"] for row in rows["version"]} == {version}
    assert len(rows["since"]) + len(rows["until"]) == len(whole)
    assert all(row["made_at"] < middle for row in rows["until"])
    cells = [(row["symbol"], row["timeframe"], row["horizon"]) for row in rows["view"]]
    assert len(cells) == len(set(cells)) == len({(row["symbol"], row["horizon"]) for row in whole})


def test_pages_hold_every_row_once_in_order(client: TestClient, keys: Keys) -> None:
    whole = [row["id"] for row in asked(client, keys, limit=1000)["forecasts"]]
    seen, cursor = [], None
    while True:
        page = asked(client, keys, limit=7, **({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in page["forecasts"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole == sorted(whole, reverse=True)


def test_a_cursor_of_another_question_is_refused(client: TestClient, keys: Keys) -> None:
    cursor = asked(client, keys, limit=1)["next"]
    answer = client.get("/v1/forecasts", params={"cursor": cursor, "symbol": "SYN001"}, headers=keys["read"])
    assert answer.status_code == 422


def test_an_outcome_is_null_until_the_forecast_was_scored(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    rows = asked(client, keys, limit=1000)["forecasts"]
    scored = {one.forecast_id: one for one in workspace.store.evaluations.list()}
    assert scored
    assert {row["id"] for row in rows if row["outcome"]} == set(scored)
    for row in rows:
        if row["outcome"]:
            assert row["outcome"]["realised_return"] == scored[row["id"]].realised_return
            assert row["outcome"]["outcome"] == scored[row["id"]].outcome


def test_one_forecast_is_its_row_and_an_unknown_one_is_not_found(client: TestClient, keys: Keys) -> None:
    row = asked(client, keys, limit=1)["forecasts"][0]
    assert asked(client, keys, f"/v1/forecasts/{row['id']}") == row
    assert client.get("/v1/forecasts/999999", headers=keys["read"]).status_code == 404
    assert client.get("/v1/forecasts/one", headers=keys["read"]).status_code == 422


def test_the_views_hold_the_newest_forecasts_of_a_symbol(client: TestClient, keys: Keys) -> None:
    newest = {row["id"] for row in asked(client, keys, symbol="SYN001", view="latest")["forecasts"]}
    frames = asked(client, keys, "/v1/forecasts/views/timeframe", symbol="SYN001")["timeframes"]
    spans = asked(client, keys, "/v1/forecasts/views/horizon", symbol="SYN001")["horizons"]
    together = asked(client, keys, "/v1/forecasts/views/consensus", symbol="SYN001")["consensus"]
    assert {row["id"] for frame in frames for row in frame["forecasts"]} == newest
    assert {row["id"] for span in spans for row in span["forecasts"]} == newest
    (daily,) = frames
    assert (daily["timeframe"], daily["base_horizon"], daily["extended_horizons"]) == ("d1", "1d", ["5d"])
    assert [row["weight"] for row in daily["forecasts"]] == [0.5, 0.5]
    assert [one["horizon"] for one in together] == ["1d", "5d"]
    assert all(one["agreement"] is None or one["n_eff"] >= 1.2 for one in together)


def test_the_base_horizon_weighs_one_half_and_the_others_share_by_confidence(backend: Backend) -> None:
    said = [one.row.forecast for one in ForecastPages(backend.workspace.store.engine).page(limit=3)]
    weights = consensus_weights(said)
    assert weights[0] == 0.5
    assert weights[1] / weights[2] == pytest.approx(said[1].confidence / said[2].confidence)
    assert sum(weights) == pytest.approx(1)
    assert consensus_weights(said[:1]) == [1.0]


def test_a_view_of_nothing_names_the_command(backend: Backend) -> None:
    with pytest.raises(NotFound) as refused:
        forecast_views(backend, "NOBODY", "horizon")
    assert refused.value.fix == "augury forecast --symbol NOBODY"


def test_kept_bytes_are_those_of_the_route_and_know_their_tag(client: TestClient, keys: Keys) -> None:
    first = client.get("/v1/forecasts?limit=3", headers=keys["read"])
    kept = client.get("/v1/forecasts?limit=3", headers=keys["read"])
    assert kept.content == first.content
    assert kept.headers["etag"] == first.headers["etag"]
    assert kept.headers["x-request-id"] != first.headers["x-request-id"]
    same = client.get("/v1/forecasts?limit=3", headers=keys["read"] | {"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_kept_answer_is_handed_to_nobody_without_a_key_or_the_scope(client: TestClient, keys: Keys) -> None:
    for _ in range(2):
        assert client.get("/v1/forecasts?limit=2", headers=keys["read"]).status_code == 200
    assert client.get("/v1/forecasts?limit=2").status_code == 401
    assert client.get("/v1/forecasts?limit=2", headers=keys["predict"]).status_code == 403


def test_a_kept_answer_is_metered_under_its_route(client: TestClient, keys: Keys, backend: Backend) -> None:
    for _ in range(3):
        client.get("/v1/forecasts?limit=2", headers=keys["read"])
    assert b'augury_requests_total{method="GET",route="/v1/forecasts",status="200"} 3.0' in backend.metrics.text()


def test_what_is_written_meanwhile_is_in_the_next_answer(client: TestClient, keys: Keys, backend: Backend) -> None:
    store, before = backend.workspace.store, asked(client, keys, limit=1000)["forecasts"]
    said = next(one.row.forecast for one in ForecastPages(store.engine).page(limit=1))
    later = type(said)(**{name: getattr(said, name) for name in said.__dataclass_fields__} | {
        "made_at": said.made_at + timedelta(seconds=1)
    })  # fmt: skip
    store.ledger.append([later], backend.workspace.clock.now())
    freshness_of(backend).bump()  # what this process writes it knows at once; others are seen within 0.2 s
    after = asked(client, keys, limit=1000)["forecasts"]
    assert len(after) == len(before) + 1


def test_many_who_wait_look_at_the_store_once(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    pages = ForecastPages(backend.workspace.store.engine)
    monkeypatch.setattr(ForecastPages, "mark", lambda self: looks.append(1) or (1,))
    freshness = type(freshness_of(backend))(pages)

    async def many() -> list[tuple[int, ...]]:
        return list(await asyncio.gather(*(freshness.mark() for _ in range(50))))

    assert asyncio.run(many()) == [(1,)] * 50
    assert len(looks) == 1


def test_the_shelf_keeps_only_routes_that_need_no_more_than_reading() -> None:
    read = [route for _, router in ROUTES for route in router.routes if "GET" in route.methods]
    routes = {route.path: route for route in read}
    for path in KEPT:
        scopes = {part.call.scope for part in routes[path].dependant.dependencies if hasattr(part.call, "scope")}
        assert scopes == {"read"}, path

"""Moments and days: written out, moments with a zone; a number is none of them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter, ValidationError

from augury.service.moments import Moment

Keys = dict[str, dict[str, str]]
MOMENTS = [
    "/v1/forecasts?since={}", "/v1/forecasts?until={}", "/v1/bars?symbol=SYN001&from={}",
    "/v1/bars?symbol=SYN001&to={}", "/v1/portfolio?at={}",
]  # fmt: skip
DAYS = [
    "/v1/usage?since={}", "/v1/usage?until={}", "/v1/usage/daily?since={}", "/v1/usage.csv?until={}",
    "/v1/asof?symbol=SYN001&day={}",
]  # fmt: skip


def test_what_is_no_moment_is_refused_with_its_field(client: TestClient, keys: Keys) -> None:
    for place in MOMENTS:
        for said in ("0", "1763672400", "2026-11-16", "2026-11-16T21:00:00", "yesterday", ""):
            answer = client.get(place.format(said), headers=keys["all"])
            assert answer.status_code == 422, (place, said, answer.text)
            assert answer.json()["errors"][0]["field"] in place
        assert client.get(place.format("2026-11-16T21:00:00Z"), headers=keys["all"]).status_code in (200, 403)


def test_what_is_no_day_is_refused_with_its_field(client: TestClient, keys: Keys) -> None:
    for place in DAYS:
        for said in ("0", "1763672400", "20261116", "2026-11-16T21:00:00Z", "1066-10-14", "9999-12-31"):
            answer = client.get(place.format(said), headers=keys["all"])
            assert answer.status_code == 422, (place, said, answer.text)
            assert answer.json()["errors"][0]["field"] in place
        assert client.get(place.format("2026-11-16"), headers=keys["all"]).status_code == 200


def test_every_moment_and_day_of_the_api_is_asked_for_above(client: TestClient) -> None:
    listed = {place.partition("?")[0] + "?" + place.rpartition("={}")[0].rpartition("&")[2].rpartition("?")[2]
              for place in (*MOMENTS, *DAYS)}  # fmt: skip
    paths = client.get("/openapi.json").json()["paths"]
    found = {
        f"{path}?{parameter['name']}"
        for path, verbs in paths.items()
        for operation in verbs.values()
        for parameter in operation.get("parameters", [])
        if "'format': 'date" in str(parameter["schema"])
    }
    assert found - {"/v1/usage/daily?until", "/v1/usage.csv?since"} == listed, "the same types stand behind the two"


def test_a_moment_in_a_body_is_text() -> None:
    for said in (0, 1763672400.0, True):
        with pytest.raises(ValidationError):
            TypeAdapter(Moment).validate_python(said)


def test_a_moment_comes_out_in_utc() -> None:
    said = TypeAdapter(Moment).validate_python("2026-11-16T23:30:00+02:30")
    assert said.isoformat() == "2026-11-16T21:00:00+00:00"
    with pytest.raises(ValidationError, match="beyond every calendar"):
        TypeAdapter(Moment).validate_python("9999-12-31T23:59:59-14:00")

"""Reading routes: pages, ETags, symbols in addresses, bars of a size that travels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.proof.audit import AuditReport
from augury.proof.audit.report import Leak, StageReport
from augury.runs.proving.kept_audits import Audited, keep
from augury.runs.workspace import Workspace
from augury.service.app import api
from augury.service.backend import Backend

Headers = dict[str, dict[str, str]]
CELL = "/v1/models/SYN001/d1/1d"
READ = [
    "/v1/symbols", "/v1/symbols/SYN001", "/v1/bars?symbol=SYN001", "/v1/consensus?symbol=SYN001", "/v1/models", CELL,
    f"{CELL}/champion", "/v1/drift", "/v1/drift/features?symbol=SYN001", "/v1/alerts?all=true", "/v1/alerts/rules",
    "/v1/ab", "/v1/proof/gates?all=true", "/v1/proof/audits", "/v1/proof/calibration?by=symbol&by=horizon&replays=true",
    "/v1/proof/trials", "/v1/proof/holdout", "/v1/data", "/v1/data/checks?symbol=SYN001",
    "/v1/proof/reliability?replays=true",
]  # fmt: skip


@pytest.fixture
def client(backend: Backend) -> Iterator[TestClient]:
    """The API alone, without pages."""
    with TestClient(api(backend), raise_server_exceptions=False) as opened:
        yield opened


def test_what_did_not_change_is_not_sent_again(client: TestClient, keys: Headers) -> None:
    for address in READ:
        first = client.get(address, headers=keys["read"])
        assert first.status_code == 200, first.text
        again = client.get(address, headers=keys["read"] | {"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert client.get(address, headers=keys["read"] | {"if-none-match": '"other"'}).status_code == 200
        assert client.get(address).status_code == 401


def test_a_second_tenant_reads_what_the_installation_says(client: TestClient, keys: Headers) -> None:
    for address in READ:
        said = client.get(address, headers=keys["read"]).json()
        assert client.get(address, headers=keys["other"]).json() == said, address


def test_pages_of_versions_hold_each_version_once(client: TestClient, keys: Headers) -> None:
    whole = client.get("/v1/models", headers=keys["read"]).json()["versions"]
    assert len(whole) == 5
    for sort in ("newest", "oldest"):
        found, cursor, pages = [], "", 0
        while cursor is not None and pages < 9:
            query = {"limit": 2, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/models", params=query, headers=keys["read"]).json()
            found += page["versions"]
            cursor, pages = page["next"], pages + 1
        assert pages == 3
        assert found == (whole if sort == "newest" else whole[::-1])


def test_a_page_stays_where_it_was_when_a_version_is_registered_meanwhile(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    first = client.get("/v1/models", params={"limit": 2}, headers=keys["read"]).json()
    newest = workspace.store.versions.get(*(first["versions"][0][name] for name in ("symbol", "timeframe", "horizon")),
                                          first["versions"][0]["version"]).manifest  # fmt: skip
    workspace.store.versions.register(
        replace(newest, version="20261116T215900Z-abcdef", created_at="2026-11-16T21:59:00Z"), promote=False, by="test"
    )
    second = client.get("/v1/models", params={"limit": 2, "cursor": first["next"]}, headers=keys["read"]).json()
    shown = [row["version"] for row in first["versions"] + second["versions"]]
    assert len(set(shown)) == 4
    assert "20261116T215900Z-abcdef" not in shown


def test_every_filter_of_versions_acts(client: TestClient, keys: Headers) -> None:
    def versions(**query: str) -> list[dict[str, str]]:
        answer = client.get("/v1/models", params=query, headers=keys["read"])
        assert answer.status_code == 200, answer.text
        return list(answer.json()["versions"])

    assert {row["symbol"] for row in versions(symbol="SYN002")} == {"SYN002"}
    assert {row["horizon"] for row in versions(horizon="5D")} == {"5d"}
    assert versions(timeframe="1d") == versions()
    assert not versions(timeframe="w1")
    assert {row["status"] for row in versions(status="promoted")} == {"promoted"}
    word = versions()[0]["verdict"]
    assert {row["verdict"] for row in versions(verdict=word)} == {word}


WRONG = ["/v1/models?sort=evil", "/v1/models?cursor=x", "/v1/models?limit=0", "/v1/models?color=red", "/v1/bars",
     "/v1/bars?symbol=SYN001&limit=5001", "/v1/bars?symbol=SYN001&timeframe=d9", "/v1/bars?symbol=SYN001&from=soon",
     "/v1/bars?symbol=SYN001&cursor=x", "/v1/symbols?cursor=x", "/v1/alerts?cursor=x", "/v1/proof/trials?cursor=x",
     "/v1/asof?symbol=SYN001&day=2026-13-01", "/v1/asof?symbol=SYN001&day=9999-12-31",
     "/v1/bars?symbol=SYN001&from=9999-12-31T23:59:59-14:00", "/v1/proof/calibration?by=mood", "/v1/explanations/0",
     "/v1/explanations/many", "/v1/data/lineage/xyz", "/v1/consensus?symbol=SYN001&horizon=9z"]  # fmt: skip
ABSENT = [
    "/v1/symbols/AAPL", "/v1/bars?symbol=NOPE", "/v1/versions/20261121T105800Z-1a2b3c", "/v1/models/SYN001/w1/30d",
    "/v1/models/NOPE/d1/5d/champion", f"{CELL}/compare?b=20261121T105800Z-1a2b3c", f"{CELL}/compare", "/v1/ab/none",
    "/v1/explanations/999", "/v1/data/lineage/abcdef", "/v1/data/checks?symbol=NOPE",
]  # fmt: skip


def test_what_is_not_understood_is_refused(client: TestClient, keys: Headers) -> None:
    for address in WRONG:
        answer = client.get(address, headers=keys["read"])
        assert answer.status_code == 422, (address, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_not_there_is_not_found(client: TestClient, keys: Headers) -> None:
    for address in ABSENT:
        answer = client.get(address, headers=keys["read"])
        assert answer.status_code == 404, (address, answer.text)


def test_odd_symbols_survive_an_address(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    made = SyntheticMarket(n_symbols=1, n_bars=30).bars()
    for name in ("^GSPC", "EURUSD=X", "BRK.B", "BTC/USD", "A_B-C"):
        workspace.lake.write(made.with_frame(made.frame.with_columns(symbol=pl.lit(name))))
        found = client.get(f"/v1/symbols/{quote(name, safe='')}", headers=keys["read"])
        assert (found.status_code, found.json()["symbol"]) == (200, name)
        bars = client.get("/v1/bars", params={"symbol": name}, headers=keys["read"]).json()
        assert bars["total"] == 30
        assert client.get(f"/v1/models/{quote(name, safe='')}/d1/5d", headers=keys["read"]).status_code == 404


TRAVERSALS = (
    *("..%2F..%2Fetc%2Fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%2Fetc%2Fpasswd", ".."),
    *("a%00b", "C:%5Cboot.ini", "%0d%0aX"),
)


def test_a_path_in_an_address_is_never_read(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    canary = workspace.settings.data_dir.parent / "canary.parquet"
    canary.write_text("canary-text")
    for text in TRAVERSALS:
        for address in (
            *(f"/v1/symbols/{text}", f"/v1/models/{text}/d1/5d", f"/v1/models/{text}/d1/5d/champion"),
            *(f"/v1/bars?symbol={text}", f"/v1/bars?symbol=..%2Fcanary&timeframe={text}", f"/v1/versions/{text}"),
            *(f"{CELL}/compare?a={text}&b={text}", f"/v1/ab/{text}", f"/v1/data/lineage/{text}"),
        ):
            answer = client.get(address, headers=keys["read"])
            refused = {400, 404, 422} | ({200} if address.endswith("/..") else set())
            assert answer.status_code in refused, (address, answer.text)
            assert "canary-text" not in answer.text


def test_a_hundred_thousand_bars_fit_into_a_mebibyte_an_answer(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    n = 100_000
    ts = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=at) for at in range(n)]
    close = 100 + np.cumsum(np.random.default_rng(0).normal(0, 0.01, n))
    values = {"symbol": ["BTC"] * n, "ts": ts} | dict.fromkeys(("open", "high", "low", "close"), close)
    frame = pl.DataFrame(values | {"volume": np.ones(n)}, schema=BAR_SCHEMA)
    workspace.lake.write(Bars(frame, Timeframe.M1, calendar="24/7"))
    asked = {"symbol": "BTC", "timeframe": "m1", "limit": 5000}
    page = client.get("/v1/bars", params=asked, headers=keys["read"])
    assert len(page.content) <= 2**20
    assert page.json()["total"] == n
    times = [bar["time"] for bar in page.json()["bars"]]
    older = client.get("/v1/bars", params=asked | {"cursor": page.json()["next"]}, headers=keys["read"]).json()
    assert [bar["time"] for bar in older["bars"]] + times == [
        moment.isoformat().replace("+00:00", "Z") for moment in ts[-10_000:]
    ]
    few = client.get("/v1/bars", params={"symbol": "BTC", "timeframe": "m1", "points": 500}, headers=keys["read"])
    said = few.json()
    assert (len(few.content) <= 2**20, said["merged"], len(said["bars"]), said["next"]) == (True, 200, 500, None)
    assert said["bars"][0]["high"] == max(close[:200])
    assert said["bars"][-1]["close"] == close[-1]
    assert said["bars"][3]["volume"] == 200.0


def test_bars_lie_between_the_moments_that_were_asked_for(client: TestClient, keys: Headers) -> None:
    asked = {"symbol": "SYN001", "from": "2026-10-01T00:00:00Z", "to": "2026-10-15T00:00:00Z"}
    found = client.get("/v1/bars", params=asked, headers=keys["read"]).json()
    days = [bar["time"][:10] for bar in found["bars"]]
    assert days == sorted(days)
    assert (days[0], days[-1], found["merged"], found["next"]) == ("2026-10-01", "2026-10-15", 1, None)
    assert found["synthetic"] is True


def test_a_symbol_says_its_last_close_its_freshness_and_who_answers(client: TestClient, keys: Headers) -> None:
    found = client.get("/v1/symbols/SYN001", headers=keys["read"]).json()
    last = client.get("/v1/bars", params={"symbol": "SYN001", "limit": 2}, headers=keys["read"]).json()["bars"]
    assert found["series"][0]["last_close"] == last[-1]["close"]
    assert found["series"][0]["change"] == pytest.approx(last[-1]["close"] / last[-2]["close"] - 1, abs=1e-15)
    assert found["freshness"] == found["series"][0]["verdict"]
    assert [(row["timeframe"], row["horizon"]) for row in found["champions"]] == [("d1", "1d"), ("d1", "5d")]
    listed = client.get("/v1/symbols", params={"search": "syn001"}, headers=keys["read"]).json()
    assert listed == {"symbols": [found], "next": None}


def test_symbols_come_a_page_at_a_time(client: TestClient, keys: Headers) -> None:
    first = client.get("/v1/symbols", params={"limit": 1}, headers=keys["read"]).json()
    rest = client.get("/v1/symbols", params={"limit": 1, "cursor": first["next"]}, headers=keys["read"]).json()
    assert [row["symbol"] for row in first["symbols"] + rest["symbols"]] == ["SYN001", "SYN002"]
    assert rest["next"] is None


def test_confidence_stands_beside_how_often_it_was_right(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    asked = {"symbol": "SYN001", "replays": True}
    found = client.get("/v1/proof/reliability", params=asked, headers=keys["read"]).json()
    scored = workspace.store.evaluations.list("SYN001")
    assert found["n"] == len(scored) == sum(row["n"] for row in found["rows"]) > 0
    assert found["n_eff"] == pytest.approx(sum(1 / one.horizon_bars for one in scored), abs=1e-12)
    assert found["sufficient"] is False
    for row in found["rows"]:
        inside = [one for one in scored if row["low"] < one.confidence <= row["high"]]
        assert row["n"] == len(inside)
        assert row["confidence"] == pytest.approx(np.mean([one.confidence for one in inside]), abs=1e-12)
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]


def test_an_audit_that_cleared_a_version_is_shown_with_what_it_compared(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    manifest = workspace.store.versions.list("SYN001", "d1")[0].manifest
    evidence = {
        "event": "released", "of": "20261116T200000Z-badbad", "content_hash": "0" * 64, "verdict": "clean",
        "values": 1200, "cuts": ["2026-01-05T00:00:00Z", "2026-02-05T00:00:00Z"], "probes": ["cut"], "seed": 42,
        "data_version": manifest.data_version, "suspects": [{"column": "rsi_14", "ic": 0.3}],
        "stages": [{"stage": "features", "columns": 48, "cuts": 2, "values": 1200}],
    }  # fmt: skip
    cleared = replace(manifest, version="20261116T210000Z-abcabc", events=(evidence,))
    workspace.store.versions.register(cleared, promote=False, by="test")
    (found,) = client.get("/v1/proof/audits", headers=keys["read"]).json()["audits"]
    assert (found["of"], found["values"], found["cuts"]) == ("20261116T200000Z-badbad", 1200, 2)
    assert found["stages"] == [{"stage": "features", "columns": 48, "cuts": 2, "values": 1200}]
    verdicts = client.get("/v1/proof/gates?all=true", headers=keys["read"]).json()["verdicts"]
    assert [row["version"] for row in verdicts if row["audited"]] == [cleared.version]


def test_audits_that_were_run_by_hand_stand_beside_the_sealed_ones(
    client: TestClient, keys: Headers, workspace: Workspace
) -> None:
    bars = workspace.lake.read(["SYN001"], Timeframe.D1)
    leak = Leak(
        "mine", "tomorrow", "shift(-1)", ("cut",), "SYN001", datetime(2026, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 6, tzinfo=UTC), 1.0, None, 3,
    )  # fmt: skip
    for leaks, name in (((), "set technical"), ((leak,), "mine.py")):
        stage = StageReport("mine", 4, 1, 1200, leaks, 0.1)
        report = AuditReport((stage,), (leak.cut,), ("cut",), 42, bars.data_version)
        keep(workspace, report, bars, [Audited(name, "a" * 64 if leaks else None)])
    said = client.get("/v1/proof/audits", headers=keys["read"]).json()
    assert said["audits"] == []
    assert [(one["of"][0]["name"], one["verdict"]) for one in said["kept"]] == [
        ("mine.py", "leaks"), ("set technical", "clean"),
    ]  # fmt: skip
    newest = said["kept"][0]
    assert newest["leaks"] == [
        {"stage": "mine", "column": "tomorrow", "kind": "shift(-1)", "symbol": "SYN001",
         "ts": "2026-01-05T00:00:00Z", "cut": "2026-01-06T00:00:00Z"}
    ]  # fmt: skip
    assert (newest["symbols"], newest["timeframe"], newest["data_version"]) == (["SYN001"], "d1", bars.data_version)
    for query, count in (("symbol=SYN001", 2), ("symbol=SYN002", 0), ("timeframe=d1", 2), ("timeframe=h1", 0)):
        assert len(client.get(f"/v1/proof/audits?{query}", headers=keys["read"]).json()["kept"]) == count, query


def test_an_explanation_quotes_its_own_table(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    row = workspace.store.ledger.list("SYN001", "d1", "5d")[0]
    found = client.get(f"/v1/explanations/{row.id}", headers=keys["read"])
    assert found.status_code == 200, found.text
    said = found.json()
    base, *features, score, band = said["contributions"]
    assert sum(line["share"] for line in features) == pytest.approx(score["value"] - base["value"], abs=1e-9)
    assert said["version"] == row.forecast.version
    assert f"{score['value']:+.4f}" in said["sentences"][0]
    assert band["low"] == row.forecast.quantiles["q10"]


def test_the_time_machine_rebuilds_what_was_said(client: TestClient, keys: Headers, workspace: Workspace) -> None:
    row = workspace.store.ledger.list("SYN001", "d1", "1d")[0].forecast
    asked = {"symbol": "SYN001", "day": str(row.data_until.date()), "rebuild": True}
    found = client.get("/v1/asof", params=asked, headers=keys["read"]).json()
    assert found["rows"]
    assert all(one["equal"] for one in found["rows"]), [one["reason"] for one in found["rows"]]
    plain = client.get("/v1/asof", params=asked | {"rebuild": False}, headers=keys["read"]).json()
    assert {one["equal"] for one in plain["rows"]} == {None}
    assert any(one["forecast"]["outcome"] for one in plain["rows"])

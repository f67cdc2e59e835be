"""Windows and rows over HTTP: the rules before the model, and the numbers of the library."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from augury.core.clock import FixedClock
from augury.core.errors import CorruptArtifact, NotFound, UsageError
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
from augury.features.engine import build
from augury.records.registry.loader import EnsembleLoader
from augury.records.registry.served_windows import folder_of, publish, served_windows
from augury.runs.forecasts.view import View, last_row
from augury.runs.workspace import Workspace

torch = pytest.importorskip("torch")

from augury.models.deep.windows.simple_lstm import SimpleLSTM  # noqa: E402 - needs torch

Keys = dict[str, dict[str, str]]
ADDRESSES = ("/predict", "/v1/predict", "/predict/batch", "/api/predict")
CLOCK = FixedClock(datetime(2026, 11, 16, tzinfo=UTC))


def windows(n: int) -> Floats:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(rng.normal(0, 0.01, (n, 105)).cumsum(axis=1))
    opens = np.concatenate([np.full((n, 1), 100.0), close[:, :-1]], axis=1)
    return np.stack([opens, np.maximum(opens, close) * 1.002, np.minimum(opens, close) * 0.998, close], axis=2)


@pytest.fixture
def model(workspace: Workspace) -> SimpleLSTM:
    """A published model of windows."""
    fitted = SimpleLSTM(hidden_size=8, max_epochs=1, random_state=7, calibration=None)
    fitted.fit(windows(60), ["up", "down"] * 30, times=np.arange(60).astype("datetime64[D]"))
    fitted.save(workspace.settings.data_dir / "networks" / "try-1")
    publish(workspace.settings.data_dir, "try-1", CLOCK)
    return fitted


def refused(client: TestClient, keys: Keys, body: Any, status: int = 422, path: str = "/predict") -> dict[str, Any]:
    content = body if isinstance(body, bytes | str) else None
    said = {"content": content} if content is not None else {"json": body}
    headers = keys["predict"] | {"content-type": "application/json"}
    answer = client.post(path, headers=headers, **said)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_body_of_one_bar_is_too_short_and_says_by_how_much(client: TestClient, keys: Keys) -> None:
    found = refused(client, keys, {"data": [[[1.0, 1.1, 0.9, 1.05]]]})
    assert "insufficient_history need=105 have=1" in found["detail"]
    assert found["errors"][0]["field"] == "data.0"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda data: data[1][3].__setitem__(1, 0.0), "data.1.3"),
        (lambda data: data[1][3].__setitem__(3, -5.0), "data.1.3"),
        (lambda data: data[1][3].__setitem__(1, 1.0), "data.1.3"),
        (lambda data: data[1][3].__setitem__(2, 1e9), "data.1.3"),
        (lambda data: data[1][3].append(5.0), "data.1.3"),
        (lambda data: data[1][3].pop(), "data.1.3"),
        (lambda data: data[1][3].__setitem__(0, "100"), "data.1.3.0"),
        (lambda data: data[1][3].__setitem__(0, True), "data.1.3.0"),
        (lambda data: data[1].append([1.0, 1.0, 1.0, 1.0]), "data.1"),
        (lambda data: data[1].pop(), "data.1"),
    ],
    ids=["high 0", "negative", "high below", "low above", "five", "three", "text", "bool", "106 bars", "104 bars"],
)  # fmt: skip
def test_a_wrong_bar_is_refused_with_its_place(client: TestClient, keys: Keys, change: Any, field: str) -> None:
    data = windows(2).tolist()
    change(data)
    assert refused(client, keys, {"data": data})["errors"][0]["field"] == field


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(client: TestClient, keys: Keys, number: str) -> None:
    bar = f"[1.0, 1.0, 1.0, {number}]"
    said = '{"data": [[' + ",".join([bar] * 105) + "]]}"
    headers = keys["predict"] | {"content-type": "application/json"}
    assert client.post("/predict", content=said, headers=headers).status_code in (400, 422)


def test_a_hundred_windows_are_answered_and_a_hundred_and_one_refused(
    client: TestClient, keys: Keys, model: SimpleLSTM
) -> None:
    many = windows(101).tolist()
    assert "101 windows" in refused(client, keys, {"data": many})["detail"]
    assert refused(client, keys, {"data": []})["errors"][0]["field"] == "data"
    answer = client.post("/predict", json={"data": many[:100]}, headers=keys["predict"])
    assert len(answer.json()["predictions"]) == 100


@pytest.mark.parametrize("path", ADDRESSES)
def test_http_says_what_the_library_says(client: TestClient, keys: Keys, model: SimpleLSTM, path: str) -> None:
    X = windows(3)
    answer = client.post(path, json={"data": X.tolist()}, headers=keys["predict"])
    assert answer.status_code == 200, answer.text
    found, proba = answer.json(), model.predict_proba(X)
    for row, expected in zip(found["predictions"], proba, strict=True):
        said = [row["probabilities"][str(name)] for name in model.classes_]
        assert np.abs(np.array(said) - expected).max() <= 1e-12
        assert row["prediction"] == str(model.classes_[expected.argmax()])
        assert row["confidence"] == max(said)
        assert row["model_version"] == found["model_version"]
    assert found["mode"] == model.mode


def test_without_a_model_the_command_that_trains_one_is_named(client: TestClient, keys: Keys) -> None:
    found = refused(client, keys, {"data": windows(1).tolist()}, 503)
    assert (found["code"], found["fix"]) == ("NotTrained", "augury train --data FILE --model simple_lstm")


def test_a_model_that_was_trained_and_not_published_does_not_answer(
    client: TestClient, keys: Keys, model: SimpleLSTM, workspace: Workspace
) -> None:
    (workspace.settings.data_dir / "networks" / "served.json").unlink()
    assert refused(client, keys, {"data": windows(1).tolist()}, 503)["fix"] == "augury windows publish try-1"


def test_another_published_model_answers_at_once(
    client: TestClient, keys: Keys, model: SimpleLSTM, workspace: Workspace
) -> None:
    body = {"data": windows(1).tolist()}
    first = client.post("/predict", json=body, headers=keys["predict"]).json()
    other = SimpleLSTM(hidden_size=8, max_epochs=1, random_state=8, calibration=None)
    other.fit(windows(60), ["up", "down"] * 30, times=np.arange(60).astype("datetime64[D]"))
    other.save(workspace.settings.data_dir / "networks" / "try-2")
    publish(workspace.settings.data_dir, "try-2", CLOCK)
    second = client.post("/predict", json=body, headers=keys["predict"]).json()
    assert second["model_version"] != first["model_version"]
    assert second["predictions"] != first["predictions"]


def test_a_published_model_that_was_changed_is_refused(model: SimpleLSTM, workspace: Workspace) -> None:
    data_dir = workspace.settings.data_dir
    served = served_windows(data_dir)
    (data_dir / "networks" / "try-1" / "network.safetensors").write_bytes(b"other")
    with pytest.raises(CorruptArtifact):
        folder_of(data_dir, served)


def test_only_a_trained_model_of_windows_is_published(workspace: Workspace) -> None:
    data_dir = workspace.settings.data_dir
    for name in ("nothing", "../networks"):
        with pytest.raises(NotFound):
            publish(data_dir, name, CLOCK)
    folder = data_dir / "networks" / "ranker"
    folder.mkdir(parents=True)
    (folder / "network.json").write_text('{"network": "gats", "facts": {}}')
    with pytest.raises(UsageError):
        publish(data_dir, "ranker", CLOCK)


def test_windows_are_metered_by_their_number(client: TestClient, keys: Keys, model: SimpleLSTM, workspace: Any) -> None:
    client.post("/predict", json={"data": windows(7).tolist()}, headers=keys["predict"])
    client.app.state.backend.meter.flush()  # type: ignore[attr-defined]
    with workspace.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT units FROM usage WHERE route LIKE '%predict'").all()
    assert [row[0] for row in rows] == [7]


def test_a_reader_may_not_predict(client: TestClient, keys: Keys) -> None:
    for path in ADDRESSES:
        assert client.post(path, json={"data": windows(1).tolist()}, headers=keys["read"]).status_code == 403


SCORE = "/v1/models/SYN001/d1/5d/score"


@pytest.fixture
def row(workspace: Workspace) -> tuple[tuple[str, ...], list[float], Any]:
    """Names and values of the last bar's features, and what the ensemble says of them."""
    loaded = EnsembleLoader(workspace.store).load("SYN001", "d1", "5d")
    view = View.of(workspace, "SYN001", Timeframe.D1)
    X = build(view.bars, loaded.manifest.features).X[-1]
    return loaded.manifest.features.names, X.tolist(), loaded.ensemble.predict(last_row(view, loaded))


def test_rows_are_scored_as_the_library_scores_them_in_any_order(client: TestClient, keys: Keys, row: Any) -> None:
    names, values, said = row
    straight = {"dataframe_split": {"columns": list(names), "data": [values]}}
    turned = {"dataframe_split": {"columns": list(names)[::-1], "data": [values[::-1]]}}
    records = {"dataframe_records": [dict(zip(names, values, strict=True))]}
    for body in (straight, turned, records):
        answer = client.post(SCORE, json=body, headers=keys["predict"])
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["predictions"]
        assert (found["p_bearish"], found["p_neutral"], found["p_bullish"]) == tuple(said.proba[0].tolist())
        assert found["expected_return"] == said.expected_return[0]


def test_columns_that_differ_are_named_never_guessed(client: TestClient, keys: Keys, row: Any) -> None:
    names, values, _ = row
    other = ["nonsense", *names[1:]]
    found = refused(client, keys, {"dataframe_split": {"columns": other, "data": [values]}}, path=SCORE)
    assert [one["field"] for one in found["errors"]] == [names[0], "nonsense"]
    twice = [names[1], *names[1:]]
    assert (
        "twice"
        in refused(client, keys, {"dataframe_split": {"columns": twice, "data": [values]}}, path=SCORE)["detail"]
    )
    short = {"dataframe_split": {"columns": list(names), "data": [values, values[:-1]]}}
    assert refused(client, keys, short, path=SCORE)["errors"][0]["row"] == 1


def test_both_forms_or_none_and_empty_rows_are_refused(client: TestClient, keys: Keys, row: Any) -> None:
    names, values, _ = row
    split = {"columns": list(names), "data": [values]}
    both = {"dataframe_split": split, "dataframe_records": [dict(zip(names, values, strict=True))]}
    for body in ({}, both, {"dataframe_records": []}, {"dataframe_split": split | {"data": []}}):
        refused(client, keys, body, path=SCORE)


def test_a_version_that_is_unknown_is_not_found(client: TestClient, keys: Keys, row: Any) -> None:
    names, values, _ = row
    body = {"dataframe_split": {"columns": list(names), "data": [values]}}
    refused(client, keys, body, 404, SCORE + "?version=20200101T000000Z-000000")

"""The client in ``clients/`` is the API's: written from it, and able to walk the first steps over a real socket."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from augury.service.app import api
from augury.service.backend import Backend
from site_fixtures import serving

CLIENTS = Path(__file__).parents[2] / "clients"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CLIENTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def address(backend: Backend) -> Iterator[str]:
    """A real server on a free port."""
    with serving(api(backend)) as found:
        yield found


def test_the_client_is_what_the_api_says_today() -> None:
    generate = load("generate")
    fresh = generate.source(generate.document())
    assert (CLIENTS / "augury_client.py").read_text() == fresh, "python clients/generate.py"


def test_the_first_answer_takes_one_call_and_equals_the_store(
    address: str,
    keys: dict[str, dict[str, str]],
    backend: Backend,
) -> None:
    client = load("augury_client")
    augury = client.Augury(address, keys["read"]["authorization"].removeprefix("Bearer "))
    rows = augury.forecasts.list_forecasts(symbol="SYN001", limit=3)["forecasts"]
    stored = backend.workspace.store.ledger.list("SYN001", limit=3)
    assert [(row["id"], row["expected_return"]) for row in rows] == [
        (row.id, row.forecast.expected_return) for row in stored
    ]


def test_a_refusal_is_raised_with_its_problem(address: str, keys: dict[str, dict[str, str]]) -> None:
    client = load("augury_client")
    augury = client.Augury(address, keys["read"]["authorization"].removeprefix("Bearer "), tries=1)
    with pytest.raises(client.Refused, match="403 Forbidden") as refused:
        augury.jobs.submit_job({"kind": "forecast", "settings": {}})
    assert refused.value.problem["request_id"]
    stranger = client.Augury(address, "aug_live_nonsense", tries=1)
    with pytest.raises(client.Refused, match="401 NotSignedIn"):
        stranger.forecasts.list_forecasts()


def test_events_of_a_job_are_followed(address: str, keys: dict[str, dict[str, str]], backend: Backend) -> None:
    client = load("augury_client")
    augury = client.Augury(address, keys["all"]["authorization"].removeprefix("Bearer "))
    ended = next(job for job in backend.workspace.store.jobs.list() if job.ended)
    events = list(augury.jobs.watch_job(ended.id))
    assert events[-1].data["state"] == ended.state

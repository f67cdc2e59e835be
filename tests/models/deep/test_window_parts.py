"""Windows answered in parts: the numbers depend neither on the cores nor on who else asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from augury.models.deep.windows import parts  # noqa: E402 - needs torch
from augury.models.deep.windows.simple_lstm import SimpleLSTM  # noqa: E402


@pytest.fixture(scope="module")
def windows() -> Any:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(rng.normal(0, 0.01, (120, 105)).cumsum(axis=1))
    opens = np.concatenate([np.full((120, 1), 100.0), close[:, :-1]], axis=1)
    return np.stack([opens, np.maximum(opens, close) * 1.01, np.minimum(opens, close) * 0.99, close], axis=2)


@pytest.fixture(scope="module")
def model(windows: Any) -> SimpleLSTM:
    fitted = SimpleLSTM(hidden_size=8, max_epochs=1, random_state=7, calibration=None)
    return fitted.fit(windows, ["up", "down"] * 60, times=np.arange(120).astype("datetime64[D]"))


def test_the_number_of_cores_changes_no_number(
    model: SimpleLSTM, windows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    found = []
    for n in (1, 2, 5):
        monkeypatch.setattr(parts, "cores", lambda n=n: n)
        found.append(model.predict_proba(windows))
    assert all(np.array_equal(found[0], other) for other in found[1:])
    np.testing.assert_allclose(found[0][:3], model.predict_proba(windows[:3]), atol=1e-6)
    assert torch.get_num_threads() == before


def test_many_may_ask_one_model_at_once(model: SimpleLSTM, windows: Any) -> None:
    alone = model.predict_proba(windows[:4])
    with ThreadPoolExecutor(6) as crowd:
        found = list(crowd.map(lambda _: model.predict_proba(windows[:4]), range(60)))
    assert all(np.array_equal(alone, other) for other in found)

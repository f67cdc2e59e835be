"""Small windows and panels to pre-train on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from augury.learning.pretrain._windows import WindowData


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data() -> WindowData:
    """Windows whose features follow one another, with labels that can be read off them."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0.0, 6.0, (24, 1, 4))
    walk = np.sin(np.arange(105)[None, :, None] / 5.0 + phase) + 0.1 * rng.normal(size=(24, 105, 4))
    walk = (walk / walk.std()).astype(np.float32)
    labels = {
        "expansion": (walk[..., 0] > 1.0).astype(np.int64),
        "swing": np.digitize(walk[..., 1], [-0.5, 0.5]),
        "candle": np.digitize(walk[..., 2], [-0.7, 0.0, 0.7]),
    }
    starts = np.arange(24) * 52
    return WindowData(walk, np.arange(18), np.arange(20, 24), labels, np.zeros(24, np.int64), starts, starts + 104)

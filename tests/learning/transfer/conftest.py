"""Encoders and files of their weights, small enough to make for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from augury.learning.transfer import write_encoder
from augury.models.deep.blocks.lstm_encoder import LstmEncoder

SCALER = {"mean": [0.0, 0.1], "sd": [1.0, 2.0]}
FEATURES = "f" * 64


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write an encoder of the given settings and return its file."""

    def write(seed: int = 5, **settings: object) -> Path:
        torch.manual_seed(seed)
        encoder = LstmEncoder(**({"n_features": 4, "hidden": 8, "layers": 2} | settings))  # type: ignore[arg-type]
        folder = tmp_path / f"encoder-{seed}-{len(list(tmp_path.iterdir()))}"
        path = folder / "multitask_encoder.safetensors"
        write_encoder(encoder, path, kind="multitask", feature_set=FEATURES, scaler=SCALER, facts={"data_version": "d"})
        return path

    return write


class Classifier(nn.Module):
    """An encoder and a head, as a window network has them."""

    def __init__(self, layers: int = 1, hidden: int = 8, n_features: int = 4, bidirectional: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.encoder = LstmEncoder(n_features, hidden, layers, bidirectional)
        self.attention = nn.Linear(self.encoder.width, self.encoder.width)
        self.head = nn.Linear(self.encoder.width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.head(torch.relu(self.attention(self.encoder(x)[:, -1])))
        return states


@pytest.fixture
def classifier() -> type[Classifier]:
    """Return the class of the small network."""
    return Classifier

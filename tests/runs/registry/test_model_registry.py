"""The registry as a notebook uses it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import augury
from augury.core.clock import FixedClock
from augury.core.errors import NotFound
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell
from augury.runs.registry.model_registry import ModelRegistry
from augury.runs.training import train
from augury.runs.workspace import Workspace

WHERE = ("SYN001", "d1", "5d")


def test_versions_are_tried_promoted_compared_and_rolled_back(tmp_path: Path, tiny: Recipe) -> None:
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    with ModelRegistry(Workspace.open(settings, clock=FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))) as registry:
        registry.workspace.lake.write(SyntheticMarket(n_symbols=1, n_bars=500, ic=0.1).bars())
        for seed in (1, 2):
            list(train(registry.workspace, [Cell(*WHERE)], tiny.replace(seed=seed)))
        second = registry.champion("SYN001", "1d", "5d")
        assert second is not None
        (first,) = {row.version for row in registry.list("SYN001", "1d")} - {second}
        assert registry.get(*WHERE, first).manifest.recipe.seed == 1
        assert registry.rollback(*WHERE)[0].version == first == registry.champion(*WHERE)
        registry.challenge(*WHERE, second)
        assert registry.challenger(*WHERE) == second
        assert registry.promote(*WHERE, "@challenger", reason="tried").previous == first
        assert registry.challenger(*WHERE) is None
        assert registry.compare(*WHERE, first, second).settings == {"recipe.seed": (1, 2)}
        assert [entry.kind for entry in registry.workspace.store.journal.list()][-2:] == ["rollback", "promotion"]
        with pytest.raises(NotFound):
            registry.get(*WHERE, "20200101T000000Z-abcdef")


def test_the_registry_and_the_paths_of_models_are_public() -> None:
    assert augury.ModelRegistry is ModelRegistry
    assert augury.ModelPaths(Path("data")).artifacts == Path("data/artifacts")

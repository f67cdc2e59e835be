from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from augury.core.clock import FixedClock
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def tiny() -> Recipe:
    """One small member: these tests are about what happens when, not about learning."""
    return Recipe(name="tiny", members={"gb": {"n_estimators": 5, "max_depth": 3}}, folds=2, horizons=("5d",))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh store whose lake holds two synthetic symbols of 700 daily bars."""
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(NOW)) as opened:
        opened.lake.write(SyntheticMarket(n_symbols=2, n_bars=700, ic=0.1).bars())
        yield opened

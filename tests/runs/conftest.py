from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from polars import Series

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.score import Verdict
from augury.core.settings import Settings
from augury.core.version import MemberEntry, SliceFacts, VersionManifest
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import opening_times
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


class Speaking:
    """Versions and forecasts without a model behind them: for what happens to what was said."""

    @staticmethod
    def publish(
        workspace: Workspace, symbol: str, spec: LabelSpec, at: datetime = NOW, *, promote: bool = True, **changes: Any
    ) -> VersionManifest:
        """Register a version that holds nothing; it answers from then on, unless it is not promoted."""
        moment = "2020-01-02T00:00:00Z"
        fields: dict[str, Any] = {
            "symbol": symbol, "timeframe": str(spec.timeframe), "horizon": spec.horizon, "calendar": "XNYS",
            "data_version": "d" * 64, "data_first": moment, "data_last": moment,
            "features": FeatureManifest((FeatureSpec("rsi_14", "momentum", ("close",), 15),)),
            "label_spec": spec, "recipe": Recipe(), "members": (MemberEntry("gb", "ready"),), "weights": {"gb": 1.0},
            "slices": {"train": SliceFacts(moment, moment, 1)}, "scores": (), "verdict": Verdict("skill"),
        }  # fmt: skip
        staged = workspace.store.artifacts.stage()
        (staged / "ensemble.json").write_text("{}")
        manifest = workspace.store.artifacts.seal(staged, VersionManifest(**(fields | changes)), at)
        workspace.store.artifacts.publish(staged, manifest)
        workspace.store.versions.register(manifest, promote=promote, by="test")
        return manifest

    @staticmethod
    def say(manifest: VersionManifest, bars: Bars, at: int = 0, **changes: Any) -> Forecast:
        """Forecast from the bar ``at``, said at its close."""
        spec = manifest.label_spec
        due = opening_times(bars.timeframe, bars.calendar, bars.frame["ts"][at], spec.horizon_bars + 1)
        ends = known_at(Series([due[0], due[-1]]), bars.timeframe, bars.calendar)
        fields: dict[str, Any] = {
            "symbol": manifest.symbol, "timeframe": manifest.timeframe, "horizon": manifest.horizon,
            "made_at": ends[0], "data_until": ends[0], "matures_at": ends[1], "version": manifest.version,
            "artifact_hash": manifest.content_hash, "label_spec_hash": spec.hash, "data_hash": bars.data_version,
            "feature_hash": manifest.features.hash, "label": "BULLISH", "p_bearish": 0.2, "p_neutral": 0.3,
            "p_bullish": 0.5, "confidence": 0.5, "agreement": None, "current_price": bars.frame["close"][at],
            "expected_return": 0.0, "quantiles": {name: level / 10 - 0.05 for name, level in QUANTILES.items()},
            "verdict": "skill", "weights": {"gb": 1.0},
        }  # fmt: skip
        return Forecast(**(fields | changes))


@pytest.fixture(scope="session")
def speaking() -> type[Speaking]:
    return Speaking

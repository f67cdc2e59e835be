"""A store in either database, and versions and forecasts that are small but complete."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.clock import FixedClock
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.timeframe import Timeframe
from augury.core.version import MemberEntry, SliceFacts, VersionManifest
from augury.records.store import Store

NOW = datetime(2026, 11, 21, 10, 58, tzinfo=UTC)


def make_manifest(symbol: str = "^GSPC", timeframe: str = "d1", horizon: str = "5d", **changes: Any) -> VersionManifest:
    manifest = VersionManifest(
        symbol=symbol,
        timeframe=timeframe,
        horizon=horizon,
        calendar="XNYS",
        data_version="d" * 64,
        data_first="2000-01-03T00:00:00Z",
        data_last="2018-12-31T00:00:00Z",
        features=FeatureManifest((FeatureSpec("rsi_14", "momentum", ("close",), 15),)),
        label_spec=LabelSpec(Timeframe.parse(timeframe), horizon, 5, 0.009),
        recipe=Recipe(),
        members=(MemberEntry("rf", "ready"),),
        weights={"rf": 1.0},
        slices={"train": SliceFacts("2000-01-03T00:00:00Z", "2012-12-31T00:00:00Z", 3000)},
        scores=(Score("accuracy", 0.52, 0.5, 0.54, 0.5, 1000, 200.0),),
        verdict=Verdict("skill"),
    )
    return replace(manifest, **changes)


def make_forecast(manifest: VersionManifest, made_at: datetime = NOW, **changes: Any) -> Forecast:
    forecast = Forecast(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        horizon=manifest.horizon,
        made_at=made_at,
        data_until=made_at,
        matures_at=made_at + timedelta(days=7),
        version=manifest.version,
        artifact_hash=manifest.content_hash,
        label_spec_hash=manifest.label_spec.hash,
        data_hash="d" * 64,
        feature_hash=manifest.features.hash,
        label="BULLISH",
        p_bearish=0.2,
        p_neutral=0.3,
        p_bullish=0.5,
        confidence=0.5,
        agreement=None,
        current_price=2506.85,
        expected_return=0.1 + 0.2 - 0.3,
        quantiles={name: level / 10 - 0.05 for name, level in QUANTILES.items()},
        verdict="skill",
        weights={"rf": 2 / 3, "gb": 1 / 3},
        flags=("replay",),
    )
    return replace(forecast, **changes)


def write_version(
    store: Store,
    symbol: str = "^GSPC",
    timeframe: str = "d1",
    horizon: str = "5d",
    *,
    created_at: datetime = NOW,
    answer: int = 0,
    promote: bool = True,
    **changes: Any,
) -> VersionManifest:
    """Stage, seal, publish and register a version that holds the number ``answer``."""
    staged = store.artifacts.stage()
    (staged / "ensemble.json").write_text(json.dumps({"answer": answer}))
    (staged / "members").mkdir()
    (staged / "members" / "model.txt").write_text(f"tree\nversion=v4 answer={answer}\n")
    manifest = store.artifacts.seal(staged, make_manifest(symbol, timeframe, horizon, **changes), created_at)
    store.artifacts.publish(staged, manifest)
    store.versions.register(manifest, promote=promote, by="test")
    return manifest


@dataclass(frozen=True)
class FakeEnsemble:
    """Stands for an ensemble: predicts the number that was saved."""

    answer: int

    @classmethod
    def read(cls, folder: Path) -> FakeEnsemble:
        return cls(json.loads((folder / "ensemble.json").read_text())["answer"])

    def predict(self, table: object) -> int:
        return self.answer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder in memory where there is one: these tests fsync a lot."""
    fast = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="augury-store-", dir=fast if os.access(fast, os.W_OK) else None))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the newest schema and nothing in it: copying it is quicker than migrating again."""
    folder = tmp_path_factory.mktemp("empty")
    Store.open(folder).close()
    return folder


@pytest.fixture
def open_store(data_dir: Path, database_url: str, empty_sqlite: Path) -> Iterator[Callable[..., Store]]:
    """Opens the same store again and again, as processes do."""
    opened: list[Store] = []
    if not database_url:
        shutil.copytree(empty_sqlite, data_dir)

    def open_again(at: datetime = NOW) -> Store:
        opened.append(Store.open(data_dir, database_url, clock=FixedClock(at)))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def sqlite_store(data_dir: Path, empty_sqlite: Path) -> Iterator[Store]:
    """For rules that do not depend on the database."""
    shutil.copytree(empty_sqlite, data_dir)
    with Store.open(data_dir, clock=FixedClock(NOW)) as store:
        yield store


class Makers:
    """The functions above, for tests: they cannot import a conftest."""

    now = NOW
    manifest = staticmethod(make_manifest)
    forecast = staticmethod(make_forecast)
    version = staticmethod(write_version)
    ensemble = FakeEnsemble


@pytest.fixture(scope="session")
def make() -> type[Makers]:
    return Makers

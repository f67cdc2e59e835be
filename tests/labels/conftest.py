"""Labelled tables of seeded bars: one symbol of exactly 600 known rows, and a ragged panel."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Timeframe
from augury.labels import attach

FIRST = datetime(2016, 1, 4, tzinfo=UTC)
MANIFEST = FeatureManifest((FeatureSpec("returns", "returns", ("close",), 1),))


def closes(symbol: str, n: int, seed: int, skip: int = 0, every: int = 1) -> pl.DataFrame:
    """Closes of one symbol that begins ``skip`` days late and trades every ``every``-th day."""
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(days=skip + every * k) for k in range(n)]
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, n)))
    bar = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": np.full(n, 1e6)}
    return pl.DataFrame({"symbol": [symbol] * n, "ts": days, **bar}, schema_overrides={"ts": pl.Datetime("us", "UTC")})


def spec_of(bars: int, threshold: float = 0.009) -> LabelSpec:
    return LabelSpec(Timeframe.D1, f"{bars}d", bars, threshold)


def labelled(frame: pl.DataFrame, horizon_bars: int = 5) -> LabelledTable:
    """A table with one feature that is always known, so that only labels are missing."""
    bars = Bars(frame, Timeframe.D1, synthetic=True)
    features = frame.select("symbol", "ts", (pl.col("close") / 100.0).cast(pl.Float32).alias("returns"))
    return attach(FeatureTable(features, MANIFEST, bars.data_version), bars, spec_of(horizon_bars))


@pytest.fixture(scope="session")
def make_closes() -> Callable[..., pl.DataFrame]:
    return closes


@pytest.fixture(scope="session")
def make_table() -> Callable[..., LabelledTable]:
    return labelled


@pytest.fixture(scope="session")
def six_hundred() -> LabelledTable:
    """605 bars: 600 rows know what followed 5 bars later."""
    return labelled(closes("AAA", 605, 1))


@pytest.fixture(scope="session")
def panel() -> LabelledTable:
    """Symbols that begin late, end early or trade every other day."""
    frames = [closes("AAA", 400, 1), closes("BBB", 150, 2, skip=170), closes("CCC", 180, 3, skip=11, every=2)]
    return labelled(pl.concat(frames), 5)

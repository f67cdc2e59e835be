"""A labelled table whose truth is known: one planted column, the rest is noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe

FEATURES = 6
_START = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def planted_table(n: int = 600, strength: float = 1.0, horizon_bars: int = 1, seed: int = 0) -> LabelledTable:
    """Daily rows; the return of the next bar holds ``strength`` x the first feature."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, FEATURES)).astype(np.float32)
    bar_returns = 0.01 * (strength * np.concatenate([[0.0], X[:-1, 0]]) + rng.normal(size=n)) / math.hypot(1, strength)
    closes = np.cumprod(1 + bar_returns)
    h = horizon_bars
    forward = np.full(n, np.nan)
    forward[:-h] = closes[h:] / closes[:-h] - 1
    past = np.full(n, np.nan)
    past[h:] = closes[h:] / closes[:-h] - 1
    spec = LabelSpec(Timeframe.D1, f"{h}d", h, 0.005 * math.sqrt(h))
    stamps = pl.Series("ts", np.arange(n)).cast(pl.Int64) * 86_400_000_000 + _START
    manifest = FeatureManifest(tuple(FeatureSpec(f"f{at}", "planted", ("close",), 1) for at in range(FEATURES)))
    frame = pl.DataFrame({"symbol": ["SYN"] * n, "ts": stamps.cast(pl.Datetime("us", "UTC"))})
    frame = frame.with_columns(pl.Series(f"f{at}", X[:, at]) for at in range(FEATURES))
    frame = frame.with_columns(
        pl.Series("past_ret", past).fill_nan(None),
        pl.lit(0.01).alias("vol"),
        pl.Series("fwd_ret", forward).fill_nan(None),
    ).with_columns(
        (
            (pl.col("fwd_ret") > spec.threshold).cast(pl.Int8) - (pl.col("fwd_ret") < -spec.threshold).cast(pl.Int8)
        ).alias("label"),
        pl.col("ts").shift(-h).alias("label_end"),
    )
    return LabelledTable(frame, manifest, spec, "planted")


@pytest.fixture(scope="session")
def table_of() -> Callable[..., LabelledTable]:
    """Make a planted table of chosen length, strength, horizon and seed."""
    return planted_table


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """Three small members: enough to weigh, quick to fit."""
    return Recipe(
        members={
            "rf": {"n_estimators": 20},
            "gb": {"n_estimators": 20, "max_depth": 3},
            "lgbm": {"n_estimators": 60, "learning_rate": 0.1, "patience": 15},
        },
        folds=3,
    )

"""A small panel whose every value the tests of the samplers know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from augury.data.panel.roles import Roles
from augury.learning.samplers import PanelSamples, PanelTargets

DAYS, NAMES = 30, 30
ROLES = Roles({"a": "feature", "b": "feature", "valid_b": "flag"})


def panel(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    first = datetime(2020, 1, 1, tzinfo=UTC)
    keys = [(f"S{n:02d}", first + timedelta(days=d)) for n in range(NAMES) for d in range(DAYS)]
    frame = pl.DataFrame(keys, schema={"symbol": pl.String(), "ts": pl.Datetime("us", "UTC")}, orient="row")
    b = pl.Series("b", rng.normal(size=len(keys)))
    known = pl.Series("valid_b", rng.random(len(keys)) > 0.2)
    frame = frame.with_columns(pl.Series("a", rng.normal(size=len(keys))), b, known)
    return frame.with_columns(pl.when("valid_b").then("b").alias("b"), fwd_ret_5=pl.lit(0.1))


def targets(frame: pl.DataFrame, horizons: tuple[int, ...] = (1, 3)) -> PanelTargets:
    ordered = frame.sort("symbol", "ts").select("symbol", "ts", "a")
    columns = [pl.col("a").shift(-h).over("symbol").alias(f"fwd_ret_{h}") for h in horizons]
    ends = [pl.col("ts").shift(-h).over("symbol").alias(f"label_end_{h}") for h in horizons]
    return PanelTargets(ordered.with_columns(columns + ends).drop("a"), horizons, max(horizons))


def samples(frame: pl.DataFrame | None = None, lookback: int = 4) -> PanelSamples:
    frame = panel() if frame is None else frame
    return PanelSamples.of_frame(frame, ROLES, targets(frame), lookback=lookback)

"""Panels in which it is known what can be found."""

from __future__ import annotations

import numpy as np
import polars as pl

from augury.data.panel.roles import Roles
from augury.data.synthetic import SyntheticMarket
from augury.learning.samplers import PanelSamples, panel_targets
from augury.learning.settings import TrainingSettings

ROLES = Roles({"place": "feature", "noise": "feature"})
QUICK = TrainingSettings(
    epochs=4, learning_rate=3e-3, patience=0, watch="rank_ic", larger_is_better=True, threads=1, seed=7
)


def planted(
    ic: float,
    n_symbols: int = 40,
    n_bars: int = 640,
    lookback: int = 3,
    horizons: tuple[int, ...] = (1,),
    seed: int = 5,
) -> PanelSamples:
    """The synthetic market, its signal seen through where the close lies in the range, beside noise."""
    bars = SyntheticMarket(n_symbols=n_symbols, n_bars=n_bars, ic=ic, regimes=False, seed=seed).bars()
    place = (pl.col("close") - pl.col("low")) / (pl.col("high") - pl.col("low"))
    noise = pl.Series("noise", np.random.default_rng(seed).normal(size=bars.frame.height))
    frame = bars.frame.select("symbol", "ts", place.alias("place")).with_columns(noise)
    return PanelSamples.of_frame(frame, ROLES, panel_targets(bars, horizons), lookback=lookback, data_version="x" * 64)

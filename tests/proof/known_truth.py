"""Tables and predictions with a truth that is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.prediction import Prediction
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe
from augury.core.version import SliceFacts, VersionManifest

NORMAL = {
    "q025": -1.959964,
    "q05": -1.644854,
    "q10": -1.281552,
    "q25": -0.674490,
    "q50": 0.0,
    "q75": 0.674490,
    "q90": 1.281552,
    "q95": 1.644854,
    "q975": 1.959964,
}
assert set(NORMAL) == set(QUANTILES)


def make_table(
    n: int = 1500, horizon: int = 5, *, seed: int = 0, symbols: int = 1, common: float = 0.0, threshold: float = 0.009
) -> LabelledTable:
    """Random walks: the h-bar returns overlap as real ones do; ``common`` is their correlation."""
    rng = np.random.default_rng(seed)
    market = rng.normal(size=n + horizon)
    frames = []
    for number in range(symbols):
        own = rng.normal(size=n + horizon)
        steps = 0.01 * (np.sqrt(common) * market + np.sqrt(1 - common) * own)
        walk = np.concatenate([[0.0], np.cumsum(steps)])
        returns = np.expm1(walk[horizon : n + horizon] - walk[:n])
        start = datetime(2000, 1, 3, tzinfo=UTC)
        ts = [start + timedelta(days=day) for day in range(n)]
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [f"S{number:02d}"] * n,
                    "ts": pl.Series(ts, dtype=pl.Datetime("us", "UTC")),
                    "x": rng.normal(size=n).astype(np.float32),
                    "past_ret": np.zeros(n),
                    "vol": np.full(n, 0.01),
                    "fwd_ret": returns,
                    "label": (np.sign(returns) * (np.abs(returns) > threshold)).astype(np.int8),
                    "label_end": pl.Series([t + timedelta(days=horizon) for t in ts], dtype=pl.Datetime("us", "UTC")),
                }
            )
        )
    spec = LabelSpec(Timeframe.D1, f"{horizon}d", horizon, threshold)
    manifest = FeatureManifest((FeatureSpec("x", "test", ("close",), 1),))
    return LabelledTable(pl.concat(frames), manifest, spec, "0" * 64)


def make_prediction(table: LabelledTable, score: np.ndarray, *, sd: float = 0.0224) -> Prediction:
    """Probabilities that lean the way of ``score`` (in [-1, 1]); normal bands of ``sd``."""
    share, sure = np.full(len(score), 1 / 3), 0.05 * np.abs(score)
    proba = np.column_stack([share * (1 - score) + sure / 2, share - sure, share * (1 + score) + sure / 2])
    return Prediction(
        proba=proba,
        raw_proba=proba,
        score=proba[:, 2] - proba[:, 0],
        codes=(proba.argmax(axis=1) - 1).astype(np.int8),
        expected_return=0.01 * score,
        quantiles={name: np.full(len(score), z * sd) for name, z in NORMAL.items()},
        agreement=None,
        members={},
    )


def majority(table: LabelledTable) -> dict[str, np.ndarray]:
    """The baselines every test stands beside."""
    codes, counts = np.unique(table.y, return_counts=True)
    return {
        "majority": np.full(len(table), codes[counts.argmax()], np.int8),
        "always_up": np.ones(len(table), np.int8),
    }


def make_manifest(
    symbol: str = "^GSPC",
    timeframe: str = "d1",
    horizon: str = "5d",
    bars: int = 5,
    *,
    scores: tuple[Score, ...] = (),
    verdict: Verdict | None = None,
    synthetic: bool = False,
) -> VersionManifest:
    """A version as training would write it."""
    spec = LabelSpec(Timeframe.parse(timeframe), horizon, bars, 0.009)
    return VersionManifest(
        symbol=symbol,
        timeframe=timeframe,
        horizon=horizon,
        calendar="XNYS",
        data_version="d" * 64,
        data_first="1999-01-04T00:00:00Z",
        data_last="2018-12-31T00:00:00Z",
        features=FeatureManifest((FeatureSpec("x", "test", ("close",), 1),)),
        label_spec=spec,
        recipe=Recipe(),
        members=(),
        weights={},
        slices={"valid": SliceFacts("2013-01-02T00:00:00Z", "2018-12-21T00:00:00Z", 1500)},
        scores=scores,
        verdict=verdict or Verdict("skill"),
        synthetic=synthetic,
        libraries={"augury": "0.1.0"},
        version=f"20181231T210000Z-{bars:06x}",
    )


def make_forecast(manifest: VersionManifest, *, price: float = 2506.85, flags: tuple[str, ...] = ()) -> Forecast:
    """A forecast whose bands widen with the square root of the horizon."""
    bars = manifest.label_spec.horizon_bars
    said = datetime(2018, 12, 31, 21, tzinfo=UTC)
    return Forecast(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        horizon=manifest.horizon,
        made_at=said,
        data_until=said,
        matures_at=said + timedelta(days=round(1.45 * bars)),
        version=manifest.version,
        artifact_hash="a" * 64,
        label_spec_hash=manifest.label_spec.hash,
        data_hash="d" * 64,
        feature_hash=manifest.features.hash,
        label="BULLISH",
        p_bearish=0.27,
        p_neutral=0.31,
        p_bullish=0.42,
        confidence=0.42,
        agreement=None,
        current_price=price,
        expected_return=0.0004 * bars,
        quantiles={name: 0.0004 * bars + z * 0.01 * bars**0.5 for name, z in NORMAL.items()},
        verdict=manifest.verdict.word,
        flags=flags,
    )


def make_history(n: int = 120, *, price: float = 2506.85, seed: int = 3) -> pl.DataFrame:
    """Closes that end at ``price`` on 2018-12-31."""
    steps = 0.01 * np.random.default_rng(seed).normal(size=n)
    closes = np.exp(np.cumsum(steps))
    end = datetime(2018, 12, 31, tzinfo=UTC)
    ts = pl.Series([end - timedelta(days=n - 1 - day) for day in range(n)], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"ts": ts, "close": closes * price / closes[-1]})

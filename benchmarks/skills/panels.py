"""Daily panels: who will be ahead of whom in 1, 5, 10 and 20 sessions, bought one close later.

Walk-forward by calendar year: a year is scored by a model fitted on all earlier rows whose outcome was
known before the year began. Every model sees the same rows and the same target, the same-day z-score of
the forward return.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.metrics.bootstrap import block_length, bootstrap_difference
from augury.core.timeframe import Timeframe
from augury.data.knowledge.membership import Membership
from augury.features.panel.same_day import same_day_zscore
from augury.labels.residual import TargetSpec, residual_targets
from augury.proof.crosssection import CrossSection, cross_section

HORIZONS: Final = (1, 5, 10, 20)
BASE: Final = "HGB, 13 features"
YEARS_MIN: Final = 2
"""Years of history before the first year that is scored."""
PANELS: Final = {
    "us_large": ("us_large_daily.parquet", "XNYS", "split+adj", True),
    "sp500": ("sp500_2018_2023_daily.parquet", "XNYS", "split", True),
    "india": ("india_nifty500_daily.parquet", "XBOM", "full", False),
}
"""File, calendar, adjustment, and whether rows count only while the symbol was in the S&P 500."""


@dataclass(frozen=True)
class Panel:
    """Rows with a target at each horizon, and what the models may see."""

    name: str
    rows: pl.DataFrame
    members: Membership | None
    features: dict[str, np.ndarray]
    widths: dict[str, int]


def measure(name: str, folder: Path, quick: bool, peers: Path) -> dict[str, Any]:
    """Score a panel with every model at every horizon."""
    panel = load(name, folder, quick, peers)
    every = 20 if quick else 10
    found = {h: {model: _judge(panel, model, h, every) for model in models(panel)} for h in HORIZONS}
    trials = sum(len(of) for of in found.values())
    return {
        "panel": name,
        "symbols": panel.rows["symbol"].n_unique(),
        "train_days_every": every,
        "masked": panel.members is not None,
        "widths": panel.widths,
        "trials": trials,
        "rows": [_row(model, h, one, found[h][BASE], trials) for h in HORIZONS for model, one in found[h].items()],
    }


def load(name: str, folder: Path, quick: bool, peers: Path) -> Panel:
    """Read a panel, its features standardised within the day, and its outcomes."""
    file, calendar, adjustment, masked = PANELS[name]
    frame = pl.read_parquet(folder / file).with_columns(pl.col("symbol").cast(pl.String)).sort("symbol", "ts")
    if quick:
        # Every sixth symbol by name: which ones does not depend on how they fared.
        kept = frame["symbol"].unique().sort().gather_every(6)
        frame = frame.filter(pl.col("symbol").is_in(kept.to_list()))
    kinds = BAR_SCHEMA | ({"adj_close": pl.Float64()} if "adj_close" in frame.columns else {})
    bars = Bars(
        frame.select(pl.col(n).cast(k) for n, k in kinds.items()), Timeframe.D1, calendar, adjustment=adjustment
    )
    price = "adj_close" if "adj_close" in frame.columns else "close"
    momentum = (pl.col(price).shift(21) / pl.col(price).shift(252) - 1).over("symbol")
    rows = bars.frame.select("symbol", "ts", reversal=-past(price, 5), momentum=momentum)
    for h in HORIZONS:
        spec = TargetSpec(h, entry="next_close", price_field=price)
        known = residual_targets(bars, spec)
        rows = rows.with_columns(known[spec.name].alias(f"fwd_ret_{h}"), known["label_end"].alias(f"end_{h}"))
    rows = _with_own_target(rows)
    frames = {"technical": _technical(bars), "thirteen": thirteen(bars, price)}
    if (alpha := _alpha158(bars, peers)) is not None:
        frames["alpha158"] = alpha
    features = {key: _standardised(one) for key, one in frames.items()}
    members = _membership(folder) if masked else None
    return Panel(name, rows, members, features, {k: v.shape[1] for k, v in features.items()})  # fmt: skip


def models(panel: Panel) -> dict[str, tuple[str, Callable[..., np.ndarray] | None]]:
    """What is compared, and which features each sees."""
    found: dict[str, tuple[str, Callable[..., np.ndarray] | None]] = {
        "5-day reversal, nothing fitted": ("reversal", None),
        "12-1 momentum, nothing fitted": ("momentum", None),
        BASE: ("thirteen", _hgb),
        "LightGBM, technical": ("technical", _lightgbm),
    }
    if "alpha158" in panel.features:
        found["LightGBM, Alpha158"] = ("alpha158", _lightgbm)
    return found


def past(price: str, days: int) -> pl.Expr:
    """Return over the last days."""
    return (pl.col(price) / pl.col(price).shift(days) - 1).over("symbol")


def thirteen(bars: Bars, price: str) -> pl.DataFrame:
    """Returns of eight lengths, 12-1 momentum, two volatilities, volume against its mean, distance from the high."""
    one, volume = pl.col(price) / pl.col(price).shift(1) - 1, pl.col("volume")
    return bars.frame.select(
        "symbol",
        "ts",
        *(past(price, n).alias(f"ret_{n}") for n in (1, 2, 3, 5, 10, 20, 60, 120)),
        (pl.col(price).shift(21) / pl.col(price).shift(252) - 1).over("symbol").alias("momentum_252_21"),
        *(one.rolling_std(n).over("symbol").alias(f"vol_{n}") for n in (20, 60)),
        pl.when(volume > 0).then(volume / volume.rolling_mean(20)).over("symbol").alias("volume"),
        (pl.col(price) / pl.col(price).rolling_max(252) - 1).over("symbol").alias("high_252"),
    )  # fmt: skip


def _technical(bars: Bars) -> pl.DataFrame:
    from augury.features import build

    return build(bars, "technical").frame


def _alpha158(bars: Bars, peers: Path) -> pl.DataFrame | None:
    """Qlib's Alpha158 of the same bars, computed by qlib itself; None where it is not installed."""
    if not peers.is_file():
        return None
    script = Path(__file__).parents[1] / "peers/qlib_alpha158.py"
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "panel.parquet", Path(folder) / "alpha.parquet"
        bars.frame.write_parquet(source)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
        done = subprocess.run(
            [str(peers), str(script), str(source), str(out)], capture_output=True, text=True, env=os.environ | threads
        )
        if done.returncode:
            raise SystemExit(f"qlib is installed but failed:\n{done.stderr[-2000:]}")
        alpha = pl.read_parquet(out).with_columns(pl.col("ts").cast(bars.frame.schema["ts"]))
    return bars.frame.select("symbol", "ts").join(alpha, on=["symbol", "ts"], how="left", maintain_order="left")


def _standardised(frame: pl.DataFrame) -> np.ndarray:
    """Same-day z-scores as float32, NaN where unknown."""
    names = frame.columns[2:]
    cleaned = frame.with_columns(pl.when(pl.col(n).is_finite()).then(pl.col(n)).alias(n) for n in names)
    return np.asarray(same_day_zscore(cleaned, names).frame.select(names).to_numpy(), dtype=np.float32)


def _with_own_target(rows: pl.DataFrame) -> pl.DataFrame:
    """What a model learns: the forward return within its day, clipped at three standard deviations."""
    for h in HORIZONS:
        value = pl.col(f"fwd_ret_{h}")
        z = (value - value.mean().over("ts")) / value.std().over("ts")
        rows = rows.with_columns(pl.when(z.is_finite()).then(z).clip(-3, 3).alias(f"learn_{h}"))
    return rows


def _membership(folder: Path) -> Membership:
    frame = pl.read_parquet(folder / "sp500_membership_pit.parquet").unique()
    return Membership.from_intervals(frame, symbol="ticker", start="start_date", end="end_date", end_included=False)


def _judge(panel: Panel, model: str, horizon: int, every: int) -> CrossSection:
    key, fit = models(panel)[model]
    target = f"fwd_ret_{horizon}"
    if fit is None:
        score = panel.rows[key]
    else:
        score = pl.Series(_walk(panel, panel.features[key], fit, horizon, every)).fill_nan(None)
    frame = panel.rows.select("symbol", "ts", target, slice=pl.lit("report")).with_columns(score.alias("score"))
    first = _test_years(panel)[0]
    return cross_section(
        frame.filter(pl.col("ts") >= datetime(first, 1, 1, tzinfo=UTC)),
        target=target, horizon_bars=horizon, members=panel.members,
    )  # fmt: skip


def _walk(panel: Panel, X: np.ndarray, fit: Callable[..., np.ndarray], horizon: int, every: int) -> np.ndarray:
    """Scores of every year by the model of the years before."""
    day = panel.rows["ts"].rank("dense").to_numpy()
    learn = panel.rows[f"learn_{horizon}"].to_numpy()
    score = np.full(len(X), np.nan)
    for year in _test_years(panel):
        first = datetime(year, 1, 1, tzinfo=UTC)
        known = panel.rows.select((pl.col(f"end_{horizon}") < first).fill_null(value=False)).to_series().to_numpy()
        train = known & ~np.isnan(learn) & (day % every == 0)
        test = (panel.rows["ts"].dt.year() == year).to_numpy()
        score[test] = fit(X[train], learn[train], X[test])
    return score


def _test_years(panel: Panel) -> list[int]:
    """Calendar years to score: those with two years of history before them."""
    start: Any = panel.rows["ts"].min()
    years = panel.rows["ts"].dt.year().unique().sort().to_list()
    return [year for year in years if (datetime(year, 1, 10, tzinfo=UTC) - start).days >= 365 * YEARS_MIN]


def _hgb(X: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return np.asarray(HistGradientBoostingRegressor(random_state=0).fit(X, y).predict(ahead))


def _lightgbm(X: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    import lightgbm as lgb

    settings = {"objective": "regression", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 200,
                "feature_fraction": 0.3, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10.0, "max_bin": 63,
                "num_threads": 1, "seed": 0, "deterministic": True,
                "force_col_wise": True, "verbosity": -1}  # fmt: skip
    return np.asarray(lgb.train(settings, lgb.Dataset(X, y, params=settings), 100).predict(ahead, num_threads=1))


def _row(model: str, horizon: int, found: CrossSection, base: CrossSection, trials: int) -> dict[str, Any]:
    """A line of the page: the figures, what luck would show, and the difference to the untuned boosting."""
    pair = found.daily.select("ts", "rank_ic").join(base.daily.select("ts", other="rank_ic"), on="ts").drop_nulls()
    ours, theirs = pair["rank_ic"].to_numpy(), pair["other"].to_numpy()
    gap = None
    if found is not base:
        low, high = bootstrap_difference(ours, theirs, block_length(len(ours), horizon))
        gap = {"value": float((ours - theirs).mean()), "low": low, "high": high}
    luck = found.deflated(trials)
    return {"model": model, "horizon": horizon, "difference": gap, "luck": luck.to_json(), **found.to_json()}

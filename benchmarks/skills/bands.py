"""Bands of the bundled S&P 500: how often the outcome lies inside, overall and in 2008."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Final

import numpy as np

from augury.core.metrics.bootstrap import block_length, bootstrap_mean
from augury.core.metrics.intervals import covered, width
from augury.labels.returns import forward_return, volatility
from augury.models.conformal import ConformalBands

HORIZONS: Final = (1, 5, 20)
LEVELS: Final = (0.80, 0.95)
WINDOW, REFIT = 1000, 21
"""Matured outcomes behind a band, and sessions until it is made anew."""


def measure() -> list[dict[str, Any]]:
    """Return one row a horizon, level and kind of band."""
    from augury.data.sources.arch import SOURCE

    rows = []
    for h in HORIZONS:
        frame = SOURCE.load(["^GSPC"]).frame.with_columns(
            forward_return("close", h).alias("y"), volatility().alias("vol")
        )
        y, scale = frame["y"].to_numpy(), frame["vol"].to_numpy() * np.sqrt(h)
        year = frame["ts"].dt.year().to_numpy()
        for level in LEVELS:
            conformal, gaussian = _halves(y, scale, h, level)
            known = ~np.isnan(y) & ~np.isnan(conformal)
            for kind, half in (("conformal, on recent volatility", conformal), ("Gaussian, constant", gaussian)):
                rows.append({"kind": kind, "horizon": h, "level": level, **_judged(y, half, known, year, h)})
    return rows


def _halves(y: np.ndarray, scale: np.ndarray, h: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Half-widths of each row, made from outcomes that were known at it."""
    conformal, gaussian = np.full(len(y), np.nan), np.full(len(y), np.nan)
    start = int(np.argmax(~np.isnan(scale))) + WINDOW + h
    for first in range(start, len(y), REFIT):
        past = slice(first - h - WINDOW + 1, first - h + 1)
        rows = slice(first, first + REFIT)
        bands = ConformalBands.fit(y[past], scale[past], (level,), n_eff=WINDOW / h)
        conformal[rows] = bands.factors[level] * scale[rows]
        gaussian[rows] = NormalDist().inv_cdf((1 + level) / 2) * y[past].std(ddof=1)
    return conformal, gaussian


def _judged(y: np.ndarray, half: np.ndarray, known: np.ndarray, year: np.ndarray, h: int) -> dict[str, Any]:
    hits = covered(y[known], -half[known], half[known]).astype(np.float64)
    low, high = bootstrap_mean(hits, block_length(len(hits), h))
    crash = known & (year == 2008)
    return {
        "coverage": float(hits.mean()),
        "interval": (low, high),
        "n": len(hits),
        "coverage_2008": float(covered(y[crash], -half[crash], half[crash]).mean()),
        "n_2008": int(crash.sum()),
        "width": width(-half[known], half[known]),
        "from": int(year[known].min()),
        "to": int(year[known].max()),
    }

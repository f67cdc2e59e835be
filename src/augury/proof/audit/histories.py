"""Other histories: the same past, and after a moment nothing, or noise."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import InsufficientHistory
from augury.core.seeds import derive
from augury.core.typing import Floats

DATES_MIN: Final = 12
_NOISE: Final = 0.5
"""Spread of an invented log price: far outside what markets do in a bar, so that nothing stays equal by chance."""
_RANGE: Final = 0.02


def moments(bars: Bars, cuts: int, seed: int) -> tuple[datetime, ...]:
    """Draw the moments at which history is cut.

    A quarter lies among the first bars, where windows fill up, and up to a quarter where a symbol
    has no bar or a value is unknown: what is filled from later is seen there and nowhere else.

    Parameters
    ----------
    bars : Bars
    cuts : int
        How many, at least 1; fewer when there are fewer dates.
    seed : int

    Returns
    -------
    tuple of datetime
        Ascending, each the ``ts`` of a bar; later bars follow each of them.

    Raises
    ------
    InsufficientHistory
        Fewer than 12 dates.
    """
    dates = bars.frame["ts"].unique().sort()
    if len(dates) < DATES_MIN:
        raise InsufficientHistory(f"{len(dates)} dates are too few to cut, {DATES_MIN} are needed")
    rng = np.random.Generator(np.random.PCG64(derive(seed, "audit", "cuts")))
    last = len(dates) - 2
    holes = dates.search_sorted(_holes(bars, dates)).to_numpy()
    holes = holes[(holes > 1) & (holes <= last)]
    early = np.exp(rng.uniform(np.log(2.0), np.log(min(200.0, last + 1.0)), cuts)).astype(np.int64)
    late = rng.integers(last - last // 4, last + 1, cuts)
    chosen = {*late[: max(1, cuts // 5)].tolist(), *early[: cuts // 4].tolist()}
    chosen |= set(rng.permutation(holes)[: cuts // 4].tolist())
    for index in rng.permutation(np.arange(2, last + 1)).tolist():
        if len(chosen) >= cuts:
            break
        chosen.add(index)
    return tuple(dates[index] for index in sorted(chosen)[-cuts:])


def _holes(bars: Bars, dates: pl.Series) -> pl.Series:
    """Dates on which a symbol that lives has no bar, or a bar without a value."""
    frame = bars.frame
    unknown = frame.filter(pl.any_horizontal(pl.exclude("symbol", "ts").is_null()))["ts"]
    if bars.close_only:
        unknown = unknown.head(0)
    lives = frame.group_by("symbol").agg(first=pl.col("ts").min(), last=pl.col("ts").max())
    born = np.searchsorted(lives["first"].sort().to_physical().to_numpy(), dates.to_physical().to_numpy(), side="right")
    died = np.searchsorted(lives["last"].sort().to_physical().to_numpy(), dates.to_physical().to_numpy(), side="left")
    there = frame.group_by("ts").len().sort("ts")["len"].to_numpy()
    missing = dates.filter(pl.Series(there < born - died))
    return pl.concat([missing, unknown]).unique().sort()


def cut_at(bars: Bars, cut: datetime) -> Bars:
    """Return the history that ends with the bars of a moment."""
    return bars.with_frame(bars.frame.filter(pl.col("ts") <= cut))


def noise_after(bars: Bars, cut: datetime, seed: int) -> Bars:
    """Return the history in which every later bar is noise: same dates, invented prices and volumes."""
    return _replaced(bars, (bars.frame["ts"] > cut).to_numpy(), derive(seed, "audit", "noise", iso(cut)))


def nudged(bars: Bars, ts: datetime, seed: int) -> Bars:
    """Return the history in which only the bars of one moment are noise."""
    return _replaced(bars, (bars.frame["ts"] == ts).to_numpy(), derive(seed, "audit", "nudge", iso(ts)))


def _replaced(bars: Bars, rows: np.ndarray, seed: int) -> Bars:
    rng = np.random.Generator(np.random.PCG64(seed))
    frame, n = bars.frame, bars.frame.height
    level = np.nanmedian(frame["close"].cast(pl.Float64).to_numpy()) if n else 1.0
    close = level * np.exp(rng.normal(0.0, _NOISE, n))
    opened = close * np.exp(rng.normal(0.0, _RANGE, n))
    values: dict[str, Floats] = {
        "open": opened,
        "high": np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, _RANGE, n))),
        "low": np.minimum(opened, close) / (1.0 + np.abs(rng.normal(0.0, _RANGE, n))),
        "close": close,
        "volume": np.ceil(np.exp(rng.normal(13.0, _NOISE, n))),
        "adj_close": close * np.exp(rng.normal(0.0, _RANGE, n)),
    }
    mask = pl.Series(rows)
    changed = [
        pl.when(mask & pl.col(name).is_not_null()).then(pl.Series(values[name])).otherwise(pl.col(name)).alias(name)
        for name in frame.columns
        if name in values
    ]
    return bars.with_frame(frame.with_columns(changed))

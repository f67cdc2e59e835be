"""Judge a score on a panel, each day among the names of that day.

    found = cross_section(frame, score="score", target="fwd_ret_5_next_close", horizon_bars=5)
    print(found.text())

No sign is ever turned after seeing a result. What a day's figures see is the scores of that day (for the
decay: of earlier days) and the returns that followed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from augury.core.errors import DataError, InsufficientHistory, LeakError, UsageError
from augury.core.metrics.ranking import MIN_NAMES
from augury.core.metrics.uncertainty import noise_floor
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Bools, Floats
from augury.data.knowledge.asof import need_columns
from augury.data.knowledge.membership import Membership
from augury.data.knowledge.validity import valid_join
from augury.data.panel.roles import Roles
from augury.features.panel.day_grid import DayGrid, lagged
from augury.proof.crosssection.book import (
    break_even_bps,
    bucket_returns,
    buckets_of,
    monotonicity,
    turnover,
)
from augury.proof.crosssection.ranks import day_correlations, day_medians, day_ranks, rank_correlations
from augury.proof.crosssection.result import CrossSection
from augury.proof.crosssection.series import DailyFigure

REPORT: Final = "report"
LAGS: Final = 20
COST_BPS: Final = 10.0


def cross_section(
    frame: pl.DataFrame,
    *,
    score: str = "score",
    target: str = "fwd_ret",
    horizon_bars: int = 1,
    slice: str = REPORT,
    members: Membership | None = None,
    buckets: int = 10,
    lags: int = LAGS,
    cost_bps: float = COST_BPS,
    least: int = MIN_NAMES,
    seed: int = DEFAULT_SEED,
) -> CrossSection:
    """Measure how well a score ranks the returns that follow.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts``, the score and the target; unique on (symbol, ts), any order. A row without score or
        without return takes no part in a correlation. A column ``slice``, where there is one, says which
        slice each row belongs to.
    score, target : str
        Columns. The target is a forward return; the score never is.
    horizon_bars : int
        Sessions the target looks ahead.
    slice : str
        Which slice these rows are; anything but ``report`` is refused.
    members : Membership, optional
        Point-in-time universe: a row counts only while its symbol belonged to it.
    buckets : int
        Parts a day is cut into, 2 … ``least``; the outer two make the long-short book.
    lags : int
        How far back the decay goes, in sessions; 0 leaves it out.
    cost_bps : float
        Cost per side, in basis points of what is traded.
    least : int
        Names with score and return a day needs; others are counted as thin and left out.
    seed : int
        Of the intervals.

    Returns
    -------
    CrossSection
        ``rank_ic_after_cost`` is ``RankIC - 4 turnover cost / (gap sd)``: under a linear relation a bucket
        spread of ``RankIC gap sd`` is expected, with ``gap = sqrt(12) (1 - 1 / buckets)`` between the mean
        standardised ranks of the outer buckets and ``sd`` the mean same-day deviation of the returns.

    Raises
    ------
    LeakError
        Rows of another slice than ``report``, or a score that is itself a forward return.
    UsageError
        A missing column or an impossible setting.
    DataError
        A symbol twice on a day, or an infinite score or return.
    InsufficientHistory
        No day has enough names.

    Examples
    --------
    >>> rows = [{"symbol": f"S{k:02d}", "ts": day, "score": (k * 7 + day) % 30, "fwd_ret": (k * 7 + day) % 30 / 1e4}
    ...         for day in range(60) for k in range(30)]
    >>> found = cross_section(pl.DataFrame(rows), lags=2)
    >>> found.rank_ic.mean, found.monotonicity, found.turnover > 0
    (1.0, 1.0, True)
    """
    if not 2 <= buckets <= least or least < 2 or horizon_bars < 1 or lags < 0 or cost_bps < 0:
        raise UsageError(
            f"{buckets=}, {least=}, {horizon_bars=}, {lags=}, {cost_bps=}: 2 <= buckets <= least is needed"
        )
    _refuse_seen(frame, score, target, slice)
    panel = _Panel.of(frame, score, target, members, least)
    return _measured(panel, horizon_bars, buckets, lags, cost_bps, seed)


@dataclass(frozen=True)
class _Panel:
    """Scores and returns on the grid, and the days that count."""

    days: pl.Series
    score: Floats
    returns: Floats
    known: Bools
    counts: Bools

    @property
    def names(self) -> float:
        """Mean names on the days that count."""
        return float(self.known[self.counts].sum(axis=1).mean())

    @cached_property
    def deviation(self) -> float:
        """Mean over the days of the same-day standard deviation of the returns."""
        return float(np.nanstd(np.where(self.known, self.returns, np.nan)[self.counts], axis=1).mean())

    @classmethod
    def of(cls, frame: pl.DataFrame, score: str, target: str, members: Membership | None, least: int) -> _Panel:
        if members is not None:
            records = members.frame.with_columns(member=pl.lit(value=True))
            keys = frame.select(pl.col("symbol").cast(pl.String), "ts")
            frame = frame.filter(valid_join(keys, records)["member"].is_not_null())
        if frame.is_empty():
            raise InsufficientHistory("no row is left to judge: the frame is empty, or none of it was a member")
        grid = _grid_of(frame)
        placed, returns = (_finite(grid, frame[name]) for name in (score, target))
        known = ~np.isnan(placed) & ~np.isnan(returns)
        counts = known.sum(axis=1) >= least
        if not counts.any():
            raise InsufficientHistory(f"none of {len(grid.days)} days has {least} names with score and return")
        return cls(grid.days, placed, returns, known, counts)


def _grid_of(frame: pl.DataFrame) -> DayGrid:
    grid = DayGrid.of(frame)
    taken = np.zeros(grid.shape, dtype=np.bool_)
    taken[grid.day, grid.symbol] = True
    if int(taken.sum()) != frame.height:
        twice = frame.filter(pl.struct("symbol", "ts").is_duplicated()).row(0, named=True)
        raise DataError(f"{twice['symbol']} is there twice on {twice['ts']}: one row a symbol and day")
    return grid


def _finite(grid: DayGrid, column: pl.Series) -> Floats:
    if column.dtype.is_float() and column.is_infinite().any():
        raise DataError(f"column '{column.name}' is infinite on some row: no rank or mean exists", column=column.name)
    return grid.spread(column)


def _refuse_seen(frame: pl.DataFrame, score: str, target: str, rows: str) -> None:
    need_columns(frame, ["symbol", "ts", score, target], "the panel")
    found = set(frame["slice"].unique().to_list()) if "slice" in frame.columns else {rows}
    if seen := sorted(str(one) for one in found | {rows} if one != REPORT):
        raise LeakError(
            f"rows of slice {', '.join(seen)} were asked to be scored: a model has seen them, only '{REPORT}' counts"
        )
    roles = Roles.of_columns((), ())
    if roles.role(score) == "target":
        raise LeakError(f"the score '{score}' is a forward return: it is what a score is measured against")


def _measured(panel: _Panel, horizon_bars: int, buckets: int, lags: int, cost_bps: float, seed: int) -> CrossSection:
    ranked, ranked_returns = day_ranks(panel.score), day_ranks(panel.returns)
    bucket = buckets_of(ranked, buckets)
    parts = bucket_returns(bucket, panel.returns, buckets)[panel.counts]
    daily = {
        "ic": day_correlations(panel.score, panel.returns, panel.known),
        "rank_ic": rank_correlations(panel.score, panel.returns, ranked, ranked_returns),
        "hit_rate": _hit_rates(panel),
    }
    daily = {name: values[panel.counts] for name, values in daily.items()} | {"spread": parts[:, -1] - parts[:, 0]}
    floors = _floors(panel, horizon_bars, buckets)
    figures = {
        name: DailyFigure.of(
            name, values, horizon_bars, floor=floors[name], null=0.5 if name == "hit_rate" else 0.0, seed=seed
        )
        for name, values in daily.items()
    }
    share = turnover(bucket, buckets, horizon_bars, panel.counts)[panel.counts]
    replaced, means = _mean(share), tuple(_mean(one) for one in parts.T)
    paid = 4.0 * replaced * cost_bps / 1e4
    counted = {"ts": panel.days.filter(pl.Series(panel.counts)), "names": panel.known[panel.counts].sum(axis=1)}
    return CrossSection(
        horizon_bars=horizon_bars,
        slice=REPORT,
        names=panel.names,
        days_thin=int((~panel.counts).sum()),
        **figures,
        bucket_returns=means,
        monotonicity=monotonicity(np.array(means)),
        turnover=replaced,
        break_even_bps=break_even_bps(figures["spread"].mean, replaced),
        cost_bps=cost_bps,
        net_spread=figures["spread"].mean - paid,
        rank_ic_after_cost=_after_cost(figures["rank_ic"].mean, paid, panel.deviation, buckets),
        decay=_decay(panel, ranked, ranked_returns, horizon_bars, lags, floors["rank_ic"], seed),
        daily=pl.DataFrame({**counted, **daily, "turnover": share}).fill_nan(None),
    )


def _floors(panel: _Panel, horizon_bars: int, buckets: int) -> dict[str, float]:
    """One standard error of a score that knows nothing, names and holding periods taken as independent."""
    periods = max(int(panel.counts.sum()) / horizon_bars, 1.0)
    floor = noise_floor(panel.names, periods)
    spread = panel.deviation * math.sqrt(2.0 * buckets / panel.names / periods)
    return {"ic": floor, "rank_ic": floor, "hit_rate": 0.5 * floor, "spread": spread}


def _after_cost(rank_ic: float, paid: float, deviation: float, buckets: int) -> float:
    """RankIC less the RankIC whose expected bucket spread is what was paid."""
    gap = math.sqrt(12.0) * (1.0 - 1.0 / buckets)
    return rank_ic - paid / (gap * deviation) if deviation > 0.0 else float("nan")


def _hit_rates(panel: _Panel) -> Floats:
    """Share of names on the same side of the day's medians; those on a median or that did not move are left out."""
    score, returns = (np.where(panel.known, values, np.nan) for values in (panel.score, panel.returns))
    above = np.sign(score - day_medians(score)[:, None])
    rose = np.sign(returns - day_medians(returns)[:, None])
    counted = panel.known & (returns != 0.0) & (above != 0.0) & (rose != 0.0)
    count = counted.sum(axis=1).astype(np.float64)
    count[count == 0.0] = np.nan
    return np.asarray((counted & (above == rose)).sum(axis=1) / count, dtype=np.float64)


def _decay(
    panel: _Panel, ranked: Floats, ranked_returns: Floats, horizon_bars: int, lags: int, floor: float, seed: int
) -> tuple[DailyFigure, ...]:
    found = []
    for k in range(1, lags + 1):
        values = rank_correlations(lagged(panel.score, k), panel.returns, lagged(ranked, k), ranked_returns)
        found.append(DailyFigure.of(f"rank_ic_lag_{k}", values[panel.counts], horizon_bars, floor=floor, seed=seed))
    return tuple(found)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")

"""Residual targets: the return that sector, market or plain volatility do not explain.

Everything an outcome is compared with is known at the row: the sector as of that day, a beta and a
volatility from past rows. What follows the row enters only as the forward return itself, of the
symbol and of what it is compared with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.tables import LABEL_END
from augury.data.knowledge.validity import valid_join
from augury.features.engine import symbol_starts
from augury.labels.group_means import codes_of, group_means
from augury.labels.market import market_levels

ENTRIES: Final = ("close", "next_open", "next_close")
NEUTRAL: Final = ("none", "sector", "beta")
BETA_ROWS, VOLATILITY_ROWS = 60, 20
CLIP: Final = 5.0
"""Bound of a volatility-normalised target, in standard deviations."""
_STILL: Final = 1e-7
"""A standard deviation below this is the rounding of a price that stood still."""
MEMBERS_MIN: Final = 2
"""A sector of one has no mean but its own: its residual would be 0 whatever happened."""


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """Which forward return, and what is taken out of it.

    Parameters
    ----------
    horizon_bars : int
        Rows the position is held, at least 1.
    entry : str
        ``close`` buys at the close of the row; ``next_open`` at the next row's open, and both sell at the
        close ``horizon_bars`` rows after the row; ``next_close`` buys and sells one row later.
    log : bool
        Logarithmic returns instead of simple ones.
    neutral : str
        ``none``; ``sector`` takes out the mean of the sector on that day; ``beta`` takes out ``beta_60``
        times the market's return over the same rows.
    by_volatility : bool
        Divide by the past volatility of such a return, ``vol_20 sqrt(horizon_bars)``, and clip at 5.
    price_field : str
        ``close`` or ``adj_close``; opens are adjusted by the same factor.

    Examples
    --------
    >>> TargetSpec(5, neutral="sector").name, TargetSpec(1, entry="next_open", log=True).name
    ('fwd_ret_5_sector', 'fwd_log_ret_1_next_open')
    """

    horizon_bars: int
    entry: str = "close"
    log: bool = False
    neutral: str = "none"
    by_volatility: bool = False
    price_field: str = "close"

    def __post_init__(self) -> None:
        if isinstance(self.horizon_bars, bool) or not 1 <= self.horizon_bars <= 5000:
            raise UsageError(f"horizon_bars={self.horizon_bars} is outside 1..5000")
        for name, known in (("entry", ENTRIES), ("neutral", NEUTRAL), ("price_field", ("close", "adj_close"))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}='{getattr(self, name)}' is unknown (known: {', '.join(known)})")

    @property
    def name(self) -> str:
        """Column of the target; never that of a past return."""
        parts = [f"fwd_{'log_' if self.log else ''}ret_{self.horizon_bars}"]
        parts += [self.entry] if self.entry != "close" else []
        parts += [self.neutral] if self.neutral != "none" else []
        return "_".join([*parts, *(["vol"] if self.by_volatility else [])])

    @property
    def rows_ahead(self) -> int:
        """Rows from a row to the one that decides its outcome; so many at the end have none."""
        return self.horizon_bars + (self.entry == "next_close")


def residual_targets(
    bars: Bars, spec: TargetSpec, sectors: pl.DataFrame | None = None, market: str | None = None
) -> pl.DataFrame:
    """Compute a target for every row of a panel.

    Parameters
    ----------
    bars : Bars
        Sorted bars; a symbol's rows are its own trading rows.
    spec : TargetSpec
        What to compute.
    sectors : pl.DataFrame, optional
        ``symbol, sector, valid_from, valid_to`` (days, both included; null ``valid_to`` still holds): the
        record in force on the row's day counts, never the newest. Needed for ``neutral="sector"``.
    market : str, optional
        Symbol that stands for the market with ``neutral="beta"``; default the equal-weighted mean of
        all symbols' same-day returns.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts, <spec.name>, label_end``, one row a bar. The target is null, never 0, on the last
        ``spec.rows_ahead`` rows of a symbol and wherever a price, a sector with two members, 60 past
        returns or 20 past returns are missing; such a row is masked in training.

    Raises
    ------
    DataError
        The bars are not sorted, or have no such price field.
    UsageError
        No sectors, or a market that is not among the symbols.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> market = SyntheticMarket(n_symbols=8, n_bars=100)
    >>> rows = {"symbol": market.sectors().keys(), "sector": market.sectors().values()}
    >>> sectors = pl.DataFrame(rows).with_columns(valid_from=pl.date(2000, 1, 1), valid_to=pl.lit(None, pl.Date))
    >>> found = residual_targets(market.bars(), TargetSpec(5, neutral="sector"), sectors)
    >>> found.columns, found["fwd_ret_5_sector"].null_count()
    (['symbol', 'ts', 'fwd_ret_5_sector', 'label_end'], 40)
    """
    symbol_starts(bars.frame)
    if spec.price_field not in bars.frame.columns:
        raise DataError(f"the target reads {spec.price_field}, which these bars do not have ({bars.frame.columns})")
    frame = bars.frame.lazy().select("symbol", "ts", *_prices(spec.price_field))
    frame = frame.with_columns(_held("", spec).alias(spec.name), _one_row("close_", spec.log).alias("_past"))
    if spec.neutral == "sector":
        frame = _sector_neutral(frame, spec, sectors)
    elif spec.neutral == "beta":
        frame = _beta_neutral(frame, spec, market)
    if spec.by_volatility:
        volatility = pl.col("_past").rolling_std(VOLATILITY_ROWS).over("symbol")
        scaled = pl.col(spec.name) / (volatility * math.sqrt(spec.horizon_bars))
        frame = frame.with_columns(pl.when(volatility > _STILL).then(scaled).clip(-CLIP, CLIP).alias(spec.name))
    end = pl.col("ts").shift(-spec.rows_ahead).over("symbol").alias(LABEL_END)
    known = pl.when(pl.col(spec.name).is_finite()).then(pl.col(spec.name)).alias(spec.name)
    return frame.select("symbol", "ts", known, end).collect()


def _prices(price_field: str) -> list[pl.Expr]:
    factor = pl.col(price_field) / pl.col("close") if price_field != "close" else pl.lit(1.0)
    return [pl.col(price_field).alias("close_"), (pl.col("open") * factor).alias("open_")]


def _held(prefix: str, spec: TargetSpec) -> pl.Expr:
    """Return from entry to exit of a price ``<prefix>close_`` and ``<prefix>open_``, in the symbol's own rows."""
    close, opening = pl.col(f"{prefix}close_"), pl.col(f"{prefix}open_")
    bought = {"close": close, "next_open": opening.shift(-1), "next_close": close.shift(-1)}[spec.entry]
    return _return(close.shift(-spec.rows_ahead), bought, spec.log).over("symbol")


def _one_row(column: str, log: bool) -> pl.Expr:
    return _return(pl.col(column), pl.col(column).shift(1), log).over("symbol")


def _return(after: pl.Expr, before: pl.Expr, log: bool) -> pl.Expr:
    return (after / before).log() if log else after / before - 1.0


def _sector_neutral(frame: pl.LazyFrame, spec: TargetSpec, sectors: pl.DataFrame | None) -> pl.LazyFrame:
    if sectors is None:
        raise UsageError("a sector-neutral target needs sectors=: symbol, sector, valid_from, valid_to")
    records = sectors.select("symbol", "sector", "valid_from", "valid_to")
    placed = valid_join(frame.collect(), records)
    codes = codes_of(placed.select("ts", "sector"))
    values = placed[spec.name].cast(pl.Float64).to_numpy().copy()
    _, members = group_means(values, codes)
    values[members[codes] < MEMBERS_MIN] = np.nan
    for _ in range(2):  # the second time removes the rounding of the first
        values -= group_means(values, codes)[0][codes]
    return placed.lazy().with_columns(pl.Series(spec.name, values))


def _beta_neutral(frame: pl.LazyFrame, spec: TargetSpec, market: str | None) -> pl.LazyFrame:
    joined = frame.join(market_levels(frame, market).lazy(), on="ts", how="left", maintain_order="left")
    own, other = pl.col("_past"), pl.col("_market_past")
    pairs = joined.with_columns(_one_row("market_close_", spec.log).alias("_market_past"))
    # Only rows where both are known: a mean over other rows than its product's is no covariance.
    both = own.is_finite() & other.is_finite()
    pairs = pairs.with_columns(pl.when(both).then(own).alias("_x"), pl.when(both).then(other).alias("_m"))
    mean = {
        name: expr.rolling_mean(BETA_ROWS).over("symbol")
        for name, expr in (
            ("x", pl.col("_x")),
            ("m", pl.col("_m")),
            ("xm", pl.col("_x") * pl.col("_m")),
            ("mm", pl.col("_m") ** 2),
        )
    }
    variance = mean["mm"] - mean["m"] ** 2
    beta = pl.when(variance > _STILL**2).then((mean["xm"] - mean["x"] * mean["m"]) / variance)
    return pairs.with_columns((pl.col(spec.name) - beta * _held("market_", spec)).alias(spec.name))

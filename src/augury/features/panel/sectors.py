"""The sector beside its symbols: what the other members did on the same days.

    beside = sector_beside(bars, records)        # records: symbol, sector, valid_from, valid_to
    engine.build(bars, manifest, beside=beside)

A symbol is in the sector it was in on the day, never in the one of a later record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.typing import Floats, Ints
from augury.data.knowledge.asof import need_columns
from augury.data.knowledge.validity import valid_join
from augury.features.panel.day_grid import NAMES_MIN, DayGrid, past_return

HORIZONS: Final = (1, 5, 20, 60)
UNKNOWN: Final = -1
"""Code of a symbol without a sector."""


def sector_beside(bars: Bars, records: pl.DataFrame, *, members_min: int = NAMES_MIN) -> pl.DataFrame:
    """Return the sector's columns by symbol and ts, to stand beside the bars.

    Looks back 60 sessions, and ahead 0.

    Parameters
    ----------
    bars : Bars
        The symbols; medians are taken over those of them that have a return over the same dates.
    records : pl.DataFrame
        ``symbol, sector, valid_from, valid_to`` (dates, both included; a null ``valid_to`` still holds).
    members_min : int
        Members with a return, the symbol among them, below which there is no median. Default 3.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts``, then ``sector_median_1 _5 _20 _60`` (median return of the other members over so
        many sessions) and ``sector_members`` (those with a bar on the day, the symbol among them);
        null where the sector is unknown or too small.

    Raises
    ------
    DataError
        Two records of a symbol hold on the same day.

    Examples
    --------
    >>> from datetime import date
    >>> from augury.data.synthetic import SyntheticMarket
    >>> bars = SyntheticMarket(n_symbols=3, n_bars=4).bars()
    >>> records = pl.DataFrame({"symbol": bars.symbols, "sector": "Energy", "valid_from": date(2000, 1, 1),
    ...                         "valid_to": None}, schema_overrides={"valid_to": pl.Date})
    >>> sector_beside(bars, records)["sector_members"].unique().to_list()
    [3.0]
    """
    grid = DayGrid.of(bars.frame)
    closes = grid.spread(bars.frame["close"])
    sector = np.where(np.isnan(closes), UNKNOWN, codes_on(grid.days, grid.symbols, records))
    found = {f"sector_median_{h}": median_of_others(past_return(closes, h), sector, members_min) for h in HORIZONS}
    found["sector_members"] = _members(closes, sector)
    columns = [grid.gather(values).alias(name) for name, values in found.items()]
    return bars.frame.select("symbol", "ts").with_columns(columns)


def codes_on(days: pl.Series, symbols: Sequence[str], records: pl.DataFrame, level: str = "sector") -> Ints:
    """Number the sector each symbol was in on each day; -1 where none is known.

    Parameters
    ----------
    days : pl.Series
        ``ts``, ascending.
    symbols : sequence of str
    records : pl.DataFrame
        ``symbol, valid_from, valid_to`` and the column ``level``.
    level : str
        ``sector``, or a finer one such as ``industry``.

    Returns
    -------
    array (days, symbols)
        Numbers of the sectors by name, equal for equal names.
    """
    need_columns(records, ["symbol", level, "valid_from", "valid_to"], "the sector records")
    spine = days.to_frame("ts").join(pl.DataFrame({"symbol": list(symbols)}), how="cross")
    chosen = records.select(pl.col("symbol").cast(pl.String), pl.col(level).cast(pl.String), "valid_from", "valid_to")
    names = chosen[level].drop_nulls().unique().sort()
    found = valid_join(spine, chosen)[level]
    codes = found.replace_strict(names, pl.int_range(names.len(), eager=True), default=UNKNOWN, return_dtype=pl.Int64)
    return codes.to_numpy().reshape(len(days), len(symbols)).astype(np.int64)


def median_of_others(values: Floats, groups: Ints, members_min: int = NAMES_MIN) -> Floats:
    """Median over the other members of one's group on the same day.

    Parameters
    ----------
    values : array (days, symbols)
        NaN where unknown; a member without a value gets the median of those that have one.
    groups : array (days, symbols)
        Codes, -1 for none.
    members_min : int
        Known values in the group below which there is no median.

    Examples
    --------
    >>> median_of_others(np.array([[1.0, 2.0, 9.0]]), np.zeros((1, 3), dtype=np.int64)).tolist()
    [[5.5, 5.0, 1.5]]
    """
    out = np.full(values.shape, np.nan)
    day, symbol = np.nonzero(groups >= 0)
    value = values[day, symbol]
    key = day * (int(groups.max(initial=0)) + 1) + groups[day, symbol]
    order = np.lexsort((value, key))  # NaN sorts behind every number
    day, symbol, value, key = day[order], symbol[order], value[order], key[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.empty(0, dtype=np.int64)
    size = np.diff(np.append(starts, len(key)))
    known = np.add.reduceat((~np.isnan(value)).astype(np.int64), starts) if len(key) else size
    start, known = np.repeat(starts, size), np.repeat(known, size)
    rank = np.arange(len(key)) - start
    own = rank < known
    others = known - own
    found = 0.5 * (
        _without(value, start, rank, own, (others - 1) // 2) + _without(value, start, rank, own, others // 2)
    )
    out[day, symbol] = np.where((known >= members_min) & (others > 0), found, np.nan)
    return out


def _without(value: Floats, start: Ints, rank: Ints, own: NDArray[np.bool_], position: Ints) -> Floats:
    """The value at a position of one's sorted group once oneself is taken out."""
    at = start + position + (own & (position >= rank))
    found: Floats = value[np.clip(at, 0, max(len(value) - 1, 0))]
    return found


def _members(closes: Floats, groups: Ints) -> Floats:
    """How many of one's group have a bar on the day."""
    days, n_groups = closes.shape[0], int(groups.max(initial=0)) + 1
    inside = groups >= 0
    key = np.arange(days)[:, None] * n_groups + np.where(inside, groups, 0)
    count = np.bincount(key[inside], minlength=days * n_groups)
    out: Floats = np.where(inside, count[key].astype(np.float64), np.nan)
    return out

"""Windows of 105 bars: what a pattern network sees, cut from continuous bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from augury.core.bars import BAR_SCHEMA, TIMESTAMP, Bars
from augury.core.errors import DataError, UsageError, ValidationError
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Floats, Ints
from augury.data.canonical.normalize import normalize
from augury.data.canonical.spacing import infer_timeframe
from augury.labels.windows.blacklist import Blacklist, BlacklistLike
from augury.labels.windows.cuts import runs_of, span_cuts, stride_cuts
from augury.labels.windows.rules import (
    PRICES,
    WINDOW_BARS,
    broken_bars,
    describe_bar,
    short_history,
)

STRIDE: Final = 52
Hours: TypeAlias = Mapping[str, tuple[int, int]]
SESSIONS: Final[Hours] = {"A": (22, 1), "B": (1, 7), "C": (13, 17), "D": (17, 22)}
"""Trading sessions by UTC hour, from the first up to but without the second; the first that fits names a bar."""
WINDOW_SCHEMA: Final[dict[str, pl.DataType]] = {
    "window_id": pl.String(),
    "symbol": pl.String(),
    "start_ts": TIMESTAMP,
    "end_ts": TIMESTAMP,
    "label": pl.String(),
    "expansion_start": pl.Int64(),
    "expansion_end": pl.Int64(),
    "raw_start_idx": pl.Int64(),
    "raw_end_idx": pl.Int64(),
    "session": pl.String(),
    "offset": pl.Int64(),
    "volatility_bucket": pl.String(),
    "data_version": pl.String(),
}
"""One row a window; everything after ``end_ts`` may be null."""


@dataclass(frozen=True)
class Windows:
    """Windows of bars and what is known about each.

    Parameters
    ----------
    prices : array, shape (n_windows, n_bars, 4)
        Open, high, low, close in float64, oldest bar first.
    frame : pl.DataFrame
        Columns of ``WINDOW_SCHEMA``: ``start_ts`` and ``end_ts`` are the opens of the first and last
        bar, ``raw_start_idx`` and ``raw_end_idx`` their row numbers among the symbol's bars, ``session``
        the tag of the last bar, ``offset`` by how many bars the cut was moved.
    timeframe : Timeframe or None
        Length of a bar.
    max_offset : int
        Above 0 when the windows were cut at random offsets; only then may position be a feature.
    notes : tuple of str
        What was assumed and what was left out.
    """

    prices: Floats
    frame: pl.DataFrame
    timeframe: Timeframe | None = None
    max_offset: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.prices.ndim != 3 or self.prices.shape[2] != len(PRICES) or len(self.prices) != self.frame.height:
            raise DataError(f"{self.frame.height} windows are described, the prices have shape {self.prices.shape}")
        if dict(self.frame.schema) != WINDOW_SCHEMA:
            raise DataError(f"windows are described by {list(WINDOW_SCHEMA)}, found {dict(self.frame.schema)}")

    def __len__(self) -> int:
        return len(self.prices)

    def take(self, rows: Ints | Bools) -> Windows:
        """Return some of the windows, by row number or mask."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return replace(self, prices=self.prices[at], frame=self.frame[at])


def extract_windows(
    frame: pl.DataFrame | Bars | Any,
    n_bars: int = WINDOW_BARS,
    stride: int = STRIDE,
    max_offset: int = 0,
    blacklist: BlacklistLike = None,
    *,
    spans: pl.DataFrame | None = None,
    seed: int = DEFAULT_SEED,
    timeframe: Timeframe | str | None = None,
    calendar: str | None = None,
    symbol: str | None = None,
    sessions: Hours = SESSIONS,
) -> Windows:
    """Cut windows from continuous bars: ``floor((n - n_bars) / stride) + 1`` from each run without a gap.

    No window spans a gap; the calendar of the asset decides what a gap is. Cutting starts anew behind
    each gap and at the first bar of each symbol, so that appended bars add windows and move none.

    Parameters
    ----------
    frame : pl.DataFrame, Bars or any layout :func:`augury.normalize` reads
        Bars of one or more symbols.
    n_bars : int
        Bars of a window, at least 2.
    stride : int
        Bars from one window to the next, at least 1; smaller means more overlap.
    max_offset : int
        Without spans each window is moved by 0 to so many bars, uniformly, where the run has room.
        With spans it is how far the start of a span may lie from the first bar of the inner zone; 44
        uses the whole zone. With 0 the position inside the window tells where the span is.
    blacklist : Blacklist, frame or sequence, optional
        ``(symbol, raw_start_idx, raw_end_idx, reason, date)``; no window overlaps one.
    spans : pl.DataFrame, optional
        ``symbol, start_ts, end_ts`` of the first and last bar of each labelled span, and ``label``. One
        window is cut around each span, its start at a random bar of the inner zone, its end inside.
    seed : int
        Of the random offsets; each symbol draws from a stream of its own.
    timeframe, symbol : str, optional
        When the frame does not tell.
    calendar : str, optional
        Default: that of the ``Bars``; for a plain frame 24/7 when it has bars on both days of a
        weekend, else XNYS. Which was taken stands in ``notes``.
    sessions : mapping
        Tag to (first hour, hour after the last) in UTC; daily and weekly bars carry no tag.

    Returns
    -------
    Windows
        Sorted by symbol and time.

    Raises
    ------
    InsufficientHistory
        No symbol has ``n_bars`` bars in a row: ``insufficient_history need=105 have=104``.
    ValidationError
        A window holds a bar that breaks a rule of prices.
    UsageError
        Settings out of range.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> found = extract_windows(SyntheticMarket(n_symbols=1, n_bars=1000).bars())
    >>> len(found), found.prices.shape
    (18, (18, 105, 4))
    """
    _check_settings(n_bars, stride, max_offset, spans)
    bars, notes = _bars(frame, timeframe, calendar, symbol)
    cuts, left_out = _cuts(bars, n_bars, stride, max_offset, spans, seed)
    table = _described(cuts, bars, n_bars, sessions)
    table, rejected = _without_blacklisted(table, Blacklist.of(blacklist))
    notes += left_out + ((f"{rejected} windows overlap a blacklisted range and are left out",) if rejected else ())
    prices = _prices(bars, table["row"].to_numpy(), n_bars)
    _refuse_broken(prices, table)
    return Windows(prices, table.select(*WINDOW_SCHEMA), bars.timeframe, max_offset, notes)


def _check_settings(n_bars: int, stride: int, max_offset: int, spans: pl.DataFrame | None) -> None:
    for name, value, least in (("n_bars", n_bars, 2), ("stride", stride, 1), ("max_offset", max_offset, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name}={value} must be a whole number of bars, at least {least}")
    if spans is None:
        return
    if n_bars != WINDOW_BARS:
        raise UsageError(f"spans lie in the inner zone of {WINDOW_BARS} bars, n_bars={n_bars} has none")
    if missing := [name for name in ("symbol", "start_ts", "end_ts") if name not in spans.columns]:
        raise UsageError(f"spans lack {', '.join(missing)} (found {spans.columns})")


def _bars(
    frame: Any, timeframe: Timeframe | str | None, calendar: str | None, symbol: str | None
) -> tuple[Bars, tuple[str, ...]]:
    length = Timeframe.parse(timeframe) if timeframe is not None else None
    if isinstance(frame, Bars):
        return replace(frame, timeframe=length or frame.timeframe, calendar=calendar or frame.calendar), ()
    if isinstance(frame, pl.DataFrame) and all(frame.schema.get(name) == dtype for name, dtype in BAR_SCHEMA.items()):
        canonical = frame.select(*BAR_SCHEMA)
        if (length := length or infer_timeframe(canonical)) is None:
            raise UsageError("the spacing of the bars is of no known timeframe: give timeframe=, e.g. 'h1'")
        bars = Bars(canonical, length)
    else:
        bars = normalize(frame, timeframe=length, symbol=symbol).bars
    if calendar is not None:
        return replace(bars, calendar=calendar), ()
    weekend = set(bars.frame["ts"].dt.weekday().unique()) >= {6, 7}
    assumed = "24/7" if weekend else "XNYS"
    return replace(bars, calendar=assumed), (f"calendar {assumed} assumed: name another with calendar=",)


def _cuts(
    bars: Bars, n_bars: int, stride: int, max_offset: int, spans: pl.DataFrame | None, seed: int
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    runs = runs_of(bars)
    longest = max((own.longest for own in runs), default=0)
    if longest < n_bars:
        raise short_history(longest, n_bars, bars.symbols[0] if len(runs) == 1 else "the longest run of bars")
    parts = []
    for own in runs:
        rng = np.random.default_rng(derive(seed, "windows", own.symbol))
        if spans is None:
            parts.append(stride_cuts(own, n_bars, stride, max_offset, rng))
        else:
            parts.append(span_cuts(own, bars, spans, max_offset, rng))
    cuts = pl.concat(parts)
    gaps = sum(len(own.first) - 1 for own in runs)
    lost = 0 if spans is None else spans.height - cuts.height
    notes = (f"{gaps} gaps: no window spans one",) if gaps else ()
    return cuts, notes + ((f"{lost} spans have no window of whole bars around them",) if lost else ())


def _described(cuts: pl.DataFrame, bars: Bars, n_bars: int, sessions: Hours) -> pl.DataFrame:
    ts = bars.frame["ts"]
    table = cuts.with_columns(
        ts.gather(cuts["row"]).alias("start_ts"),
        ts.gather(cuts["row"] + n_bars - 1).alias("end_ts"),
        (pl.col("row") - pl.col("origin")).alias("raw_start_idx"),
        (pl.col("row") - pl.col("origin") + n_bars - 1).alias("raw_end_idx"),
        pl.lit(None, pl.String).alias("volatility_bucket"),
        pl.lit(bars.data_version).alias("data_version"),
    )
    begun = pl.col("start_ts").dt.strftime("%Y%m%dT%H%M")
    names = pl.concat_str("symbol", pl.lit(str(bars.timeframe)), begun, separator=":")
    return table.with_columns(names.alias("window_id"), _session(bars.timeframe, sessions).alias("session"))


def _session(timeframe: Timeframe, sessions: Hours) -> pl.Expr:
    tag: pl.Expr = pl.lit(None, pl.String)
    if timeframe.minutes is None:
        return tag
    hour = pl.col("end_ts").dt.hour()
    for name, (first, stop) in reversed(list(sessions.items())):
        inside = (hour >= first) & (hour < stop) if first < stop else (hour >= first) | (hour < stop)
        tag = pl.when(inside).then(pl.lit(name)).otherwise(tag)
    return tag


def _without_blacklisted(table: pl.DataFrame, blacklist: Blacklist) -> tuple[pl.DataFrame, int]:
    if not len(blacklist):
        return table, 0
    hit = np.zeros(table.height, dtype=np.bool_)
    names = table["symbol"].to_numpy()
    first, last = (table[name].to_numpy() for name in ("raw_start_idx", "raw_end_idx"))
    begin, end = (table[name].to_physical().to_numpy() for name in ("start_ts", "end_ts"))
    for name in blacklist.frame["symbol"].unique(maintain_order=True):
        own = names == name
        hit[own] = blacklist.hits(name, first[own], last[own], (begin[own], end[own]))
    return table.filter(pl.Series(~hit)), int(hit.sum())


def _prices(bars: Bars, rows: Ints, n_bars: int) -> Floats:
    prices = bars.frame.select(PRICES).to_numpy(order="c").astype(np.float64, copy=False)
    cut: Floats = prices[rows[:, None] + np.arange(n_bars)]
    return cut


def _refuse_broken(prices: Floats, table: pl.DataFrame) -> None:
    broken = broken_bars(prices)
    if not broken.any():
        return
    window, bar = (int(at) for at in np.argwhere(broken)[0])
    row = table.row(window, named=True)
    windows = int(broken.any(axis=1).sum())
    raise ValidationError(
        f"{row['symbol']} bar {row['raw_start_idx'] + bar} (window {row['window_id']} bar {bar}): "
        f"{describe_bar(prices[window, bar])}; {windows} of {len(prices)} windows hold such a bar",
        fix="augury data check FILE",
        rows=int(broken.sum()),
    )

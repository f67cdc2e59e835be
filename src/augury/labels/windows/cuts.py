"""Where windows are cut: runs of bars without a gap, and the rows at which windows begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.typing import Ints
from augury.data.calendar import market_calendar
from augury.features.engine import symbol_starts
from augury.labels.windows.gaps import gap_before
from augury.labels.windows.rules import INNER_FIRST, INNER_LAST, WINDOW_BARS

_CUT: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "row": pl.Int64(),
    "origin": pl.Int64(),
    "offset": pl.Int64(),
    "label": pl.String(),
    "expansion_start": pl.Int64(),
    "expansion_end": pl.Int64(),
}


@dataclass(frozen=True)
class Runs:
    """The bars of one symbol as runs without a gap.

    Parameters
    ----------
    symbol : str
        Whose bars they are.
    origin : int
        Row of its first bar in the whole frame.
    first, stop : array of int, shape (n_runs,)
        First row of each run and the row behind its last.
    """

    symbol: str
    origin: int
    first: Ints
    stop: Ints

    @property
    def longest(self) -> int:
        """Bars of the longest run."""
        return int((self.stop - self.first).max())


def runs_of(bars: Bars) -> list[Runs]:
    """Divide the bars of each symbol at its gaps; the calendar of the bars decides what a gap is."""
    starts = symbol_starts(bars.frame)
    stops = np.append(starts, bars.frame.height)[1:]
    calendar = market_calendar(bars.calendar)
    found = []
    for origin, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        ts = bars.frame["ts"][origin:stop]
        gaps = np.flatnonzero(gap_before(ts, bars.timeframe, calendar)) + origin
        edges = np.concatenate([[origin], gaps, [stop]]).astype(np.int64)
        found.append(Runs(bars.frame["symbol"][origin], origin, edges[:-1], edges[1:]))
    return found


def stride_cuts(runs: Runs, n_bars: int, stride: int, max_offset: int, rng: np.random.Generator) -> pl.DataFrame:
    """Begin a window at every ``stride``-th bar of each run, moved by 0 to ``max_offset`` bars.

    A window that its draw would move beyond the run is left out until the bars are there: bars that are
    added never move a window.

    Parameters
    ----------
    runs : Runs
        Of one symbol.
    n_bars, stride, max_offset : int
        As in :func:`augury.labels.extract_windows`.
    rng : Generator
        Draws the offsets.

    Returns
    -------
    pl.DataFrame
        ``symbol, row`` (of the first bar in the frame), ``origin, offset, label`` and the span, null.
    """
    counts = np.maximum((runs.stop - runs.first - n_bars) // stride + 1, 0)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.repeat(runs.first, counts) + stride * nth
    room = np.repeat(runs.stop, counts) - n_bars - rows
    moved = rng.integers(0, max_offset, size=len(room), endpoint=True, dtype=np.int64)
    fits = moved <= room
    return pl.DataFrame(
        {"symbol": runs.symbol, "row": (rows + moved)[fits], "origin": runs.origin, "offset": moved[fits]}
        | {"label": None, "expansion_start": None, "expansion_end": None},
        schema=_CUT,
    )


def span_cuts(runs: Runs, bars: Bars, spans: pl.DataFrame, max_offset: int, rng: np.random.Generator) -> pl.DataFrame:
    """Begin a window so that each span starts at a random bar of the inner zone and ends inside it.

    The bar is drawn uniformly from those that leave the span inside the zone, the window inside its
    run, and lie at most ``max_offset`` bars behind the first bar of the zone. A span for which there
    is none gets no window.

    Parameters
    ----------
    runs : Runs
        Of one symbol.
    bars : Bars
        Whose opens the spans are named by.
    spans : pl.DataFrame
        ``symbol, start_ts, end_ts`` and perhaps ``label``.
    max_offset : int
        0 puts every span at the first bar of the zone.
    rng : Generator
        Draws the place.

    Returns
    -------
    pl.DataFrame
        As :func:`stride_cuts`.
    """
    wanted = spans.filter(pl.col("symbol") == runs.symbol).sort("start_ts", "end_ts")
    rows = bars.frame["ts"][runs.origin : int(runs.stop[-1])].to_frame().with_row_index("at", offset=runs.origin)
    found = (
        wanted.with_columns(pl.col("start_ts", "end_ts").cast(TIMESTAMP))
        .join(rows.rename({"ts": "start_ts", "at": "first"}), on="start_ts", how="inner", maintain_order="left")
        .join(rows.rename({"ts": "end_ts", "at": "last"}), on="end_ts", how="inner", maintain_order="left")
    )
    begin, end = (found[side].to_numpy().astype(np.int64) for side in ("first", "last"))
    run = np.searchsorted(runs.first, begin, side="right") - 1
    earliest = np.maximum(INNER_FIRST, begin + WINDOW_BARS - runs.stop[run])
    latest = np.minimum(np.minimum(INNER_LAST - (end - begin), INNER_FIRST + max_offset), begin - runs.first[run])
    fits = (end > begin) & (earliest <= latest)
    begin, end, earliest, latest = begin[fits], end[fits], earliest[fits], latest[fits]
    place = rng.integers(earliest, latest, endpoint=True, dtype=np.int64)
    labels = found["label"].filter(pl.Series(fits)) if "label" in found.columns else None
    cuts = pl.DataFrame(
        {"symbol": runs.symbol, "row": begin - place, "origin": runs.origin, "offset": place - INNER_FIRST}
        | {"label": labels, "expansion_start": place, "expansion_end": place + end - begin},
        schema=_CUT,
    )
    # Two spans may be cut at one bar: the first keeps the window.
    return cuts.unique("row", keep="first", maintain_order=True).sort("row")

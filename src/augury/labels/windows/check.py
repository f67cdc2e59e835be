"""Is a set of windows fit to learn from? Every finding at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.labels.windows.extraction import Windows
from augury.labels.windows.rules import INNER_FIRST, INNER_LAST, broken_bars, describe_bar

CLASS_MIN: Final = 2
"""Fewest windows of a class."""
CLASS_RATIO_MAX: Final = 10.0
"""Windows of the commonest class over those of the rarest."""


@dataclass(frozen=True, slots=True)
class WindowFinding:
    """One rule broken by a set of windows.

    Parameters
    ----------
    code : str
        ``BROKEN_BAR``, ``MISSING_KEY``, ``MISSING_END``, ``TIME_ORDER``, ``DUPLICATE_ID``, ``DUPLICATE``,
        ``SPAN``, ``CLASS_SIZE`` or ``CLASS_RATIO``.
    message : str
        The first window that breaks it, what was found and the rule.
    rows : int
        Windows that break it.
    """

    code: str
    message: str
    rows: int


def check_windows(windows: Windows) -> list[WindowFinding]:
    """Check windows as a data set.

    Bars are whole; ids are unique; ``end_ts`` is there and after ``start_ts``; a span is given whole, lies
    in bars 30 to 74 and ends after it starts; no (symbol, start_ts) twice; each class has at least 2
    windows and none has more than 10 times those of another.

    Parameters
    ----------
    windows : Windows
        Labelled or not.

    Returns
    -------
    list of WindowFinding
        Empty when all rules hold.
    """
    return [*_bars(windows), *_keys(windows.frame), *_spans(windows.frame), *_classes(windows.frame)]


def overlap(windows: Windows) -> pl.DataFrame:
    """Report how many bars are used more than once.

    Returns
    -------
    pl.DataFrame
        ``symbol, windows, bars`` (different bars), ``bars_twice`` and ``share_twice`` of them; counted on
        row numbers where known, on start times otherwise.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.labels.windows.extraction import extract_windows
    >>> found = extract_windows(SyntheticMarket(n_symbols=1, n_bars=157).bars())
    >>> overlap(found).row(0)
    ('SYN001', 2, 157, 53, 0.337...)
    """
    n_bars = windows.prices.shape[1]
    rows: list[tuple[str, int, int | None, int | None, float | None]] = []
    keyed = windows.frame.with_row_index("at").sort("symbol", "start_ts")
    for part in keyed.partition_by("symbol", maintain_order=True):
        if part["raw_start_idx"].null_count():
            rows.append((part["symbol"][0], part.height, None, None, None))
            continue
        first = np.sort(part["raw_start_idx"].to_numpy())
        first = first - first[0]
        # +1 where a window begins, -1 behind its end: the running sum counts the windows over a bar.
        steps = np.zeros(int(first[-1]) + n_bars + 1, dtype=np.int64)
        np.add.at(steps, first, 1)
        np.add.at(steps, first + n_bars, -1)
        used = np.cumsum(steps)
        bars, twice = int((used > 0).sum()), int((used > 1).sum())
        rows.append((part["symbol"][0], part.height, bars, twice, twice / bars))
    schema = {"symbol": pl.String(), "windows": pl.Int64(), "bars": pl.Int64(), "bars_twice": pl.Int64()}
    return pl.DataFrame(rows, schema=schema | {"share_twice": pl.Float64()}, orient="row")


def _bars(windows: Windows) -> Iterator[WindowFinding]:
    broken = broken_bars(windows.prices)
    if broken.any():
        window, bar = (int(at) for at in np.argwhere(broken)[0])
        what = describe_bar(windows.prices[window, bar])
        n = int(broken.any(axis=1).sum())
        yield WindowFinding("BROKEN_BAR", f"window {window} bar {bar}: {what}; {n} windows hold a broken bar", n)


def _first(code: str, frame: pl.DataFrame, bad: pl.Expr, what: str) -> Iterator[WindowFinding]:
    rows = frame.select(bad.fill_null(value=False)).to_series()
    if n := int(rows.sum()):
        at = int(rows.arg_max() or 0)
        yield WindowFinding(code, f"window {at}: {what.format(**frame.row(at, named=True))}; {n} windows", n)


def _keys(frame: pl.DataFrame) -> Iterator[WindowFinding]:
    yield from _first("MISSING_KEY", frame, pl.any_horizontal(pl.col("window_id", "symbol", "start_ts").is_null()),
                      "window_id, symbol and start_ts must be given")  # fmt: skip
    yield from _first("MISSING_END", frame, pl.col("end_ts").is_null(),
                      "end_ts is missing: it is the open of the last bar, never filled in")  # fmt: skip
    yield from _first("TIME_ORDER", frame, pl.col("end_ts") <= pl.col("start_ts"),
                      "end_ts {end_ts} is not after start_ts {start_ts}")  # fmt: skip
    yield from _first("DUPLICATE_ID", frame, pl.col("window_id").is_duplicated() & pl.col("window_id").is_not_null(),
                      "the id {window_id} is there twice")  # fmt: skip
    yield from _first("DUPLICATE", frame, pl.struct("symbol", "start_ts").is_duplicated(),
                      "{symbol} {start_ts} is there twice")  # fmt: skip


def _spans(frame: pl.DataFrame) -> Iterator[WindowFinding]:
    start, end = pl.col("expansion_start"), pl.col("expansion_end")
    inside = start.is_between(INNER_FIRST, INNER_LAST) & end.is_between(INNER_FIRST, INNER_LAST) & (start < end)
    none = start.is_null() & end.is_null()
    bad = ~none & ~inside.fill_null(value=False)
    rule = f"both must lie in {INNER_FIRST}..{INNER_LAST} and the start before the end"
    yield from _first("SPAN", frame, bad, "span {expansion_start}..{expansion_end}: " + rule)


def _classes(frame: pl.DataFrame) -> Iterator[WindowFinding]:
    counts = frame["label"].drop_nulls().value_counts(sort=True).sort("count", "label", descending=[True, False])
    if counts.is_empty():
        return
    (most, n_most), (least, n_least) = counts.row(0), counts.row(-1)
    if n_least < CLASS_MIN:
        yield WindowFinding(
            "CLASS_SIZE", f"class '{least}' has {n_least} windows, each needs at least {CLASS_MIN}", n_least
        )
    if n_most / n_least > CLASS_RATIO_MAX:
        yield WindowFinding(
            "CLASS_RATIO", f"'{most}' has {n_most} windows and '{least}' {n_least}: the ratio is at most 10", n_most
        )

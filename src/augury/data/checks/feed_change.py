"""FEED_CHANGE: a series comes from one feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.typing import Floats, Ints
from augury.data.checks._view import BarsView, logarithm, middle
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

CHUNK: Final = 20
"""Bars looked at together."""
SAMPLE: Final = 5
"""Prices of a chunk whose decimals are counted."""
SIDE: Final = 4
"""Chunks needed on either side."""
VOLUME: Final = float(np.log(20.0))
CALM: Final = float(np.log(3.0))
"""How far volume may wander within each side (in logs)."""
MOST_DECIMALS: Final = 5


@dataclass(frozen=True)
class FeedChange:
    """Volume in another unit, prices with more or without decimals: from one date on, another source.

    Only what changes from one bar to the next for good is told; volume that grows is a market.
    """

    code: str = "FEED_CHANGE"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare chunks of bars before and after each border."""
        chunks = _chunks(view)
        series = view.series[chunks]
        volume = logarithm(view.column("volume"))
        level = middle(volume[chunks[:, None] + np.arange(CHUNK)], least=CHUNK // 2)
        sample = view.column("close")[chunks[:, None] + np.arange(SAMPLE)]
        places = _decimals(sample.ravel()).reshape(sample.shape).max(axis=1) if len(chunks) else chunks
        found = []
        for number in np.unique(series).tolist():
            mine = slice(*np.searchsorted(series, [number, number + 1]).tolist())
            begin, end = int(view.starts[number]), int(view.ends[number])
            steps = (_volume_step(level[mine], volume[begin:end]), _decimal_step(places[mine]))
            for row, text in (step for step in steps if step is not None):
                symbol, ts = view.frame["symbol"][begin], view.frame["ts"][begin + row]
                found.append(of_symbol(self, context, symbol, end - begin - row, ts, text))
        return found


def _chunks(view: BarsView) -> Ints:
    """First row of each whole chunk of the symbols that have enough of them."""
    counts = (view.ends - view.starts) // CHUNK
    counts = np.where(counts >= 2 * SIDE, counts, 0)
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.repeat(view.starts, counts) + CHUNK * rank, dtype=np.int64)


def _volume_step(level: Floats, logs: Floats) -> tuple[int, str] | None:
    usual = np.lib.stride_tricks.sliding_window_view(level, SIDE).mean(axis=1)
    steps = np.abs(usual[SIDE + 1 :] - usual[: -SIDE - 1])
    if not len(steps) or not np.isfinite(level).all():
        return None
    # The chunk between the two sides may hold the step itself.
    at = int(np.argmax(steps)) + SIDE
    old, new = float(np.median(level[:at])), float(np.median(level[at + 1 :]))
    calm = max(np.abs(level[:at] - old).max(), np.abs(level[at + 1 :] - new).max()) < CALM
    if not calm or abs(new - old) < VOLUME:
        return None
    first = max(0, (at - 1) * CHUNK)
    beyond = logs[first : (at + 2) * CHUNK] > (old + new) / 2
    row = first + int(np.argmax(beyond if new > old else ~beyond))
    return row, f"volume is {np.exp(new - old):.3g} times that before, from one bar to the next and for good"


def _decimals(close: Floats) -> Ints:
    """Decimal places of each price; ``MOST_DECIMALS + 1`` for a price on no such grid."""
    places = np.full(len(close), MOST_DECIMALS + 1)
    for count in range(MOST_DECIMALS, -1, -1):
        scaled = close * 10.0**count
        with np.errstate(invalid="ignore"):
            places[np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(1.0, 1e-3 * scaled)] = count
    return places


def _decimal_step(most: Ints) -> tuple[int, str] | None:
    first, last = int(most[0]), int(most[-1])
    changes = np.flatnonzero(np.diff(most))
    if first == last or max(first, last) > MOST_DECIMALS or not len(changes):
        return None
    # Prices divided for a later split have more decimals before it: only a finer grid later, or none at all, tells.
    at = int(changes[0]) + 1
    clean = bool((most[:at] == first).all() and (most[at + 1 :] == last).all())
    if not clean or min(at, len(most) - at) < SIDE or not (last > first or last == 0):
        return None
    return at * CHUNK, f"closes have {last} decimals, {first} before"


CHECK = FeedChange()

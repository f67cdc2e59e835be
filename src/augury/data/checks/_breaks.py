"""Every large overnight move with the evidence that tells a defect from a market.

A defect moves open and close alike, trades no more than usual and leaves the market alone; a crash
brings turnover, or falls within the day, or takes the other symbols along. A move that is undone by
an equal one later was never a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.typing import Bools, Floats, Ints
from augury.data.checks._view import BarsView, middle

LEAST: Final = float(np.log(1.4))
"""Smallest move looked at (in logs)."""
LONGEST_DAYS: Final = 180
"""A move over a longer hole is no move but another time (REUSED_TICKER)."""
TOGETHER: Final = 0.10
"""How far the open's move may be from the close's (in logs): what a day moves by itself."""
LEVEL_BARS: Final = 10
FLIP_BARS: Final = 4
"""Bars on another level, at least, that are a stretch; fewer are single wrong bars."""
USUAL_BARS: Final = 20
NO_MARKET: Final = float(np.log(5.0))
"""A move (in logs) that no market makes and takes back, whatever it trades."""
FLIP_LEAST: Final = float(np.log(1.8))
SURGE: Final = 2.0
"""Times the usual turnover that speak for a market at work."""
STRONG_SURGE: Final = 4.0
PEERS_LEAST: Final = 5
PEERS_MOVE: Final = 0.05
"""Median move of the others (in logs) on a day that moved everything."""
UNDONE: Final = 0.12
"""Share of a move by which the one that takes it back may differ."""
SPLITS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 100)
NEAR_SPLIT: Final = 0.03
SPLIT_TOGETHER: Final = 0.06
"""How far open and close of a split's day may be apart (in logs)."""
SPLIT_LEAST: Final = 0.6
"""Moves below this (in logs) are nearer to 1 than to any split."""
NEAR_TEN: Final = 0.045
"""Distance from a power of ten that still counts as a slipped decimal (in powers of ten)."""
EXPLAINED: Final = 0.5
"""An adjusted close that moved less than this share of the raw one knew of the event."""


@dataclass(frozen=True)
class Breaks:
    """Large moves, one element each, in the order of the rows.

    Parameters
    ----------
    rows : np.ndarray
        Row of the bar that moved.
    move, gap : np.ndarray
        Log return to its close and to its open.
    together : np.ndarray of bool
        Open and close moved alike; unknown without an open.
    opened : np.ndarray of bool
        The bar has an open.
    lasting : np.ndarray of bool
        The next bars stay at the new level.
    surge : np.ndarray
        Turnover and volume in terms of the usual, the smaller of the two; NaN when unknown.
    peers : np.ndarray of bool
        Most other symbols moved the same way on that day.
    until : np.ndarray
        Row at which an equal move takes this one back; -1 when none does. ``back`` marks those rows.
    ten : np.ndarray
        Powers of ten the move is near to (0 when none).
    split : np.ndarray of bool
        The ratio is near n:1 or 1:n.
    traded : np.ndarray
        Change of the usual volume (in logs) from before to after; NaN when unknown.
    """

    rows: Ints
    move: Floats
    gap: Floats
    together: Bools
    opened: Bools
    lasting: Bools
    surge: Floats
    peers: Bools
    until: Ints
    back: Bools
    ten: Ints
    split: Bools
    traded: Floats

    @property
    def quiet(self) -> Bools:
        """No sign of a market at work: no surge is known and the others stood still."""
        return ~(self.surge >= SURGE) & ~self.peers

    @property
    def alone(self) -> Bools:
        """Neither undone later nor the undoing of another."""
        return (self.until < 0) & ~self.back

    @property
    def unit(self) -> Bools:
        """A lasting change by 100 or 1000 with the volume as before: another unit, not a split."""
        inverse = np.abs(self.traded + self.move) < np.abs(self.move) / 2
        lasting = self.alone & self.together & self.lasting
        return np.asarray(lasting & (np.abs(self.ten) >= 2) & ~inverse, dtype=np.bool_)

    @property
    def suspected(self) -> Bools:
        """An unadjusted split: near n:1, not undone, and without a market that would explain it."""
        market = (self.surge >= STRONG_SURGE) | self.peers
        return self.split & self.alone & ~market & ~self.unit

    @property
    def stitched(self) -> Bools:
        """A lasting change of level, open and close alike, on usual turnover."""
        return self.together & self.lasting & self.alone & self.quiet & ~self.unit

    @property
    def slipped(self) -> Bools:
        """Bars off by a power of ten until the level comes back."""
        return np.asarray((self.until >= 0) & (self.ten != 0), dtype=np.bool_)

    @property
    def flipped(self) -> Bools:
        """A stretch on another level that is taken back."""
        away = (self.until >= self.rows + FLIP_BARS) & (self.ten == 0) & self.quiet
        # Over years two moves may be equal by chance: without an open and a volume only a large factor tells.
        evident = np.where(np.isfinite(self.surge), self.together | ~self.opened, np.abs(self.move) > FLIP_LEAST)
        return np.asarray(away & evident, dtype=np.bool_)

    @property
    def brief(self) -> Bools:
        """A bar or two on another level."""
        near = (self.until >= 0) & (self.until - self.rows < FLIP_BARS)
        return np.asarray(near & (self.ten == 0) & self.quiet, dtype=np.bool_)


def breaks_of(view: BarsView) -> Breaks:
    """Find the large moves of a view; worked out once for each view."""
    found = view.kept.get(__name__)
    if not isinstance(found, Breaks):
        found = view.kept[__name__] = _find(view)
    assert isinstance(found, Breaks)
    return found


def _find(view: BarsView) -> Breaks:
    large = np.fmax(np.abs(view.move), np.abs(view.gap)) > LEAST
    known = np.abs(view.known_move) < EXPLAINED * np.abs(view.move)
    near = np.diff(view.days, prepend=view.days[:1]) <= LONGEST_DAYS
    rows = np.flatnonzero(large & ~known & near).astype(np.int64)
    move, gap = view.move[rows], view.gap[rows]
    opened = np.isfinite(gap)
    together = opened & (np.abs(gap - move) < np.maximum(TOGETHER, 0.1 * np.abs(move)))
    surge, traded = _volumes(view, rows)
    until, back = _undone(view, rows, move, surge)
    ten = np.rint(move / np.log(10.0))
    near_ten = np.abs(move / np.log(10.0) - ten) < NEAR_TEN
    return Breaks(
        rows=rows,
        move=move,
        gap=gap,
        together=together,
        opened=opened,
        lasting=_lasting(view, rows, move),
        surge=surge,
        peers=_peers(view, rows, move),
        until=until,
        back=back,
        ten=np.where(near_ten & np.isfinite(move), ten, 0.0).astype(np.int64),
        split=_near_split(move, gap, opened),
        traded=traded,
    )


def _lasting(view: BarsView, rows: Ints, move: Floats) -> Bools:
    old = middle(view.around(view.log_close, rows, -LEVEL_BARS, 0), least=3)
    new = middle(view.around(view.log_close, rows, 0, LEVEL_BARS), least=3)
    return np.asarray(np.abs((new - old) - move) < 0.35 * np.abs(move), dtype=np.bool_)


def _volumes(view: BarsView, rows: Ints) -> tuple[Floats, Floats]:
    """Surge on the day or the next, and the change of the usual volume."""
    surges = []
    for values in (view.turnover, view.column("volume")):
        usual = middle(view.around(values, rows, -USUAL_BARS, 0), least=5)
        peak = np.fmax(view.around(values, rows, 0, 1)[:, 0], view.around(values, rows, 1, 2)[:, 0])
        surges.append(np.divide(peak, usual, out=np.full(len(rows), np.nan), where=usual > 0))
    volume = np.where(view.column("volume") > 0, view.column("volume"), np.nan)
    old = middle(view.around(volume, rows, -USUAL_BARS, 0), least=5)
    new = middle(view.around(volume, rows, 0, USUAL_BARS), least=5)
    return np.minimum(*surges), np.log(new) - np.log(old)


def _peers(view: BarsView, rows: Ints, move: Floats) -> Bools:
    """Whether the median move of the other symbols at that time is large and of the same sign."""
    marks = np.zeros(len(rows), dtype=np.bool_)
    if len(view.starts) <= PEERS_LEAST or not len(rows):
        return marks
    times, at = np.unique(view.micros[rows], return_inverse=True)
    where = np.searchsorted(times, view.micros)
    hit = np.flatnonzero((where < len(times)) & (times[np.minimum(where, len(times) - 1)] == view.micros))
    for number in range(len(times)):
        moves = view.move[hit[where[hit] == number]] if len(times) < 64 else view.move[view.micros == times[number]]
        moves = moves[np.isfinite(moves)]
        if len(moves) > PEERS_LEAST:
            typical = float(np.median(moves))
            marks |= (at == number) & (abs(typical) > PEERS_MOVE) & (np.sign(move) == np.sign(typical))
    return marks


def _undone(view: BarsView, rows: Ints, move: Floats, surge: Floats) -> tuple[Ints, Bools]:
    """For each move the row of the next one of its symbol when that takes it back."""
    until, back = np.full(len(rows), -1, dtype=np.int64), np.zeros(len(rows), dtype=np.bool_)
    series = view.series[rows]
    for at in range(len(rows) - 1):
        after = at + 1
        if back[at] or series[after] != series[at] or not np.isfinite(move[at] + move[after]):
            continue
        undone = abs(move[at] + move[after]) < max(UNDONE * abs(move[at]), 0.1)
        market = min(surge[at], surge[after]) >= SURGE and abs(move[at]) < NO_MARKET
        if undone and abs(move[at]) > LEAST and not market:
            until[at], back[after] = rows[after], True
    return until, back


def _near_split(move: Floats, gap: Floats, opened: Bools) -> Bools:
    def near(values: Floats) -> Bools:
        up = np.exp(np.abs(values))[:, None]
        return np.asarray((np.abs(up / np.array(SPLITS) - 1) <= NEAR_SPLIT).any(axis=1), dtype=np.bool_)

    together = np.abs(gap - move) <= SPLIT_TOGETHER
    large = np.fmax(np.abs(move), np.abs(gap)) > SPLIT_LEAST
    return large & ((near(move) & (together | ~opened)) | (near(gap) & together))

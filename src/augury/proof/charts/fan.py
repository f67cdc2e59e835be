"""The fan: closes so far, and the 50, 80 and 95 % bands over the horizons ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from augury.proof.charts._svg import points, tag

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH: Final = 720.0
HEIGHT: Final = 300.0
LEFT, RIGHT, TOP = 8.0, 84.0, 14.0
BASE: Final = HEIGHT - 32.0
"""Height of the axis of bars."""
LABEL_GAP: Final = 54.0
"""Labels nearer to each other than this would touch."""
BANDS: Final = (95, 80, 50)
ROOM: Final = 0.04
"""Share of the height left free above and below."""


@dataclass(frozen=True)
class FanStep:
    """One horizon of the fan.

    Parameters
    ----------
    bars : int
        Bars ahead of the last close, >= 1.
    label : str
        The horizon, e.g. ``5d``.
    median : float
        Price.
    bands : dict
        50, 80 and 95 to (low, high) prices.
    """

    bars: int
    label: str
    median: float
    bands: dict[int, tuple[float, float]]


def fan(
    name: str, closes: Sequence[float], steps: Sequence[FanStep], *, first: str, last: str, title: str, summary: str
) -> Markup:
    """Draw closes and bands on one axis of bars.

    Parameters
    ----------
    name : str
        Unique on the page; ids are derived from it.
    closes : sequence of float
        Oldest first; the last is the close the forecasts start from.
    steps : sequence of FanStep
        Ascending in ``bars``; between two horizons the bands are straight lines.
    first, last : str
        Dates of the first and the last close.
    title, summary : str
        What the picture says, for who cannot see it.
    """
    frame = _Frame.around(closes, steps)
    parts = [tag("title", title, id=f"{name}-title"), tag("desc", summary, id=f"{name}-desc")]
    parts += _prices(frame)
    parts += [_band(level, steps, frame, closes[-1]) for level in BANDS]
    parts.append(tag("line", class_="now", x1=frame.x(0), x2=frame.x(0), y1=TOP, y2=BASE))
    past = [frame.x(number - frame.past) for number in range(len(closes))]
    parts.append(tag("polyline", class_="closes", points=points(past, [frame.y(close) for close in closes])))
    parts += _median(steps, frame, closes[-1])
    parts += _bars(steps, frame, first, last)
    return tag(
        "svg",
        *parts,
        class_="fan",
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values that lie inside ``low``..``high``, at least one.

    Examples
    --------
    >>> nice_ticks(2210.0, 2990.0)
    [2400.0, 2600.0, 2800.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / wanted
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)] or [(low + high) / 2]


@dataclass(frozen=True)
class _Frame:
    """From bars and prices to places on the paper."""

    past: int
    ahead: int
    low: float
    high: float
    ticks: list[float]

    @classmethod
    def around(cls, closes: Sequence[float], steps: Sequence[FanStep]) -> _Frame:
        levels = [*closes, *(end for step in steps for end in step.bands[max(BANDS)])]
        room = ROOM * (max(levels) - min(levels))
        low, high = min(levels) - room, max(levels) + room
        ahead = max((step.bars for step in steps), default=0)
        return cls(len(closes) - 1, ahead, low, high, nice_ticks(low, high))

    def x(self, bar: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (bar + self.past) / max(1, self.past + self.ahead)

    def y(self, price: float) -> float:
        return TOP + (BASE - TOP) * (self.high - price) / ((self.high - self.low) or 1)


def _prices(frame: _Frame) -> list[Markup]:
    parts = []
    for tick in frame.ticks:
        at = frame.y(tick)
        parts.append(tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at))
        parts.append(tag("text", _price(tick, frame.ticks), class_="tick", x=WIDTH - RIGHT + 8, y=at + 4))
    return parts


def _band(level: int, steps: Sequence[FanStep], frame: _Frame, start: float) -> Markup:
    across = [frame.x(0), *(frame.x(step.bars) for step in steps)]
    below = [frame.y(start), *(frame.y(step.bands[level][0]) for step in steps)]
    above = [frame.y(start), *(frame.y(step.bands[level][1]) for step in steps)]
    return tag("polygon", class_=f"band band{level}", points=points(across + across[::-1], above + below[::-1]))


def _median(steps: Sequence[FanStep], frame: _Frame, start: float) -> list[Markup]:
    across = [frame.x(0), *(frame.x(step.bars) for step in steps)]
    heights = [frame.y(start), *(frame.y(step.median) for step in steps)]
    knots = [tag("circle", class_="knot", cx=x, cy=y, r=2.5) for x, y in zip(across[1:], heights[1:], strict=True)]
    return [tag("polyline", class_="median", points=points(across, heights)), *knots]


def _bars(steps: Sequence[FanStep], frame: _Frame, first: str, last: str) -> list[Markup]:
    now = frame.x(0)
    parts = [tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=BASE, y2=BASE)]
    taken = WIDTH
    for step in reversed(steps):
        at = frame.x(step.bars)
        parts.append(tag("line", class_="axis", x1=at, x2=at, y1=BASE, y2=BASE + 4))
        if taken - at >= LABEL_GAP and at - now >= LABEL_GAP / 3:
            parts.append(tag("text", step.label, class_="tick", x=at, y=BASE + 20, text_anchor="middle"))
            taken = at
    parts.append(tag("text", last, class_="tick", x=now, y=BASE + 20, text_anchor="end"))
    if now - LEFT > 6 * LABEL_GAP:
        parts.append(tag("text", first, class_="tick wide", x=LEFT, y=BASE + 20))
    return parts


def _price(value: float, ticks: Sequence[float]) -> str:
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(value) or 1.0
    least = max(0, -math.floor(math.log10(step) + 1e-9))
    digits = least if abs(round(step, least) - step) < 1e-6 * step else least + 1
    return f"{value:,.{digits}f}"

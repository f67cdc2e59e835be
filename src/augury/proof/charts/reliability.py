"""The reliability chart: how often it came true against how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from augury.core.metrics.calibration import ReliabilityBin
from augury.proof.charts._svg import tag

if TYPE_CHECKING:
    from markupsafe import Markup

SIDE, LEFT, TOP, BOTTOM = 240.0, 40.0, 8.0, 40.0
RADIUS_MIN, RADIUS_MAX = 2.5, 7.0


def reliability_chart(name: str, bins: Sequence[ReliabilityBin], *, title: str, summary: str) -> Markup:
    """Draw one dot a bin with its 95 % interval; the area of a dot is its number of rows.

    Parameters
    ----------
    name : str
        Unique on the page; ids are derived from it.
    bins : sequence of ReliabilityBin
        At least one.
    title, summary : str
        What the picture says, for who cannot see it.
    """

    def x(value: float) -> float:
        return LEFT + value * SIDE

    def y(value: float) -> float:
        return TOP + (1 - value) * SIDE

    parts = [tag("title", title, id=f"{name}-title"), tag("desc", summary, id=f"{name}-desc")]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(tag("line", class_="grid", x1=x(0), x2=x(1), y1=y(value), y2=y(value)))
        parts.append(tag("text", f"{value:.0%}", class_="tick", x=LEFT - 6, y=y(value) + 4, text_anchor="end"))
        parts.append(tag("text", f"{value:.0%}", class_="tick", x=x(value), y=y(0) + 18, text_anchor="middle"))
    parts.append(tag("text", "said", class_="tick", x=x(0.5), y=y(0) + 34, text_anchor="middle"))
    parts.append(tag("line", class_="ideal", x1=x(0), x2=x(1), y1=y(0), y2=y(1)))
    most = max(b.n for b in bins)
    for b in bins:
        at, radius = x(b.confidence), max(RADIUS_MIN, RADIUS_MAX * (b.n / most) ** 0.5)
        parts.append(tag("line", class_="whisker", x1=at, x2=at, y1=y(b.accuracy_low), y2=y(b.accuracy_high)))
        parts.append(tag("circle", class_="dot", cx=at, cy=y(b.accuracy), r=radius))
    return tag(
        "svg",
        *parts,
        class_="reliability",
        viewBox=f"0 0 {LEFT + SIDE + 20:.0f} {TOP + SIDE + BOTTOM:.0f}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )

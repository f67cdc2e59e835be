"""What stands on the page: every sentence and figure computed from the rows of its own table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final

import polars as pl

from augury.core.forecast import Forecast
from augury.core.metrics.calibration import ReliabilityBin
from augury.core.score import GateResult, Score
from augury.core.version import VersionManifest
from augury.proof.charts.fan import FanStep, fan
from augury.proof.charts.reliability import reliability_chart
from augury.proof.selection import METRICS, Deflated

if TYPE_CHECKING:
    from markupsafe import Markup

VERDICTS: Final = {
    "skill": ("●", "skill", "direction and bands are served"),
    "calibrated_only": ("◐", "bands only", "calibrated bands are served, the direction abstains"),
    "insufficient": ("○", "insufficient", "too few independent rows; bands are served, the direction abstains"),
    "refused": ("✕", "refused", "nothing is served"),
}
DIRECTIONS: Final = {"BULLISH": "▲", "NEUTRAL": "■", "BEARISH": "▼"}
LEVELS: Final = (50, 80, 95)


@dataclass(frozen=True)
class ReportCell:
    """One model version and what it said.

    Parameters
    ----------
    manifest : VersionManifest
        Scores, verdict and provenance.
    forecast : Forecast or None
        The newest; None when the version was refused or has said nothing.
    history : pl.DataFrame
        ``ts, close``, oldest first, ending at the bar the forecast starts from.
    reliability : list of ReliabilityBin
        On the report rows; may be empty.
    extra : dict
        Further facts, name to text, shown with the cell.
    deflated : dict
        Score to its deflated value, None where that is undefined: what is selected on is shown beside it.
    """

    manifest: VersionManifest
    forecast: Forecast | None
    history: pl.DataFrame
    reliability: list[ReliabilityBin] = field(default_factory=list)
    extra: Mapping[str, str] = field(default_factory=dict)
    deflated: Mapping[str, Deflated | None] = field(default_factory=dict)

    @property
    def badges(self) -> tuple[str, ...]:
        """What a reader must know before reading a figure."""
        flags = self.forecast.flags if self.forecast else ()
        synthetic = self.manifest.synthetic or "synthetic" in flags
        degraded = self.manifest.degraded or "degraded" in flags
        shown = {"synthetic market": synthetic, "replay": "replay" in flags, "degraded": degraded}
        return tuple(name for name, applies in (shown | {"stale": "stale" in flags}).items() if applies)

    @property
    def scores(self) -> tuple[Score, ...]:
        """Scores of the report slice; what was fitted or selected on is never quoted."""
        return tuple(score for score in self.manifest.scores if score.slice == "report")

    def score(self, name: str) -> Score | None:
        """Return a report score by name."""
        return next((score for score in self.scores if score.name == name), None)

    def luck(self, score: Score) -> str:
        """What stands beside a score that is selected on; empty for any other."""
        if score.name not in METRICS:
            return ""
        one = self.deflated.get(score.name)
        return one.beside() if one is not None else "trials not counted"

    @property
    def reasons(self) -> tuple[GateResult, ...]:
        """The failed gates that decided the verdict; notes are shown with the gates."""
        return self.manifest.verdict.failed

    @property
    def deciding(self) -> tuple[GateResult, ...]:
        """The reasons of the hardest effect, unless they only repeat the verdict's word."""
        word = self.manifest.verdict.word
        effect = {"refused": "refuse", "calibrated_only": "abstain"}.get(word)
        return tuple(gate for gate in self.reasons if gate.effect == effect)


@dataclass(frozen=True)
class Section:
    """The cells of one symbol and timeframe, with their fan."""

    name: str
    symbol: str
    timeframe: str
    badges: tuple[str, ...]
    cells: tuple[tuple[str, ReportCell], ...]
    summary: str
    chart: Markup | None
    steps: tuple[tuple[ReportCell, Forecast], ...]


def sections(cells: Sequence[ReportCell]) -> list[Section]:
    """Group cells by symbol and timeframe, in the order given; horizons ascend."""
    order = {_key(cell): number for number, cell in reversed(list(enumerate(cells)))}
    placed = sorted(cells, key=lambda cell: (order[_key(cell)], cell.manifest.label_spec.horizon_bars))
    groups = [list(group) for _, group in groupby(placed, key=_key)]
    return [_section(f"s{number}", group) for number, group in enumerate(groups)]


def headline(cells: Sequence[ReportCell]) -> str:
    """Count the verdicts in one sentence.

    Examples
    --------
    >>> headline([])
    'No cells.'
    """
    if not cells:
        return "No cells."
    counts = Counter(cell.manifest.verdict.word for cell in cells)
    parts = [f"{counts[word]} {VERDICTS[word][1]}" for word in VERDICTS if counts[word]]
    return f"{len(cells)} cell{'s' if len(cells) != 1 else ''}: {', '.join(parts)}."


def reliability_summary(bins: Sequence[ReliabilityBin]) -> str:
    """Say how far confidence and accuracy lie apart, weighted by rows."""
    rows = sum(b.n for b in bins)
    gap = sum(b.n * abs(b.confidence - b.accuracy) for b in bins) / rows
    surer = sum(b.n * (b.confidence - b.accuracy) for b in bins) / rows
    side = "too sure" if surer > 0 else "too modest"
    return f"Confidence and accuracy differ by {100 * gap:.1f} points over {rows:,} rows; on balance {side}."


def reliability_picture(name: str, cell: ReportCell) -> Markup:
    """Draw the reliability of one cell."""
    title = f"Reliability of {cell.manifest.cell}"
    return reliability_chart(name, cell.reliability, title=title, summary=reliability_summary(cell.reliability))


def percent(value: float, digits: int = 2) -> str:
    """Write a return as a signed percentage.

    Examples
    --------
    >>> percent(0.0042), percent(-0.031), percent(0.0)
    ('+0.42 %', '−3.10 %', '0.00 %')
    """
    number = round(100 * value, digits)
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return f"{sign}{abs(number):.{digits}f} %"


def price(value: float) -> str:
    """Write a price with two decimals, small ones with four significant digits.

    Examples
    --------
    >>> price(2506.849), price(0.012345)
    ('2,506.85', '0.01235')
    """
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"


def signed(value: float | None, digits: int = 3) -> str:
    """Write a figure with a true minus and no minus before zero; an unknown one as a dash.

    Examples
    --------
    >>> signed(-0.0181), signed(-0.0001), signed(None)
    ('−0.018', '0.000', '–')
    """
    return "–" if value is None else f"{value:z.{digits}f}".replace("-", "−")


def prices(forecast: Forecast, level: int) -> tuple[float, float]:
    """Return (low, high) prices of a band."""
    low, high = forecast.band(level)
    return forecast.current_price * (1 + low), forecast.current_price * (1 + high)


def _key(cell: ReportCell) -> tuple[str, str]:
    return cell.manifest.symbol, cell.manifest.timeframe


def _section(name: str, cells: list[ReportCell]) -> Section:
    symbol, timeframe = _key(cells[0])
    steps = tuple((cell, cell.forecast) for cell in cells if cell.forecast is not None)
    badges = tuple(dict.fromkeys(badge for cell in cells for badge in cell.badges if badge != "degraded"))
    summary = _fan_summary(steps)
    named = tuple((f"{name}c{number}", cell) for number, cell in enumerate(cells))
    chart = _fan(name, f"{symbol} {timeframe}", summary, steps)
    return Section(name, symbol, timeframe, badges, named, summary, chart, steps)


def _fan_summary(steps: tuple[tuple[ReportCell, Forecast], ...]) -> str:
    if not steps:
        return "No forecast: every version of this section was refused or has said nothing yet."
    cell, last = steps[-1]
    low, high = prices(last, 80)
    return (
        f"Last close {price(last.current_price)} on {last.data_until:%Y-%m-%d}. {last.horizon} ahead"
        f" ({cell.manifest.label_spec.horizon_bars} bars, {last.matures_at:%Y-%m-%d}) the 80 % band"
        f" reaches from {price(low)} to {price(high)}."
    )


def _fan(name: str, title: str, summary: str, steps: tuple[tuple[ReportCell, Forecast], ...]) -> Markup | None:
    if not steps or steps[0][0].history.is_empty():
        return None
    history = steps[0][0].history.drop_nulls("close")
    ahead = [
        FanStep(
            cell.manifest.label_spec.horizon_bars,
            said.horizon,
            said.current_price * (1 + said.quantiles["q50"]),
            {level: prices(said, level) for level in LEVELS},
        )
        for cell, said in steps
    ]
    first, last = (f"{history['ts'][row]:%Y-%m-%d}" for row in (0, -1))
    closes = history["close"].to_list()
    return fan(f"{name}-fan", closes, ahead, first=first, last=last, title=f"Fan of {title}", summary=summary)

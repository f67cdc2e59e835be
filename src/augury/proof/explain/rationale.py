"""The rationale: at most three sentences, and the table every one of their numbers stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.forecast import Forecast
from augury.core.typing import Floats, Json
from augury.proof.explain.attributions import Attribution

NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the contribution table.

    Parameters
    ----------
    what : str
        A feature, or ``base``, ``score``, ``80 % band``.
    value : float or None
        What the feature was, the score itself, or null.
    share : float or None
        What it added to the score, in score points.
    low, high : float or None
        Ends of the 95 % interval of the share; of a band: its ends, as returns.
    n : int
        Orders the share was measured over.
    """

    what: str
    value: float | None
    share: float | None
    low: float | None
    high: float | None
    n: int

    def cells(self) -> dict[str, str]:
        """The line as it is printed; sentences quote these very texts."""
        band = self.what.endswith("band")
        ends = [(_percent if band else _points)(end) for end in (self.low, self.high)]
        score = self.what in ("base", "score")
        value = _points(self.value) if score else "-" if self.value is None else f"{self.value:.4g}"
        return {
            "what": self.what,
            "value": value,
            "share": _points(self.share),
            "low": ends[0],
            "high": ends[1],
            "n": str(self.n),
        }

    def to_json(self) -> Json:
        """Write as a JSON object, numbers unrounded."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class Rationale:
    """Why a forecast says what it says.

    Parameters
    ----------
    lines : tuple of Line
        The base, every feature by the size of its share, the score, the band.
    sentences : tuple of str
        One to three; every number in them is a cell of ``lines``.
    """

    lines: tuple[Line, ...]
    sentences: tuple[str, ...]


def rationale(names: Sequence[str], row: Floats, found: Attribution, forecast: Forecast) -> Rationale:
    """Put an attribution of the score into a table and into words.

    Parameters
    ----------
    names : sequence of str
        Of the features.
    row : (n_features,)
        Their values.
    found : Attribution
        Of the signed score, ``p_bullish - p_bearish`` of the pooled members.
    forecast : Forecast
        Gives the band and whether the direction is withheld.
    """
    order = np.argsort(-np.abs(found.shares), kind="stable")
    features = [
        Line(names[at], float(row[at]), float(found.shares[at]), float(found.low[at]), float(found.high[at]), found.n)
        for at in order
    ]
    base = Line("base", found.base, None, None, None, found.n)
    score = Line("score", found.answer, found.answer - found.base, None, None, found.n)
    band = Line("80 % band", None, None, *forecast.band(80), found.n)
    named = [line for line in features[:NAMED] if line.low is not None and line.high is not None]
    clear = [line for line in named if (line.low or 0.0) > 0 or (line.high or 0.0) < 0]
    sentences = (_first(base, score), _second(clear), _third(band, "abstain" in forecast.flags))
    return Rationale((base, *features, score, band), sentences)


def _first(base: Line, score: Line) -> str:
    here, usual = score.cells(), base.cells()
    side = "as bullish as" if here["value"] == usual["value"] else "more bullish than"
    if score.value is not None and base.value is not None and score.value < base.value:
        side = "less bullish than"
    return f"The score is {here['value']}, {side} the usual {usual['value']} (n={here['n']})."


def _second(clear: Sequence[Line]) -> str:
    if not clear:
        return "No feature moved it by more than the noise of the measurement."
    pushes = {
        "up": [line for line in clear if (line.share or 0.0) > 0],
        "down": [line for line in clear if (line.share or 0.0) < 0],
    }
    parts = [f"{way} by {', '.join(map(_quoted, lines))}" for way, lines in pushes.items() if lines]
    return f"It was pushed {' and '.join(parts)}."


def _quoted(line: Line) -> str:
    cells = line.cells()
    return f"{cells['what']} = {cells['value']} ({cells['share']} [{cells['low']}, {cells['high']}])"


def _third(band: Line, abstains: bool) -> str:
    cells = band.cells()
    direction = "; the version has not earned a direction, so it abstains" if abstains else ""
    return f"The {cells['what']} of the return reaches from {cells['low']} to {cells['high']}{direction}."


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1%}"

"""Columns and rows that several pages show: forecasts, outcomes, scores, versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from augury.service.answers.forecasts import ForecastAnswer
from augury.service.answers.models import VersionSummary
from augury.service.answers.reached import ReachedAnswer
from augury.service.answers.scores import ScoreAnswer
from augury.web.tables import Column

Row = dict[str, Any]
CELL: Final = (Column("timeframe", "Bars"), Column("horizon", "Horizon", term="horizon"))
FORECAST: Final = (
    *CELL,
    Column("label", "Says", "label"),
    Column("notes", "Notes"),
    Column("confidence", "Confidence", "percent", term="confidence"),
    Column("expected_return", "Expected", "signed"),
    Column("low80", "80 % from", "edge", term="band"),
    Column("high80", "to", "edge"),
    Column("verdict", "Verdict", "verdict", term="verdict"),
    Column("data_until", "Data until", "when"),
    Column("matures_at", "Known on", "when"),
    Column("version", "Version", "code", link="version_href", term="version"),
)
LEDGER: Final = (
    Column("matures_at", "Known on", "when"),
    *CELL,
    Column("label", "Said", "label"),
    Column("notes", "Notes"),
    Column("confidence", "Confidence", "percent", term="confidence"),
    Column("realised_label", "Came", "label"),
    Column("outcome", "Outcome", "badge"),
    Column("expected_return", "Expected", "signed"),
    Column("realised_return", "Came to", "signed"),
    Column("low80", "80 % from", "edge", term="band"),
    Column("high80", "to", "edge"),
    Column("band80", "Came"),
    Column("made_at", "Made", "when"),
    Column("version", "Version", "code", link="version_href", term="version"),
    Column("id", "Row", "count"),
)
SCORE: Final = (
    Column("value", "Accuracy", "percent"),
    Column("low", "95 % from", "percent"),
    Column("high", "to", "percent"),
    Column("baseline", "Baseline", "percent", term="baseline"),
    Column("n", "n", "count", term="n"),
    Column("n_eff", "n_eff", "count", term="n_eff"),
    Column("judgement", "Judgement", "badge"),
)
LOSSES: Final = ("log_loss", "brier", "mae", "rmse", "pinball", "crps")
"""Scores of which less is better."""
LIVE: Final = (
    Column("symbol", "Symbol", link="href"),
    *CELL,
    *SCORE,
    Column("coverage80", "In the 80 % band", "percent", term="band"),
    Column("abstained", "Abstained", "count", term="abstain"),
    Column("version", "Version", "code", link="version_href", term="version"),
)
VERSION: Final = (
    *CELL,
    Column("version", "Version", "code", link="version_href", term="version"),
    Column("role", "Role", "badge"),
    Column("verdict", "Verdict", "verdict", term="verdict"),
    *SCORE,
    Column("coverage80", "In the 80 % band", "percent", term="band"),
    Column("status", "Status", "badge"),
    Column("trained_at", "Trained", "when"),
    Column("data_last", "Last bar", "bar"),
)


def symbol_href(symbol: str, **query: str | None) -> str:
    """Return the address of a symbol's page.

    Examples
    --------
    >>> symbol_href("^GSPC", timeframe="d1", view=None)
    '/symbols/%5EGSPC?timeframe=d1'
    """
    given = {name: value for name, value in query.items() if value}
    return f"/symbols/{quote(symbol, safe='')}" + (f"?{urlencode(given)}" if given else "")


def version_href(version: str) -> str:
    """Return the address of a version's page."""
    return f"/models/versions/{quote(version, safe='')}"


def cell_href(symbol: str, timeframe: str, horizon: str) -> str:
    """Return the address of a cell's versions."""
    return "/models/cell?" + urlencode({"symbol": symbol, "timeframe": timeframe, "horizon": horizon})


def forecast_rows(found: Sequence[ForecastAnswer]) -> list[Row]:
    """Write forecasts as rows, with their 80 % band and what came of them."""
    return [_forecast(one) for one in found]


def _forecast(one: ForecastAnswer) -> Row:
    band, came = next(band for band in one.bands if band.level == 80), one.outcome
    return one.model_dump(exclude={"bands", "quantiles", "outcome"}) | {
        "low80": band.low, "high80": band.high, "notes": _notes(one.flags),
        "realised_label": came and came.realised_label, "realised_return": came and came.realised_return,
        "outcome": came and came.outcome, "band80": came and ("inside" if came.covered80 else "outside"),
        "href": symbol_href(one.symbol, timeframe=one.timeframe), "version_href": version_href(one.version),
    }  # fmt: skip


def live_rows(found: Sequence[ReachedAnswer]) -> list[Row]:
    """Write live scores as rows."""
    return [
        one.model_dump(exclude={"accuracy", "coverage80"})
        | (score_row(one.accuracy) if one.accuracy else score_row(None) | {"n": one.n, "judgement": "abstained"})
        | {
            "coverage80": one.coverage80.value if one.coverage80.sufficient else None,
            "href": symbol_href(one.symbol, timeframe=one.timeframe),
            "version_href": version_href(one.version),
        }
        for one in found
    ]


def version_rows(found: Sequence[VersionSummary]) -> list[Row]:
    """Write versions as rows, each with its score on the report slice."""
    return [
        one.model_dump(exclude={"accuracy", "coverage80"})
        | score_row(one.accuracy)
        | {
            "coverage80": one.coverage80.value if one.coverage80 and one.coverage80.sufficient else None,
            "role": "champion" if one.champion else "challenger" if one.challenger else "",
            "version_href": version_href(one.version),
            "href": cell_href(one.symbol, one.timeframe, one.horizon),
        }
        for one in found
    ]


def score_row(score: ScoreAnswer | None) -> Row:
    """Write a score as columns; below the rows that count its figure stays unsaid, as everywhere."""
    if score is None:
        return dict.fromkeys(("value", "low", "high", "baseline", "n", "n_eff")) | {"judgement": ""}
    shown = score.model_dump(include={"value", "low", "high", "baseline", "n", "n_eff"})
    if not score.sufficient:
        shown |= dict.fromkeys(("value", "low", "high", "baseline"))
    return shown | {"n_eff": int(score.n_eff), "judgement": judgement(score)}


def judgement(score: ScoreAnswer) -> str:
    """Say where a score stands against its baseline; of a coverage nothing, since more of it is not better.

    Examples
    --------
    >>> one = dict(name="accuracy", slice="report", n=90, n_eff=90.0, sufficient=True, text="", value=0.6)
    >>> [judgement(ScoreAnswer(**one, low=low, high=0.7, baseline=0.5)) for low in (0.52, 0.48)]
    ['better than baseline', 'not told apart']
    >>> judgement(ScoreAnswer(**(one | {"name": "brier"}), low=0.52, high=0.7, baseline=0.5))
    'worse than baseline'
    """
    if not score.sufficient:
        return "insufficient"
    if score.baseline is None or score.low is None or score.high is None or score.name.startswith("coverage"):
        return ""
    above, below = score.low > score.baseline, score.high < score.baseline
    if score.name in LOSSES:
        above, below = below, above
    return "better than baseline" if above else "worse than baseline" if below else "not told apart"


_FLAGS: Final = {
    "abstain": "names no direction", "band_only": "bands only", "replay": "outcome was known", "stale": "stale data",
    "synthetic": "synthetic", "degraded": "a member is missing", "adapted": "bands adapted", "raw": "not calibrated",
    "ab": "of an A/B test", "shadow": "not the champion",
}  # fmt: skip


def _notes(flags: Sequence[str]) -> str:
    return ", ".join(_FLAGS.get(flag, flag) for flag in flags)

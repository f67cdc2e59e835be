"""``augury evaluate --bands``: how the bands held, as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.models.intervals import IntervalScore
    from augury.runs.forecasts.band_tracking import BandReport


def show_bands(report: BandReport, by: Sequence[str], *, as_json: bool, as_csv: bool) -> None:
    """Print the scores of bands; below 50 outcomes that count a group shows its number and no figures.

    JSON and CSV hold every figure, each group with its ``insufficient``.
    """
    if as_json:
        document([score.to_json() for score in report.scores])
    elif as_csv:
        show([_flat(score) for score in report.scores], as_csv=True)
    else:
        rows = [_brief(score, by) for score in report.scores]
        show(rows, empty="no forecast has been scored yet -> run: augury evaluate")
    SESSION.say(f"{report.n} matured forecasts, {report.repeated} left out: a later one was made from the same bar")


def _brief(score: IntervalScore, by: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: score.group[name] for name in by} | {"n": score.n, "n_eff": f"{score.n_eff:.1f}"}
    told = {f"{level:.0%} band": _share(score, level) for level in score.coverage}
    told |= {"winkler 80 %": f"{score.winkler[0.8]:.4f}", "crps": f"{score.crps:.4f}", "pit": _tenths(score)}
    if score.insufficient:
        told = dict.fromkeys(told, "insufficient")
    return row | told


def _share(score: IntervalScore, level: float) -> str:
    share, low, high = score.coverage[level]
    return f"{share:.1%} [{low:.1%}, {high:.1%}]"


def _tenths(score: IntervalScore) -> str:
    return " ".join(f"{share:.0%}" for share in score.pit)


def _flat(score: IntervalScore) -> dict[str, Any]:
    row: dict[str, Any] = {**score.group, "n": score.n, "n_eff": score.n_eff, "insufficient": score.insufficient}
    for level, ends in score.coverage.items():
        row |= dict(zip((f"coverage_{level:.2f}{end}" for end in ("", "_low", "_high")), ends, strict=True))
    row |= {f"winkler_{level:.2f}": value for level, value in score.winkler.items()}
    row |= {f"pinball_{name}": value for name, value in score.pinball.items()} | {"crps": score.crps}
    return row | {f"pit_{tenth}": share for tenth, share in enumerate(score.pit, 1)}

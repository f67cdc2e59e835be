"""``augury drift check|status``: are the forecasts still as good as their versions promised?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import InsufficientHistory, NotFound, UsageError

if TYPE_CHECKING:
    from datetime import date

    from augury.proof.drift.features import FeatureShift
    from augury.proof.drift.metrics import PerformanceMetrics
    from augury.runs.monitoring.daily_check import DriftReport
    from augury.runs.workspace import Workspace

app = typer.Typer(
    help="Accuracy against its promise.",
    epilog="Example: augury drift check",
    no_args_is_help=True,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]
Symbols = Annotated[list[str] | None, typer.Option("--symbols", "--symbol", help="A symbol; more may follow.")]
More = Annotated[list[str] | None, typer.Argument(help="More symbols.", show_default=False)]
_COLUMNS = ("cell", "level", "accuracy", "baseline", "margin", "n", "n_eff", "p_value", "data_date", "notes")


@app.callback()
def drift() -> None:
    """Hold matured forecasts against what their versions promised."""


@app.command(epilog="Example: augury drift check --symbols AAPL SPY --json")
def check(
    symbols: Symbols = None,
    more: More = None,
    day: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: the last weekday before today.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Look at features and answers too.")] = False,
    replays: Annotated[bool, typer.Option("--replays", help="Count replays of known bars too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Judge a day: exit 0 without an alert, 5 with one, 75 when outcomes are missing.

    Run ``augury evaluate`` before it. All cells are tested together; those of the symbols are shown.
    """
    from augury.runs.monitoring.daily_check import run_daily_drift_check

    wanted = [*(symbols or []), *(more or [])]
    with SESSION.workspace() as workspace:
        report = run_daily_drift_check(wanted, workspace=workspace, day=_day(day), dry_run=dry_run, replays=replays)
        beside = _beside(workspace, report, dry_run=dry_run) if deep else {}
    if as_json:
        document(report.to_json() | ({"cells": beside} if deep else {}))
    else:
        rows = [row.to_json() for row in report.rows] if as_csv else [_brief(row) for row in report.rows]
        empty = "no version answers for anything yet -> run: augury train --help"
        show(rows, as_csv=as_csv, columns=_COLUMNS, empty=empty)
        for cell, facts in beside.items():
            for line in (facts["text"], *(one["text"] for one in facts["answers"])):
                SESSION.say(f"{cell}: {line}")
        SESSION.say(report.text())
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@app.command(epilog="Example: augury drift status --symbols AAPL --days 14")
def status(
    symbols: Symbols = None,
    more: More = None,
    timeframe: Annotated[str | None, typer.Option(help="Default: every one that was checked.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Days looked back, today included.")] = 7,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Sum up the checks of the last days and recommend; reads only."""
    from datetime import timedelta

    from augury.runs.monitoring.drift_monitor import DriftMonitor

    wanted = [*(symbols or []), *(more or [])]
    with SESSION.workspace() as workspace:
        today = workspace.clock.now().date()
        stored = workspace.store.drift.list(timeframe=timeframe, since=today - timedelta(days=days - 1), until=today)
        cells = sorted({(row.symbol, row.timeframe) for row in stored if not wanted or row.symbol in wanted})
        monitor = DriftMonitor(workspace)
        found = [monitor.get_drift_status(*cell, days=days) for cell in cells]
    if unknown := sorted(set(wanted) - {symbol for symbol, _ in cells}):
        fix = f"augury drift check --symbols {unknown[0]}"
        raise NotFound(f"no check of {' '.join(unknown)} in the last {days} days", fix=fix)
    empty = f"no check in the last {days} days -> run: augury drift check"
    show([one.to_json() for one in found], as_json=as_json, as_csv=as_csv, empty=empty)


def _beside(workspace: Workspace, report: DriftReport, *, dry_run: bool) -> dict[str, Any]:
    """Features and answers of each cell of a report; how far the features moved is written down."""
    from augury.runs.monitoring.produced import produced

    return {
        f"{row.symbol} {row.timeframe}": _features(workspace, row, dry_run=dry_run)
        | {"answers": [one.to_json() for one in produced(workspace, row)]}
        for row in report.rows
    }


def _features(workspace: Workspace, row: PerformanceMetrics, *, dry_run: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from augury.proof.drift.features import drift_score
    from augury.runs.monitoring.drift_monitor import DriftMonitor

    try:
        shifts = DriftMonitor(workspace).compute_feature_drift(row.symbol, row.timeframe)
    except (InsufficientHistory, NotFound) as error:
        return {"text": error.message, "drift_score": None, "features": []}
    if not dry_run:
        workspace.store.drift.record_features(row.symbol, row.timeframe, row.date, shifts)
    return {"text": _moved(shifts), "drift_score": drift_score(shifts), "features": [asdict(one) for one in shifts]}


def _moved(shifts: list[FeatureShift]) -> str:
    flagged = [one.feature for one in shifts if one.flagged]
    return f"{len(flagged)} of {len(shifts)} features moved{': ' if flagged else ''}{', '.join(flagged)}"


def _brief(row: PerformanceMetrics) -> dict[str, Any]:
    return {
        "cell": f"{row.symbol} {row.timeframe}",
        "level": row.level,
        "accuracy": row.accuracy,
        "baseline": row.baseline_accuracy,
        "margin": None if row.drift_margin is None else f"{row.drift_margin * 100:+.1f} pt",
        "n": row.n_predictions,
        "n_eff": round(row.n_eff),
        "p_value": None if row.p_value is None else f"{row.p_value:.2g}",
        "data_date": row.data_date,
        "notes": " ".join(row.notes),
    }


def _day(text: str | None) -> date | None:
    from datetime import date

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--day {text} is not a day: write YYYY-MM-DD") from error

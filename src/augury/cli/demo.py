"""``augury demo``: the whole walk on bundled bars, offline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import as_row, band, points, shares, skill_of

if TYPE_CHECKING:
    from augury.runs.simulated.demo import Shown


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury demo --out out/demo")(demo)


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of the demo's own store and report.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: the cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Train, judge and forecast both bundled indices and the synthetic market, daily and weekly.

    Uses the small `demo` recipe (fewer trees and folds, newest 3,500 bars); `augury train` has the
    full one. Works without a network.
    """
    from augury.runs.simulated.demo import demo_cells, run_demo, write_demo_report

    start = time.perf_counter()
    settings = SESSION.settings(workers=workers)
    folder = (out or settings.data_dir / "demo").resolve()
    rows: list[dict[str, Any]] = []
    manifests = []
    SESSION.say("demo recipe: smaller than the default one; bundled bars end in 2018, so every row is a replay")
    with SESSION.workspace(workers=workers, data_dir=folder) as workspace:
        for shown in run_demo(workspace):
            rows += _facts(shown)
            manifests += [outcome.manifest for outcome in shown.outcomes if outcome.manifest is not None]
            if not as_json:
                show(_lines(shown), title=_title(shown))
            SESSION.say(f"{len(rows)} of {len(demo_cells())} cells after {time.perf_counter() - start:.1f} s")
        report = write_demo_report(workspace, folder / "report.html", manifests)
        checked = workspace.store.ledger.verify().require()
    if as_json:
        document({"cells": rows, "report": str(report), "ledger_rows": checked.rows, "ledger_ok": checked.ok})
    SESSION.say(f"ledger: {checked.rows} rows verify, in {folder}")
    SESSION.say(f"report: {report} ({report.stat().st_size // 1024} KiB)")
    SESSION.say(f"done in {time.perf_counter() - start:.1f} s -> next: augury --data-dir {folder} forecasts list")


def _title(shown: Shown) -> str:
    """Which market, until when, and whether it is invented."""
    cell = shown.outcomes[0].cell
    manifests = [outcome.manifest for outcome in shown.outcomes if outcome.manifest]
    market = " SYNTHETIC MARKET" if any(manifest.synthetic for manifest in manifests) else ""
    until = manifests[0].data_last[:10] if manifests else "-"
    return f"{cell.symbol} {cell.timeframe}{market}, bars until {until}"


def _lines(shown: Shown) -> list[dict[str, Any]]:
    """One line a horizon for people: what it says, and why it may be believed."""
    said = {row.horizon: row for row in shown.bundle.forecasts}
    lines = []
    for outcome in shown.outcomes:
        manifest, row = outcome.manifest, said.get(outcome.cell.horizon)
        lines.append(
            {
                "horizon": outcome.cell.horizon,
                "bear neut bull": shares(row),
                "expected": f"{row.expected_return:+.1%}" if row else "-",
                "80 % band": band(row),
                "skill [95 %] over baseline": points(skill_of(manifest)) if manifest else str(outcome.error),
                "verdict": manifest.verdict.word if manifest else "failed",
            }
        )
    return lines


def _facts(shown: Shown) -> list[dict[str, Any]]:
    """One object a cell for programs."""
    said = {row.horizon: row for row in shown.bundle.forecasts}
    return [
        {
            "cell": str(outcome.cell),
            "synthetic": outcome.manifest.synthetic if outcome.manifest else None,
            "verdict": outcome.manifest.verdict.word if outcome.manifest else "failed",
            "reasons": [gate.code for gate in outcome.manifest.verdict.failed] if outcome.manifest else [],
            "skill": skill.to_json() if (skill := skill_of(outcome.manifest)) else None,
            "artifact_hash": outcome.manifest.content_hash if outcome.manifest else None,
            "forecast": as_row(said[outcome.cell.horizon]) if outcome.cell.horizon in said else None,
            "error": str(outcome.error) if outcome.error else None,
        }
        for outcome in shown.outcomes
    ]

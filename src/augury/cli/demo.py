"""``augury demo``: the whole walk on bundled bars, offline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.runs.demo import Shown


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury demo --out out/demo")(demo)


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of the demo's own store and report.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: the cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Train, judge and forecast both bundled indices and the synthetic market, daily and weekly.

    Uses the small `demo` recipe (fewer trees and folds, newest 2,500 bars); `augury train` has the
    full one. Works without a network.
    """
    from augury.runs.demo import run_demo, write_demo_report

    start = time.perf_counter()
    settings = SESSION.settings(workers=workers)
    folder = out or settings.data_dir / "demo"
    rows: list[dict[str, Any]] = []
    manifests = []
    SESSION.say("demo recipe: smaller than the default one; bundled bars end in 2018, so every row is a replay")
    with SESSION.workspace(workers=workers, data_dir=folder.resolve()) as workspace:
        for shown in run_demo(workspace):
            group = _rows(shown)
            rows += group
            manifests += [outcome.manifest for outcome in shown.outcomes if outcome.manifest is not None]
            if not as_json:
                show(group, columns=[name for name in group[0] if name != "forecast_hash"])
            SESSION.say(f"{len(rows)} of 18 cells after {time.perf_counter() - start:.1f} s")
        report = write_demo_report(workspace, folder / "report.html", manifests)
        checked = workspace.store.ledger.verify().require()
    if as_json:
        document({"cells": rows, "report": str(report), "ledger_rows": checked.rows, "ledger_ok": checked.ok})
    SESSION.say(f"ledger: {checked.rows} rows verify, in {folder}")
    SESSION.say(f"report: {report} ({report.stat().st_size // 1024} KiB)")
    SESSION.say(f"done in {time.perf_counter() - start:.1f} s -> next: augury --data-dir {folder} forecasts list")


def _rows(shown: Shown) -> list[dict[str, Any]]:
    """One line a cell: what it says, and why it may be believed."""
    said = {row.horizon: row for row in shown.bundle.forecasts}
    rows = []
    for outcome in shown.outcomes:
        manifest, row = outcome.manifest, said.get(outcome.cell.horizon)
        scores = {score.name: score for score in manifest.scores if score.slice == "report"} if manifest else {}
        skill = scores.get("accuracy_skill")
        market = " (synthetic)" if manifest is not None and manifest.synthetic else ""
        rows.append(
            {
                "cell": f"{outcome.cell}{market}",
                "bear": row.p_bearish if row else None,
                "neutral": row.p_neutral if row else None,
                "bull": row.p_bullish if row else None,
                "expected": f"{row.expected_return:+.2%}" if row else None,
                "band_80": "{:+.1%} .. {:+.1%}".format(*row.band(80)) if row else None,
                "skill_vs_baseline": skill.text() if skill else str(outcome.error),
                "verdict": manifest.verdict.word if manifest else "failed",
                "reasons": " ".join(gate.code for gate in manifest.verdict.failed) if manifest else "",
                "forecast_hash": row.content_hash if row else None,
            }
        )
    return rows

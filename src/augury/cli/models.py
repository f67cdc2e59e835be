"""Verbs for versions: ``augury models list|info|release``."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import told
from augury.core.errors import NotTrained

app = typer.Typer(help="List, inspect and release model versions.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command("list", epilog="Example: augury models list --symbol ^GSPC")
def list_(
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List versions, newest first, with the gate's verdict and which one is champion."""
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Timeframe

    symbol = check_symbol(symbol) if symbol else None
    timeframe = str(Timeframe.parse(timeframe)) if timeframe else None
    with SESSION.workspace() as workspace:
        found = workspace.store.versions.list(symbol, timeframe)
    rows = [
        {"symbol": row.symbol, "timeframe": row.timeframe, "horizon": row.horizon, "version": row.version,
         "champion": row.champion, "status": row.status, "verdict": row.verdict, "created_at": row.created_at}
        for row in found
    ]  # fmt: skip
    of = "".join(f" {part}" for part in (symbol, timeframe) if part)
    show(
        rows,
        as_json=as_json,
        as_csv=as_csv,
        empty=f"no versions{of} yet -> run: augury train --symbol {symbol or '^GSPC'}",
    )


@app.command(epilog="Example: augury models info ^GSPC d1 5d --json")
def info(
    symbol: Annotated[str, typer.Argument(help="e.g. ^GSPC")],
    timeframe: Annotated[str, typer.Argument(help="e.g. d1")] = "d1",
    horizon: Annotated[str | None, typer.Argument(help="e.g. 5d; default: the first with a champion.")] = None,
    version: Annotated[str | None, typer.Option(help="A version instead of the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the manifest of a version: data, features, label, members, weights, scores, gates."""
    from augury.runs.cells import plan_cells
    from augury.runs.trials import deflated_scores

    with SESSION.workspace() as workspace:
        cells = plan_cells([symbol], [timeframe], [horizon] if horizon else [])
        champions = workspace.store.versions.champions(symbol, cells[0].timeframe)
        chosen = next((cell for cell in cells if version or cell.horizon in champions), None)
        if chosen is None:
            raise NotTrained(
                f"no trained model for {symbol} {cells[0].timeframe}",
                fix=cells[0].train_command,
            )
        name = version or champions[chosen.horizon]
        _, manifest = workspace.store.artifacts.open(chosen.symbol, chosen.timeframe, chosen.horizon, name)
        deflated = deflated_scores(workspace.store.trials, manifest)
    if as_json:
        beside = {score: one.to_json() if one else None for score, one in deflated.items()}
        return document(manifest.to_json() | {"deflated": beside})
    show(
        [{"version": manifest.version, "verdict": manifest.verdict.word, "content_hash": manifest.content_hash[:12],
          "data": f"{manifest.data_first} .. {manifest.data_last}", "data_version": manifest.data_version[:12],
          "features": len(manifest.features.names), "synthetic": manifest.synthetic}],
        title=str(chosen),
    )  # fmt: skip
    report = [score for score in manifest.scores if score.slice == "report"]
    show([{"score": score.name, "on the report slice": told(score, deflated)} for score in report])
    show([{"gate": gate.code, "passed": gate.passed, "message": gate.message} for gate in manifest.verdict.gates])
    members = [
        {"member": m.name, "status": m.status, "weight": manifest.weights.get(m.name), "reason": m.reason}
        for m in manifest.members
    ]
    return show(members, empty="no members: bands only")


@app.command(epilog="Example: augury models release 20261121T105800Z-1a2b3c")
def release(
    version: Annotated[str, typer.Argument(help="A version that SUSPECT_LEAK stopped; its last six digits do.")],
    cuts: Annotated[int, typer.Option(min=1, help="Moments at which its history is cut.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Audit a version that was too good to be true, and let it serve when nothing looked ahead.

    Its own features, labels, splits, weights and forecasts are made again on its own bars, cut and
    replaced by noise. Exits 5 and names the column when something looked ahead; the version then
    stays stopped. Else a new version with the same files and the evidence answers.
    """
    from augury.runs.release import release as let_go
    from augury.runs.reproduction import find_version

    def heard(done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            SESSION.say(f"audit {done}/{total} histories")

    with SESSION.workspace() as workspace:
        found = let_go(workspace, find_version(workspace, version), by="release", cuts=cuts, on_progress=heard)
    manifest, evidence = found.manifest, found.evidence
    if as_json:
        return document({"version": manifest.version, "verdict": manifest.verdict.word, "evidence": evidence})
    show([{**stage, "values": f"{stage['values']:,}", "verdict": "clean"} for stage in evidence["stages"]])
    for suspect in evidence["suspects"]:
        SESSION.say(f"known in time and still suspect: '{suspect['column']}' alone has ic {suspect['ic']:+.3f}")
    return SESSION.say(f"{manifest.cell}: {found.of} is released as {manifest.version} ({manifest.verdict.word})")

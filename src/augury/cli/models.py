"""Verbs for versions: ``augury models list|info|compare|challenge|promote|rollback|pin|release``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import told
from augury.core.errors import NotTrained

if TYPE_CHECKING:
    from augury.runs.cells import Cell
    from augury.runs.workspace import Workspace

app = typer.Typer(
    help="List, compare, promote and roll back model versions.", no_args_is_help=True, rich_markup_mode=None
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
Reason = Annotated[str, typer.Option(help="Why, for the journal.")]
Symbol = Annotated[str, typer.Argument(help="e.g. ^GSPC")]
Frame = Annotated[str, typer.Argument(help="e.g. d1")]
Ahead = Annotated[str, typer.Argument(help="e.g. 5d")]


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
         "champion": row.champion, "challenger": row.challenger, "status": row.status, "verdict": row.verdict,
         "created_at": row.created_at, "removed_at": row.removed_at}
        for row in found
    ]  # fmt: skip
    of = "".join(f" {part}" for part in (symbol, timeframe) if part)
    show(
        rows,
        as_json=as_json,
        as_csv=as_csv,
        columns=["symbol", "timeframe", "horizon", "version", "champion", "status", "verdict", "created_at"],
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
    from augury.runs.proving.trials import deflated_scores

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
        where = (chosen.symbol, chosen.timeframe, chosen.horizon, name)
        workspace.store.artifacts.place(*where)  # what is no name of a version is refused as such
        row = workspace.store.versions.get(*where)
        manifest = row.manifest if row.removed_at else workspace.store.artifacts.open(*where)[1]
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


@app.command(epilog="Example: augury models compare ^GSPC d1 5d @champion @challenger")
def compare(
    symbol: Symbol,
    timeframe: Frame,
    horizon: Ahead,
    a: Annotated[str, typer.Argument(help="Version or alias.")] = "@champion",
    b: Annotated[str, typer.Argument(help="Version or alias.")] = "@challenger",
    as_json: AsJson = False,
) -> None:
    """Show two versions side by side: scores, settings, features, weights, and who was right on the same rows."""
    from augury.runs.registry.comparison import compare_versions

    with SESSION.workspace() as workspace:
        found = compare_versions(workspace, _cell(symbol, timeframe, horizon), a, b)
    if as_json:
        return document(found.to_json())
    show(
        [
            {"version": one.version, "verdict": one.verdict.word, "created_at": one.created_at}
            for one in (found.a, found.b)
        ]
    )
    show([{"score": name, "a": left.text() if left else None, "b": right.text() if right else None}
          for name, left, right in found.scores])  # fmt: skip
    show([{"setting": name, "a": str(left), "b": str(right)} for name, (left, right) in found.settings.items()],
         empty="no setting differs")  # fmt: skip
    show([{"only_in": side, "features": list(names)}
          for side, names in (("a", found.features_only_a), ("b", found.features_only_b)) if names],
         empty="the same features")  # fmt: skip
    show([{"member": name, "weight_a": left, "weight_b": right} for name, (left, right) in found.weights.items()])
    show([{"paired_b_minus_a": score.name, "value": score.text(4)} for score in found.paired])
    return SESSION.say(found.verdict)


@app.command(epilog="Example: augury models promote ^GSPC d1 5d --version 20261121T105800Z-1a2b3c")
def promote(
    symbol: Symbol,
    timeframe: Frame,
    horizon: Ahead,
    version: Annotated[str, typer.Option(help="A version, or @challenger.")],
    expected: Annotated[str | None, typer.Option(help="Only while this version is the champion.")] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Let a version answer; exits 5 when the cell is pinned, 75 when somebody else was quicker."""
    from augury.records.registry.aliases import ANY
    from augury.runs.registry import promotion

    cell = _cell(symbol, timeframe, horizon)
    with SESSION.workspace() as workspace:
        if dry_run:
            return SESSION.say(f"{cell}: {version} would serve instead of {_champion(workspace, cell)}")
        done = promotion.promote(workspace, cell, version, by="cli", expected=expected or ANY, reason=reason)
    return SESSION.say(f"{cell}: {done.version} serves instead of {done.previous or 'nothing'}")


@app.command(epilog="Example: augury models rollback ^GSPC d1 5d")
def rollback(
    symbol: Symbol,
    timeframe: Frame,
    horizon: Annotated[str | None, typer.Argument(help="e.g. 5d; default: every one.")] = None,
    to: Annotated[str | None, typer.Option(help="A version; default: the one that served before.")] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let the version that served before serve again; its forecasts come back bit for bit."""
    from augury.runs.registry import rollback as rolling

    with SESSION.workspace() as workspace:
        if dry_run:
            done = rolling.plan(workspace, symbol, timeframe, horizon, to)
        else:
            done = rolling.rollback(workspace, symbol, timeframe, horizon, to, by="cli", reason=reason)
    rows = [{"cell": str(one.cell), "version": one.version, "instead_of": one.previous, "reason": one.reason}
            for one in done]  # fmt: skip
    show(rows, as_json=as_json)


@app.command(epilog="Example: augury models challenge ^GSPC d1 5d --version 20261121T105800Z-1a2b3c")
def challenge(
    symbol: Annotated[str | None, typer.Argument(help="e.g. ^GSPC; default: judge every challenger.")] = None,
    timeframe: Annotated[str | None, typer.Argument(help="e.g. d1")] = None,
    horizon: Annotated[str | None, typer.Argument(help="e.g. 5d")] = None,
    version: Annotated[str | None, typer.Option(help="Let this version be tried beside the champion.")] = None,
    act: Annotated[bool, typer.Option("--act", help="Promote, reject or give up as the evidence says.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try a version beside the champion, or judge the challengers on the same matured forecasts."""
    from augury.core.errors import UsageError
    from augury.runs.registry import challenge as trying
    from augury.runs.registry import promotion

    with SESSION.workspace() as workspace:
        if version is not None:
            if symbol is None or timeframe is None or horizon is None:
                raise UsageError("a challenger needs symbol, timeframe and horizon")
            done = promotion.challenge(workspace, _cell(symbol, timeframe, horizon), version, by="cli")
            return SESSION.say(f"{done.cell}: {done.version} is tried -> run: augury models challenge")
        groups = trying.groups_of(trying.challenged(workspace, symbol, timeframe, horizon))
        found = [trying.judge(workspace, group) for group in groups]
        for judgement in found if act else []:
            trying.decide(workspace, judgement, by="cli")
    rows = [
        {"cells": [str(cell) for cell in one.cells], "state": one.state, "days": one.days, "n": one.n,
         "discordant": one.discordant, "difference": one.difference, "evidence": one.evidence, "against": one.against}
        for one in found
    ]  # fmt: skip
    return show(rows, as_json=as_json, empty="no challengers -> run: augury models challenge --help")


@app.command(epilog="Example: augury models pin ^GSPC d1 5d")
def pin(
    symbol: Symbol,
    timeframe: Frame,
    horizon: Ahead,
    version: Annotated[str | None, typer.Option(help="A version; default: the champion.")] = None,
    reason: Reason = "",
) -> None:
    """Hold a cell at a version: nothing is promoted over it until it is unpinned."""
    from augury.runs.registry import controls

    cell = _cell(symbol, timeframe, horizon)
    with SESSION.workspace() as workspace:
        held = controls.pin(workspace, cell, version, by="cli", reason=reason)
    SESSION.say(f"{cell}: pinned to {held.value['version']} -> run: augury models unpin {cell}")


@app.command(epilog="Example: augury models unpin ^GSPC d1 5d")
def unpin(symbol: Symbol, timeframe: Frame, horizon: Ahead) -> None:
    """Let promotions decide again."""
    cell = _cell(symbol, timeframe, horizon)
    with SESSION.workspace() as workspace:
        was = workspace.store.controls.unpin(cell.symbol, cell.timeframe, cell.horizon)
    SESSION.say(f"{cell}: {'unpinned' if was else 'was not pinned'}")


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
    from augury.runs.proving.reproduction import find_version
    from augury.runs.registry.release import release as let_go

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


@app.command("import-legacy", epilog="Example: augury models import-legacy old.pkl")
def import_legacy(
    file: Annotated[Path, typer.Argument(help="A pickled scikit-learn model, or a dict of them.")],
    as_json: AsJson = False,
) -> None:
    """Convert a pickled model into safe files, in a process that is thrown away; it is compared with, never served."""
    from augury.runs.registry import legacy

    with SESSION.workspace() as workspace:
        folder, models = legacy.import_legacy(workspace, file)
    rows = [{"model": name, "class": one.facts["class"], "n_features": one.facts["n_features"], "folder": str(folder)}
            for name, one in models.items()]  # fmt: skip
    show(rows, as_json=as_json)


def _cell(symbol: str, timeframe: str, horizon: str) -> Cell:
    from augury.runs.cells import plan_cells

    return plan_cells([symbol], [timeframe], [horizon])[0]


def _champion(workspace: Workspace, cell: Cell) -> str:
    return workspace.store.versions.champion(cell.symbol, cell.timeframe, cell.horizon) or "nothing"

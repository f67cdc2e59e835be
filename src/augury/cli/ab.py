"""Verbs for tests between versions: ``augury ab start|status|conclude``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.runs.registry.ab import Status

app = typer.Typer(
    help="Test two versions against each other.",
    epilog="Example: augury ab start spring --symbols SPY --timeframe d1 --horizon 5d",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Name = Annotated[str, typer.Argument(help="Of the test.")]


@app.command(epilog="Example: augury ab start spring --symbols SPY --timeframe d1 --horizon 5d")
def start(
    name: Name,
    symbols: Annotated[list[str], typer.Option(help="e.g. SPY; give it again for more.")],
    timeframe: Annotated[str, typer.Option(help="e.g. d1")] = "d1",
    horizon: Annotated[str, typer.Option(help="e.g. 5d")] = "5d",
    a: Annotated[str, typer.Option(help="Version or alias of arm A.")] = "@champion",
    b: Annotated[str, typer.Option(help="Version or alias of arm B.")] = "@challenger",
    share: Annotated[float, typer.Option(help="Part that B answers, 0.01 to 0.99.")] = 0.5,
    metric: Annotated[list[str] | None, typer.Option(help="hit, brier, pinball or covered80.")] = None,
    effect: Annotated[float, typer.Option(help="Smallest lead worth knowing.")] = 0.02,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say the required number, begin nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Begin a test; how many rows each arm needs is said before."""
    from augury.runs.cells import plan_cells
    from augury.runs.registry import ab

    needed = ab.required_n(effect)
    SESSION.say(f"each arm needs {needed:,} matured forecasts to show a lead of {effect * 100:.1f} points (power 80 %)")
    if dry_run:
        return document({"required_n": needed}) if as_json else None
    cells = plan_cells(symbols, [timeframe], [horizon])
    with SESSION.workspace() as workspace:
        test = ab.start(
            workspace, name, cells, a=a, b=b, share=share, metrics=metric or ("hit", "brier"), effect=effect, by="cli"
        )
    if as_json:
        return document({"name": test.name, "state": test.state, "arms": test.arms, "settings": test.settings})
    return SESSION.say(f"test {name} runs over {len(cells)} cells -> run: augury ab status {name}")


@app.command(epilog="Example: augury ab status spring")
def status(
    name: Annotated[str | None, typer.Argument(help="Of the test; default: list all.")] = None, as_json: AsJson = False
) -> None:
    """Show where a test stands; looking every day is allowed."""
    from augury.runs.registry import ab

    with SESSION.workspace() as workspace:
        if name is None:
            rows = [
                {"name": test.name, "state": test.state, "cells": len(test.settings["cells"]),
                 "share_b": test.arms["B"]["share"], "created_at": test.created_at, "ended_at": test.ended_at,
                 "verdict": test.verdict["verdict"] if test.verdict else None}
                for test in workspace.store.ab.list()
            ]  # fmt: skip
            return show(rows, as_json=as_json, empty="no tests yet -> run: augury ab start --help")
        found = ab.status(workspace, name)
    return _tell(found, as_json)


@app.command(epilog="Example: augury ab conclude spring --promote")
def conclude(
    name: Name,
    promote: Annotated[bool, typer.Option("--promote", help="Let the winner B serve.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say the verdict, end nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a test and write its verdict; exits 5 when B is to be promoted and was not shown to be better."""
    from augury.runs.registry import ab

    with SESSION.workspace() as workspace:
        found = ab.status(workspace, name) if dry_run else ab.conclude(workspace, name, by="cli", promoting=promote)
    _tell(found, as_json)


def _tell(found: Status, as_json: bool) -> None:
    if as_json:
        return document(found.to_json())
    shares = f"B has {found.n['B']}, within {found.bounds[0]} to {found.bounds[1]} of {sum(found.n.values())}"
    SESSION.say(f"{found.test.name}: {found.verdict} after {found.days} sessions; {shares}; needs {found.required_n}")
    return show(
        [{"metric": one.metric, "a": one.a, "b": one.b, "evidence": one.evidence, "p_holm": one.p_holm,
          "state": one.state} for one in found.metrics]
    )  # fmt: skip

"""``augury validate``: judge stored versions again, from their files and the lake's bars."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION
from augury.core.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury validate --symbol ^GSPC --timeframe d1")(validate)


def validate(
    symbol: Annotated[list[str] | None, typer.Option(help="A symbol; repeat the flag for more.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every champion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Reload champions, score them again on their report slice, and run every gate.

    Exits 5 when a gate refuses, 1 when the scores differ from the stored ones.
    """
    from augury.runs.validation import revalidate

    if not symbol and not everything:
        raise UsageError("name a symbol, or --all for every champion", fix="augury validate --all")
    with SESSION.workspace() as workspace:
        found = list(revalidate(workspace, symbols=symbol or [], timeframe=timeframe))
    rows = [
        {"cell": result.cell, "version": result.version, "verdict": result.verdict.word, "gate": gate.code,
         "passed": gate.passed, "value": gate.value, "limit": gate.limit, "message": gate.message,
         "reproduced": result.reproduced}
        for result in found
        for gate in result.verdict.gates
    ]  # fmt: skip
    columns = ["cell", "verdict", "gate", "passed", "value", "limit", "message", "reproduced"]
    show(rows, as_json=as_json, as_csv=as_csv, columns=columns, empty="no champions yet -> run: augury train --all")
    if any(result.verdict.word == "refused" for result in found):
        raise typer.Exit(5)
    if not all(result.reproduced for result in found):
        raise typer.Exit(1)

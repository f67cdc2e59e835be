"""Verbs for incidents: ``augury incident report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

app = typer.Typer(
    help="What happened to the models, told from the records.",
    epilog="Example: augury incident report --out incident.html",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def incidents() -> None:
    """What happened to the models, told from the records."""


@app.command(epilog="Example: augury incident report --days 3 --out incident.html")
def report(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 7,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to FILE.html or FILE.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Report on an incident: moved versions, switches, drift, trainings, alerts and the journal."""
    from datetime import timedelta

    from augury.runs.registry.incident import incident, write_report

    with SESSION.workspace() as workspace:
        since = workspace.clock.now() - timedelta(days=days)
        found = incident(workspace, since=since, symbol=symbol)
    if out is not None:
        SESSION.say(f"report: {write_report(found, out)}")
    if as_json:
        return document(found)
    show([{"found": line} for line in found["summary"]])
    lines = [{"at": row["at"], "kind": row["kind"], "subject": row["subject"], "text": row["text"]}
             for row in found["journal"]]  # fmt: skip
    return show(lines, empty="nothing was journaled", title="journal")

"""Verbs for tracked experiments: ``augury experiments list`` and ``augury compare A B``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from augury.cli.screen import document, show, text
from augury.cli.session import SESSION

app = typer.Typer(
    help="What was run and measured.",
    epilog="Example: augury experiments list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Folder = Annotated[
    Path | None, typer.Option("--folder", help="That holds experiment_results.jsonl; default: the data folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(parent: typer.Typer) -> None:
    """Add the verb ``compare``."""
    parent.command(epilog="Example: augury compare train-2026 train-2027 --varies model")(compare)


@app.callback()
def tracked() -> None:
    """What was run and measured."""


@app.command("list", epilog="Example: augury experiments list --json")
def list_(
    folder: Folder = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """List the finished experiments, oldest first."""
    from augury.records.tracking import experiments

    rows = [one.to_json() for one in experiments(folder or SESSION.settings().data_dir)]
    if not as_json:
        for row in rows:
            row["figures"] = " ".join(f"{key}={text(value)}" for key, value in row["metrics"].items())
    show(rows, as_json=as_json, as_csv=as_csv, columns=["experiment_id", "phase", "figures", "timestamp"])


def compare(
    a: Annotated[str, typer.Argument(help="Id of an experiment, or how it begins.")],
    b: Annotated[str, typer.Argument(help="The one that may be better.")],
    varies: Annotated[str | None, typer.Option(help="The setting that is tested.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Compare two experiments; a verdict is given only when one setting differs and the rows are the same."""
    from augury.records.tracking import experiment
    from augury.runs.proving.experiments import compared

    where = folder or SESSION.settings().data_dir
    found = compared(experiment(where, a), experiment(where, b), varies)
    if as_json:
        return document(asdict(found))
    rows = [{"what": f"setting {key}", "a": one, "b": other} for key, (one, other) in found.settings.items()]
    rows += [{"what": key, "a": one, "b": other} for key, (one, other) in found.metrics.items()]
    show(rows)
    return typer.echo(found.verdict)

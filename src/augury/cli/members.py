"""Verbs for members: ``augury members policy``."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

app = typer.Typer(
    help="Which members an ensemble may have.",
    epilog="Example: augury members policy SPY d1",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def members() -> None:
    """Which members an ensemble may have."""


@app.command(epilog="Example: augury members policy SPY d1")
def policy(
    symbol: Annotated[str, typer.Argument(help="e.g. SPY")],
    timeframe: Annotated[str, typer.Argument(help="e.g. d1")] = "d1",
    log: Annotated[bool, typer.Option("--log", help="Write the refusals into the journal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Show which members are admitted by what is live, and what was measured for the others."""
    from dataclasses import asdict

    from augury.core.bars import check_symbol
    from augury.core.timeframe import Timeframe
    from augury.runs.registry.policy import policy as admissions

    timeframe = str(Timeframe.parse(timeframe))
    with SESSION.workspace() as workspace:
        rows = [asdict(one) for one in admissions(workspace, check_symbol(symbol), timeframe, journal=log)]
    show(rows, as_json=as_json, as_csv=as_csv, columns=["member", "admitted", "rule", "found"])

"""``augury repro``: can a stored version be made again, byte for byte?"""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury repro ^GSPC --horizon 5d")(repro)


def repro(
    version: Annotated[str, typer.Argument(help="A version, its last six digits, or a symbol for its champion.")],
    timeframe: Annotated[str | None, typer.Option(help="Of the version.")] = None,
    horizon: Annotated[str | None, typer.Option(help="Of the version.")] = None,
    seconds_max: Annotated[int, typer.Option(help="End the fresh process after as many seconds.", min=1)] = 900,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Train a version again in a fresh process and an empty folder, and compare every hash.

    Bars, features, each file of the model, its manifest and its forecast must be the same bytes.
    Writes nothing to the store. Exits 5 and names the first difference.
    """
    from augury.core.timeframe import Horizon, Timeframe
    from augury.runs.proving.reproduction import find_version, reproduce, short

    frame = str(Timeframe.parse(timeframe)) if timeframe else None
    span = str(Horizon.parse(horizon)) if horizon else None
    with SESSION.workspace() as workspace:
        row = find_version(workspace, version, timeframe=frame, horizon=span)
        SESSION.say(f"{row.symbol} {row.timeframe} {row.horizon} {row.version}: training again")
        made = reproduce(workspace, row, seconds_max=seconds_max)
    rows = [{"what": one.what, "equal": one.equal, "old": one.old, "new": one.new} for one in made.rows]
    if as_json:
        document(
            {"cell": made.cell, "version": made.version, "members": list(made.members), "rows": rows,
             "libraries": {name: list(both) for name, both in made.libraries.items()}}
        )  # fmt: skip
    elif as_csv:
        show(rows, as_csv=True)
    else:
        show(
            [{"what": one.what, "equal": one.equal, "old": short(one.old), "new": short(one.new)} for one in made.rows],
            title=f"{made.cell} {made.version}",
        )
    if (refusal := made.refusal) is not None:
        raise refusal

"""``augury parity``: is what was served what the bars say?"""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury parity --symbol ^GSPC --timeframe d1 --n 200")(parity)


def parity(
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    n: Annotated[int, typer.Option(help="Served rows to recompute.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV of the differences on stdout.")] = False,
) -> None:
    """Recompute served features, probabilities and forecasts from the lake's bars.

    Rows of the ledger, champions served again at earlier closes, and the feature cache are held
    against one batch over the whole history, bit for bit. Writes nothing. Exits 5 on a difference.
    """
    from augury.runs.proving.parity import parity as run

    with SESSION.workspace() as workspace:
        report = run(workspace, symbol=symbol, timeframe=timeframe, n=n)
    differences = [
        {"source": one.source, "cell": one.cell, "column": one.column, "ts": one.ts,
         "served": one.served, "recomputed": one.recomputed}
        for one in report.differences
    ]  # fmt: skip
    counts = {"ledger": report.ledger, "replayed": report.replayed, "cached": report.cached,
              "values": report.values, "differences": len(differences), "skipped": len(report.skipped)}  # fmt: skip
    if as_json:
        document(counts | {"differences": differences, "skipped": report.skipped})
    elif as_csv:
        show(differences, as_csv=True)
    else:
        show([counts])
        for one in report.differences[:20]:
            SESSION.say(f"augury: {one}")
        for reason in report.skipped[:20]:
            SESSION.say(f"augury: not compared: {reason}")
    if differences:
        raise typer.Exit(EXIT_GATE)

"""``augury validate``: judge stored versions again, from their files and the lake's bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION
from augury.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from augury.proof.selection import Deflated
    from augury.runs.proving.validation import Revalidation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury validate --symbol ^GSPC --timeframe d1")(validate)


def validate(
    version: Annotated[str | None, typer.Argument(help="A version, champion or not.")] = None,
    symbol: Annotated[list[str] | None, typer.Option(help="A symbol; repeat the flag for more.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every champion.")] = False,
    null: Annotated[bool, typer.Option("--null", help="Fit the same members on null data too: more gates.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the same facts to this page as well.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Reload versions, score them again on their report slice, and run every gate.

    Exits 5 when a gate refuses, 1 when the scores differ from the stored ones.
    """
    from augury.runs.proving.trials import deflated_scores
    from augury.runs.proving.validation import revalidate

    if not version and not symbol and not everything:
        raise UsageError("name a version, a symbol, or --all for every champion", fix="augury validate --all")
    with SESSION.workspace() as workspace:
        judged = revalidate(workspace, symbols=symbol or [], timeframe=timeframe, version=version or "", null=null)
        found = list(judged)
        deflated = [deflated_scores(workspace.store.trials, result.manifest) for result in found]
    rows = [
        {"cell": result.cell, "version": result.version, "verdict": result.verdict.word, "gate": gate.code,
         "passed": gate.passed, "value": gate.value, "limit": gate.limit, "message": gate.message,
         "reproduced": result.reproduced, "selection": _selection(beside)}
        for result, beside in zip(found, deflated, strict=True)
        for gate in result.verdict.gates
    ]  # fmt: skip
    columns = ["cell", "verdict", "gate", "passed", "value", "limit", "message", "reproduced"]
    show(rows, as_json=as_json, as_csv=as_csv, columns=columns, empty="no champions yet -> run: augury train --all")
    for result, beside in zip(found, deflated, strict=True):
        SESSION.say(f"{result.cell} {result.version}: {_selection(beside) or 'no coefficient on the report slice'}")
    if html is not None and found:
        SESSION.say(f"page: {_page(html, found, deflated)}")
    if any(result.verdict.word == "refused" for result in found):
        raise typer.Exit(5)
    if not all(result.reproduced for result in found):
        raise typer.Exit(1)


def _selection(deflated: Mapping[str, Deflated | None]) -> str:
    """The first coefficient that is defined, the one way it may be printed."""
    return next((one.text() for one in deflated.values() if one is not None), "")


def _page(path: Path, found: Sequence[Revalidation], deflated: Sequence[Mapping[str, Deflated | None]]) -> Path:
    import polars as pl

    from augury.proof.limits import load_limits
    from augury.proof.report import ReportCell, write_report

    cells = [
        ReportCell(
            result.manifest,
            None,
            pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), "close": pl.Float64}),
            extra={"scores reproduced": "yes" if result.reproduced else "no: they differ from the stored ones"},
            deflated=beside,
        )
        for result, beside in zip(found, deflated, strict=True)
    ]
    limits = load_limits()
    facts = {"limits": f"version {limits.version}, {limits.hash[:12]}", "judged": f"{len(cells)} versions"}
    return write_report(path, cells, title="Validation", facts=facts)

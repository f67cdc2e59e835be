"""``augury explain``: what made a forecast, what a version needs, and where it goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.runs.proving.explanation import Explained


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury explain ^GSPC --timeframe d1 --horizon 5d")(explain)


def explain(
    name: Annotated[str, typer.Argument(help="The id of a row of the ledger, or a symbol.")],
    timeframe: Annotated[str | None, typer.Option(help="Of the symbol; default d1.")] = None,
    horizon: Annotated[str | None, typer.Option(help="Of the symbol; default the timeframe's first.")] = None,
    member: Annotated[str | None, typer.Option(help="Share out one member's answer instead.")] = None,
    importance: Annotated[bool, typer.Option("--importance", help="What the version needs, on report rows.")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="What the worst report rows have in common.")] = False,
    loss: Annotated[str, typer.Option(help="What makes a failure: class or band.")] = "class",
    top: Annotated[int, typer.Option(help="Lines shown in the table.", min=1)] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, every line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout, every line.")] = False,
) -> None:
    """Share out a forecast's score over its features, and say it in at most three sentences.

    Contributions sum to the score minus the base. Every number of a sentence stands in the table.
    """
    from augury.runs.proving import explanation

    with SESSION.workspace() as workspace:
        if failures:
            found = explanation.failures(workspace, name, timeframe=timeframe, horizon=horizon, loss=loss)
            rows = [
                {"kind": one.kind, "group": one.group, "n": one.n, "worst": one.worst, "share": one.share,
                 "low": one.low, "high": one.high, "overall": one.overall, "lift": one.lift, "clear": one.clear}
                for one in found
            ]  # fmt: skip
            return _lines(rows, top, as_json, as_csv)
        asked = explanation.explained(workspace, name, timeframe=timeframe, horizon=horizon)
    if importance:
        rows = [
            {"features": " ".join(one.features), "rise": one.rise, "low": one.low, "high": one.high, "n": one.n}
            for one in asked.importance()
        ]
        return _lines(rows, top, as_json, as_csv)
    if member is not None:
        return _lines(_member(asked, member), top, as_json, as_csv)
    why = asked.rationale()
    if as_json:
        return document(explanation.facts(why, asked))
    if as_csv:
        return show([line.to_json() for line in why.lines], as_csv=True)
    lines = [line.cells() for line in why.lines]
    show([*lines[: top + 1], *lines[-2:]], title=f"{asked.loaded.manifest.cell} {asked.loaded.manifest.version}")
    for sentence in why.sentences:
        typer.echo(sentence)
    return None


def _lines(rows: list[dict[str, Any]], top: int, as_json: bool, as_csv: bool) -> None:
    show(rows if as_json or as_csv else rows[:top], as_json=as_json, as_csv=as_csv)


def _member(asked: Explained, name: str) -> list[dict[str, Any]]:
    """The lines of one member: log-odds by class for boosted trees, else shares of its score."""
    from augury.proof.explain.attributions import Attribution

    found = asked.member(name)
    values = asked.row.X[0].tolist()
    if isinstance(found, Attribution):
        rows = [
            {"what": what, "value": value, "share": share, "low": low, "high": high, "n": found.n}
            for what, value, share, low, high in zip(
                asked.names, values, found.shares.tolist(), found.low.tolist(), found.high.tolist(), strict=True
            )
        ]
        return sorted(rows, key=lambda row: -abs(row["share"]))
    by_class = {label.lower(): shares.tolist() for label, (shares, _) in found.items()}
    rows = [
        {"what": what, "value": values[at], **{label: shares[at] for label, shares in by_class.items()}}
        for at, what in enumerate(asked.names)
    ]
    rows.sort(key=lambda row: -max(abs(row[label]) for label in by_class))
    base = {"what": "base", "value": None, **{label.lower(): base for label, (_, base) in found.items()}}
    return [base, *rows]

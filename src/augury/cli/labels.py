"""Verbs for labels: ``augury labels audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

app = typer.Typer(
    help="Look at labels again.",
    epilog="Example: augury labels audit --data windows.parquet --out doubtful.csv",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def labels() -> None:
    """Look at labels again."""


@app.command(epilog="Example: augury labels audit --data windows.parquet --model logreg --model rf")
def audit(
    data: Annotated[Path, typer.Option(help="A window file with labels.")],
    model: Annotated[list[str] | None, typer.Option(help="Who answers; repeat. Default logreg and lgbm.")] = None,
    folds: Annotated[int, typer.Option(min=1, help="Blocks that are answered for.")] = 5,
    rule: Annotated[str, typer.Option(help="worst: the worst 10 %; below: a quality under 0.3.")] = "worst",
    out: Annotated[Path | None, typer.Option(help="CSV of every audited window, worst first.")] = None,
    seed: Annotated[int, typer.Option(help="Random state of the models.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Name the labels that models, which had not seen the windows, find hard to believe."""
    from augury.core.atomic import write_text
    from augury.labels.windows.files import read_windows
    from augury.models.windows import answer_out_of_fold
    from augury.proof.label_audit import audit as doubt

    windows = read_windows(data)
    answers = answer_out_of_fold(windows, model or ["logreg", "lgbm"], folds=folds, seed=seed)
    found = doubt(answers.proba, answers.codes, answers.classes, ids=windows.frame["window_id"].to_list(), rule=rule)
    if out is not None:
        write_text(out, found.table.write_csv())
        SESSION.say(f"{out} has {found.table.height} windows, {len(found.issues)} of them doubtful")
    rows = found.table.filter("is_issue").to_dicts()
    columns = ["id", "given", "predicted", "quality"]
    show(rows, as_json=as_json, as_csv=as_csv, columns=columns, empty="no label is doubtful by this rule")

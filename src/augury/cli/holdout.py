"""Verbs for the sealed holdout: ``augury holdout seal|status|open``."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from augury.core.score import Score
    from augury.core.timeframe import Timeframe
    from augury.runs.proving.holdout import HoldoutScore

app = typer.Typer(
    help="Seal rows nobody may look at, and count who did.",
    epilog="Example: augury holdout seal d1/SPY --from 2018-01-01",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Dataset = Annotated[str, typer.Argument(help="TIMEFRAME/SYMBOL, e.g. d1/SPY")]


@app.command(epilog="Example: augury holdout seal d1/SPY --from 2018-01-01")
def seal(
    dataset: Dataset,
    sealed_from: Annotated[str, typer.Option("--from", help="First sealed day, YYYY-MM-DD.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sealed, seal nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Seal a dataset from a day on: training, tuning, weighting and early stopping never see it again.

    A seal can begin earlier later on, never later, and can not be taken off.
    """
    timeframe, symbol = _split(dataset)
    moment = _day(sealed_from)
    name = f"{timeframe}/{symbol}"
    if dry_run:
        return SESSION.say(f"would seal {name} from {sealed_from}")
    with SESSION.workspace() as workspace:
        found = workspace.store.holdout.seal(name, moment, by=getpass.getuser())
    row = {"dataset": found.dataset, "sealed_from": found.sealed_from, "state": found.text}
    return document(row) if as_json else show([row])


@app.command(epilog="Example: augury holdout status")
def status(as_json: AsJson = False) -> None:
    """Show what is sealed, and how often each was opened."""
    with SESSION.workspace() as workspace:
        found = workspace.store.holdout.status()
    rows = [
        {"dataset": one.dataset, "sealed_from": one.sealed_from, "state": one.text, "openings": one.openings,
         "last_opened": one.last_opened_at, "reason": one.last_reason}
        for one in found
    ]  # fmt: skip
    show(rows, as_json=as_json, empty="nothing is sealed -> run: augury holdout seal d1/SYMBOL --from YYYY-MM-DD")


@app.command("open", epilog="Example: augury holdout open d1/SPY --reason 'final report'")
def open_(
    dataset: Dataset,
    reason: Annotated[str, typer.Option(help="Why; kept for good.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score the champions on the sealed rows, once. The opening is counted and can not be undone."""
    from augury.runs.proving.holdout import open_holdout

    timeframe, symbol = _split(dataset)
    if not yes:
        typer.confirm(f"open the holdout of {dataset}? it is counted for good", abort=True, err=True)
    with SESSION.workspace() as workspace:
        found, scored = open_holdout(workspace, symbol, timeframe, reason, by=getpass.getuser())
    SESSION.say(f"{found.dataset}: {found.text}")
    if as_json:
        cells = [_facts(one) for one in scored]
        return document({"dataset": found.dataset, "openings": found.openings, "state": found.text, "cells": cells})
    shown = ("accuracy", "accuracy_skill", "coverage80")
    rows = [
        {"cell": one.manifest.cell, **{name: _score(one.scores, name) for name in shown}, "selection": one.deflated}
        for one in scored
    ]
    return show(rows, title=found.text)


def _facts(one: HoldoutScore) -> dict[str, object]:
    return {
        "cell": one.manifest.cell,
        "version": one.manifest.version,
        "selection": one.deflated,
        "scores": [score.to_json() for score in one.scores],
    }


def _score(scores: tuple[Score, ...], name: str) -> str | None:
    return next((score.text() for score in scores if score.name == name), None)


def _split(dataset: str) -> tuple[Timeframe, str]:
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Timeframe

    timeframe, found, symbol = dataset.partition("/")
    if not found:
        raise UsageError(f"'{dataset}' is no dataset: write TIMEFRAME/SYMBOL", fix="augury holdout --help")
    return Timeframe.parse(timeframe), check_symbol(symbol)


def _day(text: str) -> datetime:
    from augury.proof.holdout import day

    try:
        return day(text)
    except ValueError as error:
        raise UsageError(f"--from '{text}' is no day: write YYYY-MM-DD", fix="augury holdout seal --help") from error

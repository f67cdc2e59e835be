"""Verbs for the trial ledger: ``augury trials list``."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

app = typer.Typer(
    help="Every configuration ever scored, and what the best of them is worth.",
    epilog="Example: augury trials list --dataset d1/^GSPC",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def ledger() -> None:
    """Every configuration ever scored, and what the best of them is worth."""


@app.command("list", epilog="Example: augury trials list --dataset d1/^GSPC")
def list_(
    dataset: Annotated[str | None, typer.Option(help="Only this dataset, e.g. d1/^GSPC, or a data version.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """List trials, newest first; a Sharpe ratio or a RankIC stands only beside its deflated value."""
    from augury.proof.selection import METRICS
    from augury.runs.proving.trials import deflated_trial

    with SESSION.workspace() as workspace:
        trials = workspace.store.trials
        rows = []
        for trial in trials.list(dataset, limit):
            deflated = deflated_trial(trials, trial)
            alone = trial.value is not None and trial.metric not in METRICS
            told = f"{trial.metric} {f'{trial.value:.3f}' if alone else 'undefined'}, n={trial.n:.0f}"
            rows.append(
                {"dataset": trial.dataset, "kind": trial.kind, "config": trial.config_hash[:12],
                 "metric": trial.metric, "value": trial.value, "score": deflated.text() if deflated else told,
                 "dsr": deflated.dsr if deflated else None, "pbo": deflated.pbo if deflated else None,
                 "trials": trials.count(trial.dataset), "data_version": trial.data_version[:12],
                 "scored_at": trial.scored_at}
            )  # fmt: skip
    show(
        rows,
        as_json=as_json,
        as_csv=as_csv,
        columns=["dataset", "kind", "config", "score", "scored_at"],
        empty=f"no trials{f' on {dataset}' if dataset else ''} yet -> run: augury train --all",
    )

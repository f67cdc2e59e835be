"""``augury train``: cells are trained, judged and registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli import network
from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import points, score_facts, skill_of
from augury.core.errors import NotFound, UsageError

if TYPE_CHECKING:
    from augury.proof.selection import Deflated
    from augury.runs.training import Outcome


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury train --symbol ^GSPC --timeframe d1")(train)


def train(
    symbol: Annotated[list[str] | None, typer.Option(help="A symbol; repeat the flag for more.")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="d1 w1 …; repeat for more. Default d1.")] = None,
    horizon: Annotated[list[str] | None, typer.Option(help="e.g. 5d; default: the timeframe's own list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every symbol and timeframe in the lake.")] = False,
    recipe: Annotated[str | None, typer.Option(help="default, demo or a YAML file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random state of the run.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: the cores.")] = None,
    executor: Annotated[str | None, typer.Option(help="pool, inline or ray; default: pool when it helps.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the cells, train nothing.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Exit 0 when at least one cell serves.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    data: network.Data = None,
    model: network.Model = "simple_lstm",
    n_epochs: network.Epochs = 60,
    load_pretrained: network.Pretrained = None,
    freeze_encoder: network.Frozen = False,
    unfreeze: network.Unfreeze = None,
    learning_rate: network.Rate = None,
    input_dim: network.Width = 11,
    mode: network.Mode = "retrospective",
    no_multitask: network.OneTask = False,
    use_anti_collapse_loss: network.AntiCollapse = False,
    variance_regularization: network.Variance = 0.0,
    rank_weight: network.Rank = 0.1,
    lookback: network.Lookback = 20,
    entry: network.Entry = "next_close",
    folds: network.Folds = 1,
    setting: network.Settings = None,
    track: network.Track = None,
) -> None:
    """Train an ensemble per symbol, timeframe and horizon, judge it, register it.

    With --data a network is trained from a file instead: windows are classified, a panel is ranked, and
    --model signals says buy, sell or hold over one --horizon, default 5d.
    Exits with the highest code any cell met: 3 data rejected, 4 no bars, 5 refused by the gate.
    """
    if data is not None:
        if symbol or timeframe or everything or recipe or dry_run:
            raise UsageError("--symbol, --timeframe, --all, --recipe and --dry-run choose cells, --data is a file")
        return network.train(
            data, model, as_json=as_json, epochs=n_epochs, pretrained=load_pretrained, frozen=freeze_encoder,
            input_dim=input_dim, mode=mode, multitask=not no_multitask, anti_collapse=float(use_anti_collapse_loss),
            variance_regularization=variance_regularization, rank_weight=rank_weight, lookback=lookback, entry=entry,
            folds=folds, network_settings=network.settings(setting or []), sinks=tuple(track or []),
            seed=1337 if seed is None else seed, horizon=tuple(horizon or []), unfreeze=tuple(unfreeze or []),
            learning_rate=learning_rate,
        )  # fmt: skip
    from augury.cli.progress import Progress
    from augury.runs.cells import plan_cells
    from augury.runs.executors import executor_named
    from augury.runs.proving.trials import deflated_scores
    from augury.runs.recipes import load_recipe
    from augury.runs.training import train as run

    settings = SESSION.settings(workers=workers, recipe=recipe)
    chosen = load_recipe(settings.recipe)
    chosen = chosen if seed is None else chosen.replace(seed=seed)
    with SESSION.workspace(workers=workers, recipe=recipe) as workspace:
        if everything:
            entries = workspace.lake.entries()
            if not entries:
                raise NotFound(
                    f"the lake {workspace.lake.root} is empty: nothing to train",
                    fix="augury data import --provider arch",
                )
            cells = [cell for e in entries for cell in plan_cells([e.symbol], [str(e.timeframe)], horizon or [])]
        elif symbol:
            cells = plan_cells(symbol, timeframe or ["d1"], horizon or chosen.horizons)
        else:
            raise UsageError("name a symbol, or --all for everything in the lake", fix="augury train --symbol ^GSPC")
        if dry_run:
            return show([{"cell": str(cell)} for cell in cells], as_json=as_json)
        asked = executor_named(executor, workspace.settings.workers, workspace.settings) if executor else None
        outcomes: list[Outcome] = []
        with Progress("train", len(cells)) as progress:
            for outcome in run(workspace, cells, chosen, executor=asked):
                outcomes.append(outcome)
                progress.step(f"{outcome.cell} {_ended(outcome)}")
        outcomes.sort(key=lambda outcome: cells.index(outcome.cell))
        trials = workspace.store.trials
        deflated = [deflated_scores(trials, one.manifest) if one.manifest else {} for one in outcomes]
    if as_json:
        document([_facts(outcome, beside) for outcome, beside in zip(outcomes, deflated, strict=True)])
    else:
        show([_line(outcome) for outcome in outcomes])
    codes = [outcome.exit_code for outcome in outcomes]
    raise typer.Exit(0 if keep_going and 0 in codes else max(codes, default=0))


def _ended(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"{outcome.error.code}: {outcome.error}"
    assert outcome.manifest is not None
    reasons = ", ".join(gate.code for gate in outcome.manifest.verdict.failed)
    return f"{outcome.manifest.verdict.word}{f' ({reasons})' if reasons else ''} in {outcome.seconds:.1f} s"


def _line(outcome: Outcome) -> dict[str, Any]:
    return {
        "cell": str(outcome.cell),
        "verdict": outcome.manifest.verdict.word if outcome.manifest else type(outcome.error).__name__,
        "skill [95 %] over baseline": points(skill_of(outcome.manifest)),
        "seconds": f"{outcome.seconds:.1f}",
    }


def _facts(outcome: Outcome, deflated: dict[str, Deflated | None]) -> dict[str, Any]:
    manifest = outcome.manifest
    report = [score for score in manifest.scores if score.slice == "report"] if manifest else []
    return {
        "cell": str(outcome.cell),
        "verdict": manifest.verdict.word if manifest else None,
        "reasons": [gate.message for gate in manifest.verdict.failed] if manifest else [],
        "scores": [score_facts(score, deflated) for score in report],
        "selection": outcome.deflated.to_json() if outcome.deflated else None,
        "version": manifest.version if manifest else None,
        "artifact_hash": manifest.content_hash if manifest else None,
        "seconds": round(outcome.seconds, 2),
        "error": str(outcome.error) if outcome.error else None,
    }

"""Verbs for tuning: ``augury hpo run|list|show|monitor|resume|best``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show, text
from augury.cli.session import SESSION
from augury.core.errors import CorruptArtifact, UsageError

if TYPE_CHECKING:
    from augury.runs.tuning.monitor import Progress
    from augury.runs.tuning.study import Study

app = typer.Typer(
    help="Search settings on inner folds; every trial is counted.",
    epilog="Example: augury hpo run --family lgbm --symbol ^GSPC --horizon 5d --trials 20",
    no_args_is_help=True,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Name = Annotated[str, typer.Argument(help="Of the study.")]


@app.callback()
def tuning() -> None:
    """Search settings on inner folds; every trial is counted."""


@app.command(epilog="Example: augury hpo run --family lgbm --symbol ^GSPC --horizon 5d --trials 20")
def run(
    family: Annotated[str, typer.Option(help="What is tuned: lgbm, rf, gb, logreg, simple_lstm …")],
    symbol: Annotated[str | None, typer.Option(help="Of the lake or a bundled source.")] = None,
    timeframe: Annotated[str, typer.Option(help="d1 w1 …")] = "d1",
    horizon: Annotated[str, typer.Option(help="e.g. 5d")] = "5d",
    data: Annotated[Path | None, typer.Option(help="A file of windows or a panel, for networks.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the study; default: family and data.")] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials that shall have ended.")] = 20,
    objective: Annotated[str | None, typer.Option(help="rank_ic, sharpe, blended, balanced_accuracy …")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Of a network.")] = 10,
    folds: Annotated[int, typer.Option(min=2, max=10, help="Inner folds.")] = 3,
    trial_seconds: Annotated[float, typer.Option(min=0, help="A longer trial has failed; 0 is no limit.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Random state of the sampler.")] = 42,
    workers: Annotated[int | None, typer.Option(help="Processes; 1 makes a sweep repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a study, or go on with the one of that name, until enough trials have ended."""
    from augury.runs.tuning import FAMILIES
    from augury.runs.tuning.family import StudySpec
    from augury.runs.tuning.running import studies_folder
    from augury.runs.tuning.study import Study

    chosen = FAMILIES.load(family)
    if (symbol is None) == (data is None):
        raise UsageError("name a symbol or a file, one of them", fix=f"augury hpo run --family {family} --symbol ^GSPC")
    what = {"file": str(data.resolve())} if data else {"symbol": symbol, "timeframe": timeframe, "horizon": horizon}
    label = name or f"{family}-{data.stem if data else f'{symbol}-{timeframe}-{horizon}'}".replace("^", "").replace(
        "=", ""
    )
    spec = StudySpec(
        label, family, what, objective=objective or chosen.objective, epochs=epochs, folds=folds,
        trial_seconds=trial_seconds, seed=seed,
    )  # fmt: skip
    with SESSION.workspace(workers=workers) as workspace:
        _sweep(Study.create(studies_folder(workspace), spec), workspace, trials, workers, as_json)


@app.command(epilog="Example: augury hpo resume lgbm-GSPC-d1-5d --trials 20")
def resume(
    study: Name,
    trials: Annotated[int, typer.Option(min=1, help="Trials that shall have ended, earlier ones included.")] = 20,
    workers: Annotated[int | None, typer.Option(help="Processes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a study that was cut off, or make it longer."""
    with SESSION.workspace(workers=workers) as workspace:
        _sweep(_opened(workspace, study), workspace, trials, workers, as_json)


@app.command("list", epilog="Example: augury hpo list")
def list_(as_json: AsJson = False) -> None:
    """List the studies with their best value."""
    from augury.runs.tuning.monitor import watch
    from augury.runs.tuning.running import studies_folder
    from augury.runs.tuning.study import Study, studies

    with SESSION.workspace() as workspace:
        seen = [watch(Study.open(folder)) for folder in studies(studies_folder(workspace))]
    rows: list[dict[str, Any]] = [
        {"study": one.study, "objective": one.objective, "best": one.best and one.best.value,
         "dsr": one.best and one.best.dsr(one.total),
         "completed": one.completed, "pruned": one.pruned, "failed": one.failed, "running": one.running}
        for one in seen
    ]  # fmt: skip
    show(rows, as_json=as_json, empty="no studies yet -> run: augury hpo run --family lgbm --symbol ^GSPC")


@app.command("show", epilog="Example: augury hpo show lgbm-GSPC-d1-5d")
def show_(study: Name, as_json: AsJson = False) -> None:
    """Show every trial; refuses when ``best_params.json`` is not what they say."""
    with SESSION.workspace() as workspace:
        opened = _opened(workspace, study)
        opened.check_outputs()
        trials = opened.trials()
        rows = [row.beside_luck(len(trials)) for row in trials]
    if as_json:
        return document(rows)
    return show([_line(row) for row in rows])


@app.command(epilog="Example: augury hpo best lgbm-GSPC-d1-5d --recompute")
def best(
    study: Name,
    recompute: Annotated[bool, typer.Option("--recompute", help="Score the best settings again and compare.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the best settings; exits 5 when they do not give their value again."""
    from augury.runs.tuning.running import deflated_best
    from augury.runs.tuning.running import recompute as again

    with SESSION.workspace() as workspace:
        opened = _opened(workspace, study)
        said = opened.check_outputs()
        if recompute:
            kept, found = again(opened, workspace)
            if kept != found:
                raise CorruptArtifact(f"trial {said['number']} is kept with {kept}, its settings give {found} now")
            said = said | {"recomputed": found}
        said = said | {"deflated": deflated_best(opened, workspace)}
    _tell(said, as_json)


@app.command(epilog="Example: augury hpo monitor lgbm-GSPC-d1-5d --watch 30")
def monitor(
    study: Name,
    trials: Annotated[int, typer.Option(min=0, help="Trials it shall have, for the time of arrival.")] = 0,
    watch: Annotated[float, typer.Option(min=0, help="Look again every so many seconds; 0 looks once.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Show how far a study is, also one that another process runs."""
    from augury.runs.tuning.monitor import watch as look

    with SESSION.workspace() as workspace:
        folder = _opened(workspace, study)
    while True:
        seen = look(folder, trials)
        if as_json:
            document(seen.to_json())
        else:
            _print(seen)
        if not watch or (trials and seen.total >= trials and not seen.running):
            return
        time.sleep(watch)


def _label(family: str, data: str) -> str:
    return "".join(letter for letter in f"{family}-{data}" if letter.isalnum() or letter in "._-")


def _opened(workspace: Any, name: str) -> Study:
    from augury.runs.tuning.running import studies_folder
    from augury.runs.tuning.study import Study

    return Study.open(studies_folder(workspace) / name)


def _sweep(study: Study, workspace: Any, trials: int, workers: int | None, as_json: bool) -> None:
    from augury.cli.progress import Progress
    from augury.runs.tuning.running import deflated_best
    from augury.runs.tuning.running import run as sweep
    from augury.runs.tuning.study import counted

    with Progress("trials", max(0, trials - counted(study.trials()))) as progress:
        sweep(study, workspace, trials, workers=workers,
              on_trial=lambda ended: progress.step(f"trial {ended['number']} {ended['state']}"))  # fmt: skip
    said = study.check_outputs() | {"deflated": deflated_best(study, workspace)}
    _tell(said, as_json)
    SESSION.say(f"{study.folder} holds best_params.json and all_trials.json")


def _tell(said: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return document(said)
    rest = {key: value for key, value in said.items() if key != "params"}
    return show([{"setting": key, "value": value} for key, value in (said["params"] | rest).items()])


def _line(row: dict[str, Any]) -> dict[str, Any]:
    chosen = " ".join(f"{key}={text(value)}" for key, value in row["params"].items())
    return {key: row[key] for key in ("number", "state", "value", "dsr", "seconds")} | {"params": chosen}


def _print(seen: Progress) -> None:
    best = "no trial completed yet"
    if seen.best:
        luck = text(seen.best.dsr(seen.total))
        best = f"best {text(seen.best.value)} by trial {seen.best.number} (DSR {luck} among {seen.total} trials)"
    SESSION.say(
        f"{seen.study}: {seen.completed} completed, {seen.pruned} pruned, {seen.failed} failed, {seen.running} running"
        f"; {best}; elapsed {text(seen.elapsed_s)} s, left {text(seen.eta_s)} s"
    )
    for process in seen.processes:
        SESSION.say(f"process {process.pid}: {text(process.cpu_seconds)} s of CPU, {text(process.memory_mib)} MiB")
    show([_line(row.beside_luck(seen.total)) for row in seen.last])
    for line in seen.lines:
        SESSION.say(" ".join(f"{key}={value}" for key, value in line.items()))

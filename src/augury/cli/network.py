"""The part of ``augury train`` that trains a network from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from augury.cli.screen import document
from augury.cli.session import SESSION
from augury.core.errors import UsageError

_PANEL = "Networks, from a file"


def _flag(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_PANEL, **more)


Data = Annotated[Path | None, _flag(help="A window file with labels, or bars (of many symbols for rankers).")]
Model = Annotated[str, _flag(help="simple_lstm, lstm_transformer, atft_gat_fan, signals …")]
Epochs = Annotated[int, _flag(help="Upper bound of the epochs.", min=1)]
Pretrained = Annotated[Path | None, _flag(help="Encoder to begin from, verified tensor by tensor.")]
Frozen = Annotated[bool, _flag("--freeze-encoder", help="Keep that encoder as it is.")]
Unfreeze = Annotated[list[int] | None, _flag(help="Epochs that release a ranker's encoder, 10 20 30.", min=1)]
Rate = Annotated[float | None, _flag(help="Learning rate of the head.", min=0)]
Width = Annotated[int, _flag(help="11 relative features, or 4 prices.")]
Mode = Annotated[str, _flag(help="retrospective or causal.")]
OneTask = Annotated[bool, _flag("--no-multitask", help="One head, of the returns.")]
AntiCollapse = Annotated[bool, _flag("--use-anti-collapse-loss", help="Balance the signs of the answers.")]
Variance = Annotated[float, _flag(help="Weight of the floor under the spread of the answers.", min=0)]
Rank = Annotated[float, _flag(help="Weight of the rank loss; 0 is off.", min=0)]
Lookback = Annotated[int, _flag(help="Rows of a sample of a panel.", min=1)]
Entry = Annotated[str, _flag(help="close, or next_close for an entry a day later.")]
Folds = Annotated[int, _flag(help="Test blocks of the walk forward of a panel.", min=1)]
Settings = Annotated[list[str] | None, _flag(help="name=value of the network; repeat.")]
Track = Annotated[list[str] | None, _flag(help="Tell the run to mlflow or wandb besides; repeat.")]


def train(data: Path, model: str, *, as_json: bool, learning_rate: float | None, **asked: Any) -> None:
    """Train, print what it is worth beside its baselines, say where it lies."""
    import os

    from augury.learning.environment import resolve
    from augury.runs.networks import NetworkRequest, train_network
    from augury.runs.proving.sealed import guard_of_file

    resolved = resolve(environ=os.environ)
    set_ = {
        name: value for name, value in resolved.settings.to_json().items() if name.partition(".")[0] in _set(resolved)
    }
    if learning_rate is not None:
        set_["learning_rate"] = learning_rate
    with SESSION.workspace() as workspace:
        request = NetworkRequest(data=data, model=model, training=set_, **asked)
        guard = guard_of_file(workspace.store, data)
        done = train_network(request, workspace.settings.data_dir, workspace.store.trials, guard)
    if as_json:
        return document(done.experiment.to_json() | {"folder": str(done.folder), "told": list(done.lines)})
    for line in done.lines:
        typer.echo(line)
    return SESSION.say(f"{done.experiment.experiment_id} lies in {done.folder}")


def settings(said: list[str]) -> dict[str, Any]:
    """Read ``name=value``; a value is JSON where it can be, else text.

    Examples
    --------
    >>> settings(["hidden_size=32", "fusion=gate"])
    {'hidden_size': 32, 'fusion': 'gate'}
    """
    found = {}
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise UsageError(f"--setting {one!r} is not name=value", fix="augury train --help")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _set(resolved: Any) -> set[str]:
    """Names of the settings that the environment set."""
    return {name.partition(".")[0] for name, origin in resolved.origins.items() if origin.startswith("environment")}

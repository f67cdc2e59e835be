"""``augury pretrain`` and ``augury pretrain-multitask``: an encoder learns from bars nobody labelled."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.models.deep.pretraining import Pretrained

_Data = Annotated[Path, typer.Option(help="Window file, or bars in any layout (panel: of many symbols).")]
_Folder = Annotated[Path, typer.Option(help="Folder of the encoder and its encoder.json.")]
_Epochs = Annotated[int, typer.Option(help="Upper bound of the epochs.", min=1)]
_Batch = Annotated[int | None, typer.Option(help="Windows a step; default 512, or 64 with --small.", min=1)]
_Small = Annotated[bool, typer.Option("--small", help="32 states instead of 128: minutes instead of an hour.")]
_Width = Annotated[int, typer.Option(help="11 relative features, or 4 prices over the first close.")]
_Seed = Annotated[int, typer.Option(help="Of weights, order and masks.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the two verbs."""
    app.command(
        name="pretrain-multitask",
        epilog="Example: augury pretrain-multitask --data windows.parquet --output-dir encoder --small",
    )(multitask)
    app.command(epilog="Example: augury pretrain --kind masked --data windows.parquet --output-dir encoder")(pretrain)


def multitask(
    data: _Data,
    output_dir: _Folder,
    n_epochs: _Epochs = 50,
    batch_size: _Batch = None,
    small: _Small = False,
    input_dim: _Width = 11,
    factor: Annotated[
        float | None, typer.Option(help="Expansions, in average true ranges; default by their share.")
    ] = None,
    seed: _Seed = 1337,
    as_json: _Json = False,
) -> None:
    """Pre-train on the expansion, swing and candle label of each bar."""
    from augury.runs.pretraining import pretrain_file

    made = pretrain_file(
        data, output_dir, kind="multitask", small=small, epochs=n_epochs, batch_size=batch_size,
        input_dim=input_dim, factor=factor, seed=seed,
    )  # fmt: skip
    _say(made, "multitask", as_json)


def pretrain(
    data: _Data,
    output_dir: _Folder,
    kind: Annotated[str, typer.Option(help="multitask, masked, contrastive or panel.")],
    n_epochs: _Epochs = 50,
    batch_size: _Batch = None,
    small: _Small = False,
    input_dim: _Width = 11,
    part: Annotated[
        list[str] | None,
        typer.Option(help="Of a panel: masked_stocks residual_targets, not by default temporal_contrast; repeat."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="First day kept away, of bars: later days may judge.", formats=["%Y-%m-%d"])
    ] = None,
    seed: _Seed = 1337,
    as_json: _Json = False,
) -> None:
    """Pre-train an encoder without labels: masked bars, two views of a window, or the days of a panel."""
    from augury.runs.pretraining import pretrain_file

    made = pretrain_file(
        data, output_dir, kind=kind, small=small, epochs=n_epochs, batch_size=batch_size,
        input_dim=input_dim, parts=part or (), seed=seed, until=until.date() if until else None,
    )  # fmt: skip
    _say(made, kind, as_json)


def _say(made: Pretrained, kind: str, as_json: bool) -> None:
    measures = made.history.best.measures
    if as_json:
        facts = {"kind": kind, "file": str(made.path), "sha256": made.sha256, "measures": measures}
        return document(facts | {"best_epoch": made.history.best_epoch, "epochs": len(made.history.epochs)})
    rows = [{"measure": name, "value": f"{value:.4f}"} for name, value in measures.items()]
    if kind == "multitask":
        rows = [
            {
                "head": head,
                "measure": name.replace("_", " "),
                "value": f"{measures[f'{head}_{name}']:.4f}",
                "constant": f"{measures[f'{head}_constant_{name}']:.4f}",
            }
            for head in ("expansion", "swing", "candle")
            for name in ("accuracy", "balanced_accuracy")
        ]
    show(rows, title=f"{kind}, epoch {made.history.best_epoch} of {len(made.history.epochs)}, select slice")
    for warning in made.history.warnings:
        SESSION.say(f"{warning}: {made.history.steps} steps teach little; give more windows or epochs")
    tensors = len(list(made.encoder.parameters()))
    return SESSION.say(f"{made.path}: {tensors} encoder tensors, sha256 {made.sha256[:12]}")

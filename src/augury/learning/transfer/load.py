"""Putting pre-trained weights into an encoder, and proving that they are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from augury.core.errors import TransferMismatch
from augury.core.hashing import sha256_json
from augury.core.typing import Json
from augury.learning.transfer.files import EncoderFile, place, read_encoder, refuse_unfinished
from augury.learning.transfer.report import TransferReport

_FIX = "augury pretrain-multitask --data FILE --output-dir DIR"


def load_encoder(
    network: nn.Module,
    path: Path | str,
    *,
    freeze: bool = True,
    reload: bool = False,
    allow_scaler_change: bool = False,
    feature_set: str | None = None,
    scaler: Json | None = None,
) -> TransferReport:
    """Replace the weights of an encoder by those of a file, whole or not at all.

    Every route that takes a path comes here: constructor, fit, command line, recipe, each fold.
    Of a file with more layers the first ones are taken; of one that reads both ways a one-way encoder
    takes the forward tensors. Everything else must fit tensor by tensor.

    Parameters
    ----------
    network : Module
        An encoder, or a network whose ``encoder`` it is.
    path : Path
        See :func:`read_encoder`.
    freeze : bool
        Take the encoder out of training; :class:`~augury.learning.unfreezing.Unfreezing` releases it.
    reload : bool
        Allow that the same weights are there already.
    allow_scaler_change : bool
        Go on although the file was made with another feature set or scaler, or does not say with which.
    feature_set : str, optional
        Hash of the columns the network reads; None asks nothing.
    scaler : dict, optional
        The scaler the network is fed through, when it has one; None takes the file's.

    Returns
    -------
    TransferReport
        Measured on the network after loading. Its ``scaler`` is the one to go on with.

    Raises
    ------
    TransferMismatch
        A tensor is missing, of another shape or unknown, or feature set or scaler differ; lists each.
        The network is as it was.
    CorruptArtifact, NotFound, UsageError
        See :func:`read_encoder`.
    """
    encoder = _encoder_of(network)
    file = read_encoder(Path(path))
    refuse_unfinished(file.tensors, file.path)
    if not allow_scaler_change:
        _refuse_other_input(file, feature_set, scaler)
    own = dict(encoder.named_parameters())
    kept, skipped = _planned(own, file)
    before = {name: own[name].detach().clone() for name in kept}
    frozen_before = {name: parameter.requires_grad for name, parameter in own.items()}
    _copy(own, kept)
    for parameter in own.values():
        parameter.requires_grad_(not freeze)
    report = _report(file, own, before, kept, skipped, feature_set, reload)
    if not report.passed:
        _copy(own, before)
        for name, parameter in own.items():
            parameter.requires_grad_(frozen_before[name])
        raise TransferMismatch(
            f"{file.path.name}: the encoder already held these very weights (largest change {report.change:g}): "
            f"nothing would be transferred; difference to the file {report.difference:g}. Pass reload=True to allow it"
        )
    return report


def _encoder_of(network: nn.Module) -> nn.Module:
    inner = getattr(network, "encoder", network)
    if not isinstance(inner, nn.Module) or not any(place(name) for name, _ in inner.named_parameters()):
        raise TransferMismatch(f"{type(network).__name__} has no recurrent encoder to load weights into")
    return inner


def _refuse_other_input(file: EncoderFile, feature_set: str | None, scaler: Json | None) -> None:
    said = []
    if feature_set is not None and file.feature_set != feature_set:
        said.append(f"feature set {str(file.feature_set)[:12]}, the network reads {feature_set[:12]}")
    if scaler is not None and file.scaler_hash != (asked := sha256_json(scaler)):
        said.append(f"scaler {str(file.scaler_hash)[:12]}, the network is fed through {asked[:12]}")
    if said:
        raise TransferMismatch(
            f"{file.path.name} was pre-trained with {'; '.join(said)}: pass allow_scaler_change=True to go on", fix=_FIX
        )


def _planned(own: Mapping[str, Tensor], file: EncoderFile) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors to copy and names to leave out; anything that fits neither is refused."""
    own_places = [at for name in own if (at := place(name)) is not None]
    layers, both_ways = 1 + max(layer for layer, _ in own_places), any(reverse for _, reverse in own_places)
    skipped = tuple(
        name
        for name in file.tensors
        if (at := place(name)) is not None and (at[0] >= layers or (at[1] and not both_ways))
    )
    said = [
        f"{name} is {tuple(file.tensors[name].shape)}, model needs {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if name in file.tensors and file.tensors[name].shape != tensor.shape
    ]
    said += [f"{name} is missing" for name in own if name not in file.tensors]
    said += [f"{name} is unknown to the model" for name in file.tensors if name not in own and name not in skipped]
    if said:
        missing = [name for name in own if name not in file.tensors]
        width = next((tensor.shape[1] for name, tensor in own.items() if name.endswith("weight_ih_l0")), None)
        fix = f"{_FIX} --input-dim {width}" if width != file.settings["n_features"] else _FIX
        raise TransferMismatch(f"{file.path.name}: {'; '.join(said)}", fix=fix, missing=missing, reasons=said)
    return {name: file.tensors[name] for name in own}, skipped


def _copy(own: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _report(
    file: EncoderFile,
    own: Mapping[str, nn.Parameter],
    before: Mapping[str, Tensor],
    kept: Mapping[str, Tensor],
    skipped: tuple[str, ...],
    feature_set: str | None,
    reload: bool,
) -> TransferReport:
    now = {name: parameter.detach() for name, parameter in own.items()}
    change = max(float((now[name] - before[name]).abs().max()) for name in kept)
    equal = tuple(name for name in kept if torch.equal(now[name].cpu(), kept[name].to(now[name].dtype).cpu()))
    frozen = sum(not parameter.requires_grad for parameter in own.values())
    return TransferReport(
        source=str(file.path),
        sha256=file.sha256,
        matched=equal,
        missing=tuple(name for name in own if name not in kept),
        skipped=skipped,
        mismatched=tuple(name for name in kept if name not in equal),
        frozen=frozen,
        trainable=len(own) - frozen,
        change=change,
        difference=max(float((now[name].cpu() - kept[name].cpu()).abs().max()) for name in kept),
        sd_before=_spread(before),
        sd_after=_spread(now),
        reloaded=reload and change == 0.0,
        feature_set=file.feature_set if feature_set is None else feature_set,
        scaler=file.scaler,
    )


def _spread(tensors: Mapping[str, Tensor]) -> float:
    return float(torch.cat([tensor.flatten().double() for tensor in tensors.values()]).std(correction=0))

"""Files of encoder weights: safetensors and a description beside them. Nothing in them is run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from augury.core.atomic import write_bytes, write_text
from augury.core.errors import CorruptArtifact, NotFound, TransferMismatch, UsageError
from augury.core.hashing import sha256_bytes, sha256_file, sha256_json
from augury.core.typing import Json

DESCRIPTION: Final = "encoder.json"
"""Beside a file of encoder tensors: kind, settings, hashes, scaler, history."""
NETWORK: Final = "network.json"
"""Beside the file of a whole network, whose encoder tensors are called ``encoder.…``."""
PREFIX: Final = "encoder."
SETTINGS: Final = ("n_features", "hidden", "layers", "bidirectional")
_NAME: Final = re.compile(r"^(?P<stem>.+)_l(?P<layer>\d+)(?P<reverse>_reverse)?$")
_PICKLES: Final = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt", ".bin")


@dataclass(frozen=True)
class EncoderFile:
    """Encoder weights as they lie on disk.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file of weights.
    tensors : dict
        By the encoder's own names, ``lstm.weight_ih_l0`` …
    settings : dict
        ``n_features, hidden, layers, bidirectional``.
    feature_set : str or None
        Hash of what the encoder was fed; None when the description is silent.
    scaler : dict or None
        The scaler it was fed through.
    facts : dict
        Everything else the description says.
    """

    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]
    settings: Json
    feature_set: str | None
    scaler: Json | None
    facts: Json

    @property
    def scaler_hash(self) -> str | None:
        """Hash of the scaler, None without one."""
        return None if self.scaler is None else sha256_json(self.scaler)


def write_encoder(
    encoder: nn.Module, path: Path, *, kind: str, feature_set: str, scaler: Json | None, facts: Json
) -> str:
    """Durably write the tensors of an encoder, and ``encoder.json`` beside them.

    Parameters
    ----------
    encoder : Module
        With ``settings`` (see :data:`SETTINGS`).
    path : Path
        Ends in .safetensors; its folder holds one encoder.
    kind : str
        How it was pre-trained.
    feature_set : str
        Hash of the columns it reads.
    scaler : dict, optional
        What makes its input.
    facts : dict
        Version of the data, history, settings of the training.

    Returns
    -------
    str
        sha256 of the weights.
    """
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in encoder.state_dict().items()}
    content = save(tensors)
    digest = sha256_bytes(content)
    said = {
        "kind": kind,
        "settings": dict(_settings(encoder)),
        "feature_set": feature_set,
        "scaler": scaler,
        "weights": path.name,
        "sha256": digest,
        "tensors": {name: list(tensor.shape) for name, tensor in tensors.items()},
    }
    write_bytes(path, content)
    write_text(path.parent / DESCRIPTION, json.dumps(facts | said, indent=1, sort_keys=True) + "\n")
    return digest


def read_encoder(path: Path) -> EncoderFile:
    """Read encoder tensors, from a file of their own or out of a whole network's.

    Parameters
    ----------
    path : Path
        A .safetensors file, or the folder it lies in. ``encoder.json`` or ``network.json`` lies beside it.

    Raises
    ------
    NotFound
        No such file, or no description beside it.
    UsageError
        A format that runs code when it is read.
    CorruptArtifact
        Truncated, changed, or not what its description says.
    TransferMismatch
        It holds no encoder.
    """
    path = _weights_in(path) if path.is_dir() else path
    if path.suffix.lower() in _PICKLES:
        raise UsageError(
            f"{path} is a pickle, which may run any code when it is read: where you trust it, write its tensors with "
            "safetensors.torch.save_file(torch.load(FILE, weights_only=True), OUT) and give that file"
        )
    if not path.is_file():
        raise NotFound(f"no encoder file {path}", fix="augury pretrain-multitask --data FILE --output-dir DIR")
    said = _description(path)
    digest = sha256_file(path)
    if digest != said["sha256"]:
        raise CorruptArtifact(f"{path} has sha256 {digest[:12]}, its description says {str(said['sha256'])[:12]}")
    try:
        found = load_file(path)
    except SafetensorError as error:
        raise CorruptArtifact(f"{path} is not a whole safetensors file: {error}") from error
    tensors = encoder_tensors(found)
    settings = settings_of(tensors, path)
    stated = {name: said["settings"][name] for name in SETTINGS if name in said["settings"]}
    if wrong := {name: value for name, value in stated.items() if settings[name] != value}:
        raise CorruptArtifact(f"{path}: its tensors are those of {settings}, its description says {wrong}")
    facts = said.get("facts", said)
    return EncoderFile(path, digest, tensors, settings, facts.get("feature_set"), facts.get("scaler"), facts)


def encoder_tensors(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pick the encoder's tensors by the encoder's own names: all, or those under ``encoder.``."""
    inside = {name.removeprefix(PREFIX): tensor for name, tensor in found.items() if name.startswith(PREFIX)}
    return inside or dict(found)


def place(name: str) -> tuple[int, bool] | None:
    """Layer of a recurrent tensor, and whether it reads backwards; None for another name.

    Examples
    --------
    >>> place("lstm.weight_hh_l1_reverse"), place("norm.weight")
    ((1, True), None)
    """
    found = _NAME.match(name)
    return None if found is None else (int(found["layer"]), found["reverse"] is not None)


def settings_of(tensors: Mapping[str, Tensor], path: Path) -> Json:
    """Tell width, states, layers and direction from the tensors themselves.

    Raises
    ------
    TransferMismatch
        There is no recurrent encoder in them.
    """
    places = {name: found for name in tensors if (found := place(name)) is not None}
    first = next((name for name, at in places.items() if at == (0, False) and "weight_ih" in name), None)
    if first is None:
        raise TransferMismatch(
            f"{path.name} holds no encoder: no tensor is called lstm.weight_ih_l0 "
            f"(it has {', '.join(sorted(tensors)[:4])} …)"
        )
    rows, width = tensors[first].shape
    return {
        "n_features": int(width),
        "hidden": int(rows) // 4,
        "layers": 1 + max(layer for layer, _ in places.values()),
        "bidirectional": any(reverse for _, reverse in places.values()),
    }


def refuse_unfinished(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that are not finite.

    Raises
    ------
    CorruptArtifact
        Naming the tensor.
    """
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CorruptArtifact(f"{path}: {name} holds a number that is not finite")


def _settings(encoder: nn.Module) -> Mapping[str, Any]:
    found: Any = encoder.settings
    return {name: found[name] for name in SETTINGS}


def _weights_in(folder: Path) -> Path:
    for name in (DESCRIPTION, NETWORK):
        if (folder / name).is_file():
            said = json.loads((folder / name).read_text())
            return folder / str(said.get("weights", "network.safetensors"))
    raise NotFound(f"{folder} holds no {DESCRIPTION} and no {NETWORK}")


def _description(path: Path) -> Json:
    for name in (DESCRIPTION, NETWORK):
        beside = path.parent / name
        if beside.is_file():
            said: Json = json.loads(beside.read_text())
            if said.get("weights", path.name) == path.name:
                return said
    raise NotFound(
        f"{path} has neither {DESCRIPTION} nor {NETWORK} beside it: what its encoder was fed is unknown",
        fix="augury pretrain-multitask --data FILE --output-dir DIR",
    )

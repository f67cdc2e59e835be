"""A network in a folder: ``network.json`` (name, settings, facts, hashes) and ``network.safetensors``. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from safetensors.torch import load_file, save_file

from augury.core.errors import CorruptArtifact, NotFound
from augury.core.hashing import sha256_file
from augury.core.typing import Json
from augury.models.deep import NETWORKS
from augury.models.deep.network import Network

DESCRIPTION: Final = "network.json"
WEIGHTS: Final = "network.safetensors"


def save_network(network: Network, name: str, folder: Path, facts: Json | None = None) -> None:
    """Write a network into an existing folder.

    Parameters
    ----------
    network : Network
    name : str
        Of its file in ``networks/``.
    folder : Path
    facts : dict, optional
        What belongs to it: scaler, classes, history, version of the data …
    """
    tensors = {key: tensor.detach().contiguous().cpu().clone() for key, tensor in network.state_dict().items()}
    save_file(tensors, folder / WEIGHTS)
    said = {
        "network": name,
        "settings": network.settings,
        "sha256": sha256_file(folder / WEIGHTS),
        "facts": facts or {},
    }
    (folder / DESCRIPTION).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")


def load_network(folder: Path) -> tuple[Network, str, Json]:
    """Read a network in evaluation mode, its name and its facts; answers are equal bit for bit.

    Raises
    ------
    NotFound
        Nothing was saved there.
    CorruptArtifact
        A file was changed, or does not fit the settings.
    """
    if not (folder / DESCRIPTION).is_file() or not (folder / WEIGHTS).is_file():
        raise NotFound(f"{folder} holds no network: {DESCRIPTION} and {WEIGHTS} are needed")
    said = json.loads((folder / DESCRIPTION).read_text())
    found = sha256_file(folder / WEIGHTS)
    if found != said["sha256"]:
        raise CorruptArtifact(f"{folder / WEIGHTS} has sha256 {found[:12]}, its description says {said['sha256'][:12]}")
    network = NETWORKS.load(said["network"])(**said["settings"])
    try:
        network.load_state_dict(load_file(folder / WEIGHTS))
    except RuntimeError as error:
        raise CorruptArtifact(
            f"{folder / WEIGHTS} does not fit {said['network']} with {said['settings']}: {error}"
        ) from error
    return network.eval(), said["network"], said["facts"]

"""Which model of windows answers: one pointer beside the trained networks, with the hash of every file behind it.

``augury train --data FILE --model simple_lstm`` leaves a network in ``networks/<experiment id>``; training alone
serves nothing. ``augury windows publish`` writes ``networks/served.json``, and whoever answers reads that.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from augury.core.atomic import write_text
from augury.core.clock import Clock, iso
from augury.core.errors import CorruptArtifact, NotFound, NotTrained, UsageError
from augury.core.hashing import canonical_json, sha256_file, sha256_json
from augury.core.typing import Json

FOLDER: Final = "networks"
POINTER: Final = "served.json"
TRAIN: Final = "augury train --data FILE --model simple_lstm"
_DESCRIPTION: Final = "network.json"


@dataclass(frozen=True, slots=True)
class ServedWindows:
    """A published model of windows.

    Parameters
    ----------
    experiment_id : str
        Its folder in ``networks/``.
    version : str
        ``<network>-<12 hex of the content>``: what every answer names.
    mode : str
        ``retrospective`` recognises what has happened, ``causal`` speaks of what comes.
    classes : tuple of str
    files : dict
        Name to sha256.
    published_at : str
        RFC 3339.
    """

    experiment_id: str
    version: str
    mode: str
    classes: tuple[str, ...]
    files: dict[str, str]
    published_at: str


def publish(data_dir: Path, experiment_id: str, clock: Clock) -> ServedWindows:
    """Let a trained network of windows answer from now on.

    Parameters
    ----------
    data_dir : Path
    experiment_id : str
        As ``augury train`` printed it.
    clock : Clock

    Raises
    ------
    NotFound
        No network of that name.
    UsageError
        It is not one of windows, or reads side features, which a window alone does not have.
    """
    folder = data_dir / FOLDER / experiment_id
    if "/" in experiment_id or not (folder / _DESCRIPTION).is_file():
        raise NotFound(f"no trained network {experiment_id} in {data_dir / FOLDER}", fix=TRAIN)
    said = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
    facts: Json = said["facts"]
    if "classes" not in facts or "inputs" not in facts:
        raise UsageError(f"{experiment_id} is no classifier of windows", fix=TRAIN)
    if facts.get("side_scaler") is not None:
        raise UsageError(f"{experiment_id} reads side features: a window alone cannot be answered", fix=TRAIN)
    files = {path.name: sha256_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
    version = f"{said['network']}-{sha256_json(files)[:12]}"
    classes = tuple(str(name) for name in facts["classes"])
    served = ServedWindows(experiment_id, version, str(facts["mode"]), classes, files, iso(clock.now()))
    write_text(data_dir / FOLDER / POINTER, canonical_json(asdict(served)) + "\n")
    return served


def served_windows(data_dir: Path) -> ServedWindows:
    """Return the published model of windows.

    Raises
    ------
    NotTrained
        None was published; the message names what trains one, or publishes the newest that there is.
    CorruptArtifact
        The pointer cannot be read.
    """
    pointer = data_dir / FOLDER / POINTER
    try:
        said = json.loads(pointer.read_text(encoding="utf-8"))
        return ServedWindows(**said | {"classes": tuple(said["classes"])})
    except FileNotFoundError:
        newest = _newest(data_dir)
        if newest is None:
            raise NotTrained("no model of windows is trained", fix=TRAIN) from None
        raise NotTrained(
            f"no model of windows is published (trained last: {newest}; another: {TRAIN})",
            fix=f"augury windows publish {newest}",
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptArtifact(f"{POINTER} of the networks cannot be read", fix="augury windows publish") from error


def folder_of(data_dir: Path, served: ServedWindows) -> Path:
    """Return the folder of a published model, every file of it checked.

    Raises
    ------
    CorruptArtifact
        A file is gone or differs from what was published.
    """
    folder = data_dir / FOLDER / served.experiment_id
    for name, expected in served.files.items():
        if not (folder / name).is_file() or sha256_file(folder / name) != expected:
            raise CorruptArtifact(f"{served.version}: {name} is not what was published", fix=TRAIN, file=name)
    return folder


def _newest(data_dir: Path) -> str | None:
    found = (data_dir / FOLDER).glob(f"*/{_DESCRIPTION}")
    newest = max(found, key=lambda path: (path.stat().st_mtime_ns, path.parent.name), default=None)
    return None if newest is None else newest.parent.name

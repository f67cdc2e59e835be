"""An ensemble as a folder: one JSON file and one folder a member, in safe formats."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final

from augury.core.errors import CorruptArtifact, DataError, MissingExtra
from augury.core.hashing import canonical_json
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.protocols import Member
from augury.core.typing import Json
from augury.models import MEMBERS
from augury.models.conformal import ConformalBands
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage
from augury.models.ensemble.parts import EnsembleParts
from augury.models.ensemble.pooling import renormalised
from augury.models.ensemble.probe import check_probe, take_probe

FORMAT: Final = 1
_FILE: Final = "ensemble.json"
_MEMBERS: Final = "members"


def write(parts: EnsembleParts, folder: Path) -> None:
    """Write what an ensemble consists of; the caller stages and publishes the folder."""
    for name, member in parts.members.items():
        place = folder / _MEMBERS / name
        place.mkdir(parents=True, exist_ok=True)
        member.save(place)
    record = {
        "format": FORMAT,
        "members": list(parts.members),
        "weights": parts.weights,
        "shrinkage": parts.shrinkage.to_json(),
        "centre": parts.centre.to_json(),
        "bands": parts.bands.to_json(),
        "label_spec": parts.spec.to_json(),
        "features": parts.features.to_json(),
        "degraded": parts.degraded,
        "events": list(parts.events),
        "probe": take_probe(parts.members, parts.probe),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(canonical_json(record) + "\n", encoding="utf-8")


def read(folder: Path, *, allow_missing: bool) -> EnsembleParts:
    """Read what :func:`write` wrote.

    Raises
    ------
    CorruptArtifact
        ``ensemble.json`` is damaged, or a member is and ``allow_missing`` is False, or none is left.
    """
    try:
        record = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return _assemble(record, folder, allow_missing)
    except (OSError, KeyError, TypeError, ValueError, DataError) as error:
        raise _corrupt(folder, f"{_FILE}: {type(error).__name__}: {error}") from error


def _assemble(record: Json, folder: Path, allow_missing: bool) -> EnsembleParts:
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']}, this version reads {FORMAT}")
    members, lost = _members(record, folder / _MEMBERS, allow_missing)
    weights = renormalised({name: float(record["weights"][name]) for name in record["members"]}, members)
    if weights and not (all(map(math.isfinite, weights.values())) and abs(sum(weights.values()) - 1) < 1e-6):
        raise ValueError(f"weights {weights} do not sum to 1")
    return EnsembleParts(
        members,
        weights,
        ProbabilityShrinkage.from_json(record["shrinkage"]),
        Centre.from_json(record["centre"]),
        ConformalBands.from_json(record["bands"]),
        LabelSpec.from_json(record["label_spec"]),
        FeatureManifest.from_json(record["features"]),
        record["degraded"] or bool(lost),
        (*record["events"], *lost),
        tuple(record["probe"]["row"]),
    )


def _members(record: Json, folder: Path, allow_missing: bool) -> tuple[dict[str, Member], list[Json]]:
    members: dict[str, Member] = {}
    lost: list[Json] = []
    for name in record["members"]:
        try:
            member = MEMBERS.load(name).load(folder / name)
            check_probe(name, member, record["probe"])
            members[name] = member
        except (CorruptArtifact, MissingExtra) as error:
            if not allow_missing:
                raise
            lost.append({"event": "unreadable", "member": name, "reason": error.message})
    if record["members"] and not members:
        raise _corrupt(folder, "no member can be read")
    return members, lost


def _corrupt(folder: Path, what: str) -> CorruptArtifact:
    return CorruptArtifact(f"ensemble {folder.name}: {what}", fix="augury doctor", path=str(folder))

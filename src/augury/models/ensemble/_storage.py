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
from augury.core.typing import Json
from augury.models.bands import BAND_SHAPES, BandShape
from augury.models.conformal import ConformalBands
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage
from augury.models.ensemble.isotonic import IsotonicCalibration
from augury.models.ensemble.parts import EnsembleParts
from augury.models.ensemble.pooling import renormalised
from augury.models.ensemble.probe import check_probe, take_probe
from augury.models.ensemble.regimes import RegimeWeights
from augury.models.ensemble.stacking import Stack
from augury.models.members import RECIPE_MEMBERS, AnyMember

FORMAT: Final = 1
_FILE: Final = "ensemble.json"
_MEMBERS: Final = "members"
_BANDS: Final = "bands"
_STACK: Final = "stack"
_PLAIN: Final = "conformal"
"""The shape that is not written: it has no state, and older files do not name it."""


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
    if parts.isotonic is not None:
        record["isotonic"] = parts.isotonic.to_json()
    if parts.regimes is not None:
        record["regimes"] = parts.regimes.to_json()
    if parts.stack is not None:
        (folder / _STACK).mkdir(exist_ok=True)
        record["stack"] = parts.stack.save(folder / _STACK)
    if (shape := _name_of(parts.shape)) != _PLAIN:
        record["shape"] = shape
        (folder / _BANDS).mkdir(exist_ok=True)
        parts.shape.save(folder / _BANDS)
    (folder / _FILE).write_text(canonical_json(record) + "\n", encoding="utf-8")


def rewrite_weights(folder: Path, parts: EnsembleParts) -> None:
    """Write the weights and events of ``parts`` over those in a folder; no other file and no other key changes.

    Parameters
    ----------
    folder : Path
        A staged copy of an ensemble with the same members.
    parts : EnsembleParts
    """
    record = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    record |= {"weights": parts.weights, "events": list(parts.events)}
    if parts.regimes is not None:
        record["regimes"] = parts.regimes.to_json()
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
        BAND_SHAPES.load(record.get("shape", _PLAIN)).load(folder / _BANDS),
        IsotonicCalibration.from_json(record["isotonic"]) if "isotonic" in record else None,
        RegimeWeights.from_json(record["regimes"]).restricted(members) if "regimes" in record else None,
        Stack.load(record["stack"], folder / _STACK) if "stack" in record else None,
    )


def _name_of(shape: BandShape) -> str:
    return type(shape).__module__.rpartition(".")[2]


def _members(record: Json, folder: Path, allow_missing: bool) -> tuple[dict[str, AnyMember], list[Json]]:
    members: dict[str, AnyMember] = {}
    lost: list[Json] = []
    for name in record["members"]:
        try:
            member = RECIPE_MEMBERS.load(name).load(folder / name)
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

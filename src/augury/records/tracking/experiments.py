"""The lines of ``experiment_results.jsonl``: one JSON object for each finished experiment, only ever appended."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from augury.core.atomic import make_folder, storage_errors
from augury.core.errors import CorruptArtifact, NotFound
from augury.core.hashing import canonical_json
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json

RESULTS: Final = "experiment_results.jsonl"


@dataclass(frozen=True)
class Experiment:
    """What one experiment was and measured.

    Parameters
    ----------
    timestamp : str
        When it ended, UTC.
    phase : str
        ``train``, ``pretrain``, ``tune``, ``study`` …
    experiment_id : str
        Unique.
    metrics : dict
        Name to number; null where a figure is not defined, never 0 for want of one.
    config : dict
        Every setting that could change the result.
    data_version : str
        Content hash of the data; figures of other data are not comparable.
    split : str
        Name or hash of the rows that were measured.
    seed : int or None
    series : tuple of float
        One figure a day or window, so that two experiments can be compared pair by pair.
    horizon_bars : int
        Of the series: values that overlap.
    """

    timestamp: str
    phase: str
    experiment_id: str
    metrics: dict[str, float | None]
    config: dict[str, Any]
    data_version: str = ""
    split: str = ""
    seed: int | None = None
    series: tuple[float, ...] = ()
    horizon_bars: int = 1

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {item.name: getattr(self, item.name) for item in fields(self)} | {"series": list(self.series)}

    @classmethod
    def from_json(cls, value: Json) -> Experiment:
        """Read what :meth:`to_json` wrote."""
        return cls(**(value | {"series": tuple(value.get("series", ()))}))


def append(folder: Path, one: Experiment) -> None:
    """Add an experiment to the file of a folder, whole even beside other writers.

    One write to a file opened for appending: the system puts each writer's line behind the others'.
    """
    make_folder(folder)
    path = folder / RESULTS
    line = (canonical_json(one.to_json()) + "\n").encode()
    with storage_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)


def experiments(folder: Path) -> list[Experiment]:
    """Read every experiment of a folder, in the order they ended.

    Raises
    ------
    NotFound
        Nothing was tracked there.
    CorruptArtifact
        A line is not an experiment; its number is named.
    """
    path = folder / RESULTS
    if not path.is_file():
        raise NotFound(f"no {RESULTS} in {folder}: nothing was tracked there yet")
    found = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            found.append(Experiment.from_json(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise CorruptArtifact(f"{path} line {number} is not an experiment: {error}") from error
    return found


def experiment(folder: Path, name: str) -> Experiment:
    """Return one experiment by its id, or by a beginning of it that no other has.

    Raises
    ------
    NotFound
        None or several begin so.
    """
    known = experiments(folder)
    found = [one for one in known if one.experiment_id.startswith(name)]
    if len({one.experiment_id for one in found}) != 1:
        hint = did_you_mean(name, [one.experiment_id for one in known])
        raise NotFound(f"{len(found)} experiments begin with '{name}'{hint}", fix="augury experiments list")
    return found[-1]

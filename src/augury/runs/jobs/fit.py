"""Train one cell and seal it in its folder: everything of a version but its place in the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from augury.core.atomic import discard_folder, make_folder
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.records.registry.artifacts import ArtifactStore
from augury.runs.jobs import train


def run(arguments: Json) -> Json:
    """Train one cell; done again, it begins with an empty folder.

    Parameters
    ----------
    arguments : dict
        Those of the job ``train``, and ``moment`` (RFC 3339), which names the version.

    Returns
    -------
    dict
        That of the job ``train``; its manifest has a version and the hash of every file.
    """
    staged = Path(arguments["staged"])
    discard_folder(staged)
    make_folder(staged)
    trained = train.run(arguments)
    manifest = replace(VersionManifest.from_json(trained["manifest"]), parent=arguments.get("parent", ""))
    sealed = ArtifactStore(staged.parent).seal(staged, manifest, datetime.fromisoformat(arguments["moment"]))
    return trained | {"manifest": sealed.to_json()}


JOB = run

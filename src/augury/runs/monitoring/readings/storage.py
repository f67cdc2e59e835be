"""How much room the data folder has left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.workspace import Workspace


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    usage = shutil.disk_usage(workspace.settings.data_dir)
    if not usage.total:
        return [Measured("data folder", {"storage_free": None})]
    rows = [{"free_gib": round(usage.free / 2**30, 3), "total_gib": round(usage.total / 2**30, 3)}]
    return [Measured("data folder", {"storage_free": usage.free / usage.total}, rows)]


READING: Final = Reading(("storage_free",), _read)
